import { Command as Commander, CommanderError, Option } from 'commander'
import {
  type Environment,
  type LogEncoding,
  type LogLevel,
  nearest,
  OperatorError,
  parseLogLevel,
  parseSize,
} from './base/index.ts'
import { DEFAULTS, FLAGS } from './flags.ts'
import { type ListenAddress, parseListenAddress } from './telemetry/index.ts'

/** What flags and environment variables decide, whichever the command. */
export interface Settings {
  /** A file, a URL, or `-` for standard input; undefined for the built-in configuration. */
  readonly config: string | undefined
  /** Tags of everything this agent sees, `key:value`. */
  readonly deploymentTags: readonly string[]
  /** Where container runtimes are asked; without a path for CRI, the usual ones are tried. */
  readonly sockets: { readonly docker: string; readonly containerd: string; readonly cri: string | undefined }
  readonly dataDir: string
  /** Where status and metrics are told; undefined for nowhere. */
  readonly listen: ListenAddress | undefined
  readonly logLevel: LogLevel
  readonly logEncoding: LogEncoding
  /** Most bytes of one body that are kept. */
  readonly httpBufferBytes: number
  /** One line each, for the log: what was given and changes nothing. */
  readonly warnings: readonly string[]
}

/** What the operator asked for. */
export type Command =
  | { readonly kind: 'run'; readonly settings: Settings }
  | { readonly kind: 'exec'; readonly command: readonly string[]; readonly settings: Settings }
  | {
      readonly kind: 'record'
      readonly file: string
      /** Records only while this runs; empty to record until stopped. */
      readonly command: readonly string[]
      readonly settings: Settings
    }
  | { readonly kind: 'replay'; readonly file: string; readonly settings: Settings }
  | { readonly kind: 'validate'; readonly file: string; readonly settings: Settings }
  | {
      readonly kind: 'eval'
      readonly expression: string
      /** A stored object, or `-` for standard input. */
      readonly exchangeFile: string
      /** Its macros may be called. */
      readonly config: string | undefined
      readonly settings: Settings
    }
  | { readonly kind: 'reload-config'; readonly settings: Settings }
  | { readonly kind: 'schema'; readonly settings: Settings }
  /** Help or version, to be written to standard output as it is. */
  | { readonly kind: 'print'; readonly text: string }

/** What the meaning of a command line depends on besides its words. */
export interface Surroundings {
  readonly environment: Environment
  /** Version of this package. */
  readonly version: string
  readonly stdoutIsTerminal: boolean
}

interface Subcommand {
  readonly name: string
  readonly about: string
  readonly usage: string
  readonly argument?: string
  /** Options that only this command has. */
  readonly options?: readonly { readonly flags: string; readonly about: string }[]
  readonly understand: (
    words: readonly string[],
    behindDashes: readonly string[],
    settings: Settings,
    options: Readonly<Record<string, unknown>>,
  ) => Command
}

const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'exec',
    about: 'run a command and show its HTTP exchanges',
    usage: '[options] -- COMMAND...',
    argument: '[command...]',
    understand: (words, behindDashes, settings) => {
      const dashes = words.length > 0 && behindDashes.length > 0 ? ['--'] : []
      const command = [...words, ...dashes, ...behindDashes]
      if (command.length > 0) return { kind: 'exec', command, settings }
      throw misuse('exec needs a command', 'Write it behind two dashes: qtap exec -- curl …')
    },
  },
  {
    name: 'record',
    about: 'write what is captured to a file, TLS secrets included',
    usage: '[options] FILE [-- COMMAND...]',
    argument: '<file>',
    understand: ([file = ''], command, settings) => ({ kind: 'record', file, command, settings }),
  },
  {
    name: 'replay',
    about: 'show the HTTP exchanges of a recorded file',
    usage: '[options] FILE',
    argument: '<file>',
    understand: ([file = ''], [excess], settings) => {
      refuseExcess('replay', excess)
      return { kind: 'replay', file, settings }
    },
  },
  {
    name: 'validate',
    about: 'check a configuration file',
    usage: '[options] FILE|-',
    argument: '<file>',
    understand: ([file = ''], [excess], settings) => {
      refuseExcess('validate', excess)
      return { kind: 'validate', file, settings }
    },
  },
  {
    name: 'eval',
    about: 'try the expression of a rule on a stored exchange',
    usage: "[options] 'EXPRESSION' --exchange FILE",
    argument: '[expression]',
    options: [{ flags: '--exchange <file>', about: 'object as a store keeps it, - for standard input' }],
    understand: ([first], behindDashes, settings, { exchange }) => {
      const [expression, excess] = [...(first === undefined ? [] : [first]), ...behindDashes]
      refuseExcess('eval', excess)
      if (expression === undefined)
        throw misuse('eval needs an expression', "Write it as one word: 'a == 1'.")
      if (typeof exchange !== 'string') throw misuse('eval needs a stored exchange', 'Give --exchange FILE.')
      return { kind: 'eval', expression, exchangeFile: exchange, config: settings.config, settings }
    },
  },
  {
    name: 'reload-config',
    about: 'let the running agent read its configuration again',
    usage: '[options]',
    understand: (_words, [excess], settings) => {
      refuseExcess('reload-config', excess)
      return { kind: 'reload-config', settings }
    },
  },
  {
    name: 'schema',
    about: 'print the JSON Schema of configuration files, for editors',
    usage: '[options]',
    understand: (_words, [excess], settings) => {
      refuseExcess('schema', excess)
      return { kind: 'schema', settings }
    },
  },
]

