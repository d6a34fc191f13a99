import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type AgentOptions, startAgent } from './agent.ts'
import { type Command, parseArguments, type Settings } from './arguments.ts'
import {
  createLineWriter,
  describeFinding,
  descriptorSink,
  OperatorError,
  pinoLog,
  standardError,
} from './base/index.ts'
import { programFiles, runCommand } from './capture/index.ts'
import { type Config, DEFAULT_CONFIG, loadConfig, readConfigText, validateConfig } from './config.ts'
import { replay } from './replay.ts'
import { stopRequest } from './stop-request.ts'

const OBJECT_PATH = fileURLToPath(new URL('../build/qtap.bpf.o', import.meta.url))
const PACKAGE = new URL('../package.json', import.meta.url)

interface WatchOptions extends AgentOptions {
  /** Fulfilled when nobody reads standard output any more. */
  readonly readerGone: Promise<void>
}

async function main(): Promise<void> {
  const { version }: { version: string } = JSON.parse(readFileSync(PACKAGE, 'utf8'))
  const command = parseArguments(process.argv.slice(2), {
    environment: process.env,
    version,
    stdoutIsTerminal: process.stdout.isTTY === true,
  })
  await run(command)
}

async function run(command: Command): Promise<void> {
  switch (command.kind) {
    case 'print':
      process.stdout.write(command.text)
      return
    case 'validate':
      return validate(command.file)
    case 'replay':
      await replay(command.file, surroundings(command.settings, 1))
      return
    case 'run':
      return watch(agentOptions(command.settings, {}))
    case 'record':
      return command.command.length > 0
        ? watchCommand(
            command.command,
            agentOptions(command.settings, { recordTo: command.file, tree: true }),
          )
        : watch(agentOptions(command.settings, { recordTo: command.file }))
    case 'exec':
      return watchCommand(command.command, agentOptions(command.settings, { tree: true }))
    default:
      command satisfies never
  }
}

/** Prints each finding and the verdict, as `qtap validate` is documented. */
function validate(file: string): void {
  const { valid, lines } = validateConfig(readConfigText(file), file === '-' ? 'stdin' : file, process.env)
  const text = `${lines.join('\n')}\n`
  if (valid) process.stdout.write(text)
  else process.stderr.write(text)
  process.exitCode = valid ? 0 : 1
}

async function watch(options: WatchOptions): Promise<void> {
  const agent = await startAgent(options)
  const { readerGone, log } = options
  await stopRequest({ signals: process, atTerminal: process.stdin.isTTY, readerGone, log })
  await agent.stop()
  process.exit(0)
}

/** Runs the command under watch; what it answers is our answer, and what it is told it is told through us. */
async function watchCommand(words: readonly string[], options: AgentOptions): Promise<void> {
  const agent = await startAgent(options)
  for (const file of programFiles(words[0] ?? '')) agent.searchFile(file)
  const command = runCommand(words)
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const)
    process.on(name, () => command.signal(name))
  // The terminal sends these to the whole group, the command among it; only without one are they ours to pass
  // on.
  for (const name of ['SIGINT', 'SIGQUIT'] as const)
    process.on(name, () => process.stdin.isTTY || command.signal(name))
  try {
    process.exitCode = await command.ended
  } finally {
    await agent.stop()
  }
  process.exit()
}

function agentOptions(
  settings: Settings,
  { recordTo, tree = false }: { readonly recordTo?: string; readonly tree?: boolean },
): WatchOptions {
  return {
    // A command's own output stays clean: what is said about it goes to standard error, as with strace or
    // time.
    ...surroundings(settings, tree ? 2 : 1),
    objectPath: OBJECT_PATH,
    treeOf: tree ? process.pid : undefined,
    recordTo,
  }
}

function surroundings(settings: Settings, outputFd: 1 | 2) {
  const errors = standardError(process.env)
  const log = pinoLog({
    level: settings.logLevel,
    encoding: settings.logEncoding,
    write: errors.write,
    coloured: errors.coloured,
  })
  for (const warning of settings.warnings) log.warn(warning)
  const stream = outputFd === 1 ? process.stdout : process.stderr
  const { promise: readerGone, resolve: onReaderGone } = Promise.withResolvers<void>()
  return {
    readerGone,
    config: configuration(settings, log.warn),
    bodyBytesMax: settings.httpBufferBytes,
    standardOutput: createLineWriter(descriptorSink(outputFd), { log, onReaderGone }),
    terminal: { colour: stream.isTTY === true && !process.env['NO_COLOR'], columns: stream.columns ?? 80 },
    log,
  }
}

function configuration({ config: file }: Settings, warn: (message: string) => void): Config {
  const text = file === undefined ? DEFAULT_CONFIG : readConfigText(file)
  const loaded = loadConfig(text, file ?? 'built-in configuration', process.env)
  for (const warning of loaded.warnings) warn(describeFinding(warning))
  if (loaded.kind === 'loaded') return loaded.config
  throw new OperatorError(
    'QTAP_CONFIG_REFUSED',
    loaded.errors.map(describeFinding).join('\n'),
    `Correct it, and check it with: qtap validate ${file}`,
  )
}

try {
  await main()
} catch (error) {
  if (!(error instanceof OperatorError)) throw error
  process.stderr.write(`qtap: ${error.message} ${error.hint}\n`)
  // A command that cannot be run is 127, as shells say it.
  process.exit(error.code === 'QTAP_COMMAND' ? 127 : 1)
}