const HTTP_BUFFER_BYTES_MAX = 2 * 1024 ** 3

/** Text of a flag, from the command line or its environment variable; switches hold `true` or `false`. */
type Given = ReadonlyMap<string, { readonly text: string; readonly as: string }>

/**
 * Understands a command line (`words` without the program's own name). Does nothing else: no output, no exit.
 * A flag wins over its environment variable. Throws an `OperatorError` for what cannot be understood.
 */
export function parseArguments(words: readonly string[], surroundings: Surroundings): Command {
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  const command = end === -1 ? [] : words.slice(end + 1)
  const parsed: { command?: Command } = {}
  const printed: string[] = []
  const program = declare(
    surroundings,
    command,
    (line) => printed.push(line),
    (asked) => {
      parsed.command = asked
    },
  )
  try {
    program.parse(own.flatMap(plainSwitch), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'print', text: printed.join('') }
    throw misuse(error.message)
  }
  return parsed.command ?? { kind: 'print', text: printed.join('') }
}

function declare(
  surroundings: Surroundings,
  behindDashes: readonly string[],
  print: (text: string) => void,
  asked: (command: Command) => void,
): Commander {
  const program = new Commander('qtap')
  program
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr() {},
      getOutHelpWidth: () => 80,
      getOutHasColors: () => false,
    })
    .enablePositionalOptions()
    .description('Sees every HTTP exchange of this host in clear text and says who made it.')
    .usage('[options] [command]')
    .version(surroundings.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace(/\[options\] ?/, '')}`.trim(),
    })
    .allowExcessArguments()
    .action(() => {
      refuseUnknown([...program.args, ...behindDashes])
      asked({ kind: 'run', settings: settingsOf(program) })
    })
  addFlags(program)
  program.addHelpText('after', afterHelp())

  for (const { name, about, usage, argument, options = [], understand } of SUBCOMMANDS) {
    const command = program.command(name).description(about).usage(usage)
    if (argument !== undefined) command.argument(argument)
    command.helpOption('-h, --help', 'print this help').allowExcessArguments(false)
    for (const option of options) command.option(option.flags, option.about)
    addFlags(command)
    if (name === 'exec') command.passThroughOptions()
    command.action(() => asked(understand(command.args, behindDashes, settingsOf(command), command.opts())))
  }
  return program

  function settingsOf(command: Commander): Settings {
    const given = new Map([
      ...fromEnvironment(surroundings.environment),
      ...fromFlags(program),
      ...fromFlags(command),
    ])
    return readSettings(given, surroundings.stdoutIsTerminal)
  }
}

function addFlags(command: Commander): void {
  for (const { name, env, value, about, group, built } of FLAGS) {
    const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`)
    const fallback = DEFAULTS[name] === undefined ? '' : `, default ${DEFAULTS[name]}`
    option.description = `${about} (${env}${fallback})`
    if (group !== undefined) option.helpGroup(group)
    command.addOption(built ? option : option.hideHelp())
  }
}

function afterHelp(): string {
  const names = FLAGS.filter((flag) => !flag.built).map((flag) => `--${flag.name}`)
  const lines = ['', 'An option wins over the environment variable in brackets.']
  let line = 'Accepted but not built yet:'
  for (const name of names) {
    const longer = `${line} ${name}${name === names.at(-1) ? '' : ','}`
    if (longer.length > 80) lines.push(line)
    line = longer.length > 80 ? `  ${longer.slice(line.length + 1)}` : longer
  }
  return [...lines, line].join('\n')
}

// Command lines written for Go's flags may say `--log-caller=false`.
function plainSwitch(word: string): string[] {
  const [, name, text = ''] = /^--([\w-]+)=(.*)$/s.exec(word) ?? []
  const flag = FLAGS.find((candidate) => candidate.name === name && candidate.value === undefined)
  if (flag === undefined) return [word]
  const on = truth(text)
  if (on === undefined) throw misuse(`--${name} is true or false, not "${text}"`)
  return on ? [`--${name}`] : []
}

function fromEnvironment(environment: Environment): Given {
  return new Map(
    FLAGS.flatMap(({ name, env, value }) => {
      const text = env === undefined ? '' : (environment[env] ?? '')
      if (env === undefined || text === '' || (value === undefined && truth(text) !== true)) return []
      return [[name, { text, as: env }]]
    }),
  )
}

function fromFlags(command: Commander): Given {
  const values = command.opts<Readonly<Record<string, string | boolean>>>()
  return new Map(
    command.options.flatMap((option) => {
      const name = option.long?.slice(2) ?? ''
      const value = values[option.attributeName()]
      return value === undefined ? [] : [[name, { text: String(value), as: `--${name}` }]]
    }),
  )
}

function readSettings(given: Given, stdoutIsTerminal: boolean): Settings {
  const ignored = FLAGS.flatMap((flag) => (flag.built ? [] : (given.get(flag.name)?.as ?? [])))
  return {
    config: given.get('config')?.text || undefined,
    deploymentTags: readTags(textOf('tags') ?? ''),
    sockets: {
      docker: textOf('docker-socket-endpoint') ?? '',
      containerd: textOf('containerd-socket-endpoint') ?? '',
      cri: textOf('cri-runtime-socket-endpoint'),
    },
    dataDir: textOf('data-dir') ?? '',
    listen: parseListenAddress(listenText(given)),
    logLevel: parseLogLevel(textOf('log-level') ?? ''),
    logEncoding: readEncoding(textOf('log-encoding') ?? (stdoutIsTerminal ? 'console' : 'json')),
    httpBufferBytes: readBufferSize(textOf('http-buffer-size') ?? ''),
    warnings: ignored.length === 0 ? [] : [`not built yet and ignored: ${ignored.join(', ')}`],
  }

  function textOf(name: string): string | undefined {
    return given.get(name)?.text ?? DEFAULTS[name]
  }
}

/** Two names for one thing: what stands on the command line comes first, then the newer name. */
function listenText(given: Given): string {
  const all = ['httpd-listen', 'status-listen'].flatMap((name) => given.get(name) ?? [])
  const { text } = all.find(({ as }) => as.startsWith('--')) ?? all[0] ?? {}
  return text || (DEFAULTS['httpd-listen'] ?? '')
}

/** A list by commas; what stands between is left as it is, since tags are put into their form later. */
function readTags(text: string): readonly string[] {
  const tags = text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  const wrong = tags.find((tag) => !tag.includes(':'))
  if (wrong === undefined) return tags
  const message = `invalid tag format: must be in the format key:value, found "${wrong}".`
  throw new OperatorError('QTAP_TAGS', message, 'Several tags are separated by commas.')
}

function readEncoding(text: string): LogEncoding {
  if (text === 'console' || text === 'json') return text
  throw new OperatorError('QTAP_LOG_ENCODING', `invalid log encoding "${text}".`, 'Use console or json.')
}

function readBufferSize(text: string): number {
  const bytes = parseSize(text)
  if (bytes <= HTTP_BUFFER_BYTES_MAX) return bytes
  const message = 'http-buffer-size exceeds maximum allowed size of 2GB.'
  throw new OperatorError('QTAP_HTTP_BUFFER_SIZE', message, 'Use 2gb or less.')
}

function refuseExcess(command: string, word: string | undefined): void {
  if (word !== undefined) throw misuse(`${command} does not take "${word}"`)
}

/** Words where a command is expected: what is left of a command line that names none of the known ones. */
function refuseUnknown([word]: readonly string[]): void {
  if (word === undefined) return
  const meant = nearest(
    word,
    SUBCOMMANDS.map(({ name }) => name),
  )
  throw misuse(`unknown command "${word}"`, meant === undefined ? undefined : `Did you mean ${meant}?`)
}

/** The library writes `error: what` and, on a second line, `(Did you mean --that?)`. */
function misuse(message: string, hint?: string): OperatorError {
  const [what = '', question = ''] = message
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .split('\n')
  const meant = question.replace(/^\((.*)\)$/, '$1')
  return new OperatorError('QTAP_USAGE', `${what}.`, hint ?? (meant === '' ? 'See qtap --help.' : meant))
}

function truth(text: string): boolean | undefined {
  if (/^(true|1|t)$/i.test(text)) return true
  return /^(false|0|f)$/i.test(text) ? false : undefined
}
