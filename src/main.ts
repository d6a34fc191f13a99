import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Command, parseArguments, type Settings } from './arguments.ts'
import {
  createLineWriter,
  describeFinding,
  descriptorSink,
  type Log,
  OperatorError,
  pinoLog,
  standardError,
} from './base/index.ts'
import { type Config, loadConfig, validateConfig } from './config.ts'
import { type ConfigSource, readConfigText } from './config-file.ts'
import { configSchemaText } from './config-schema.ts'
import { openConfigSource } from './config-source.ts'
import { evaluate } from './evaluate.ts'
import { askToReload } from './reload-command.ts'
import { replay } from './replay.ts'
import { type WatchOptions, watch, watchCommand } from './watch.ts'

const OBJECT_PATH = fileURLToPath(new URL('../build/qtap.bpf.o', import.meta.url))
const PACKAGE = new URL('../package.json', import.meta.url)

async function main(): Promise<void> {
  const { version }: { version: string } = JSON.parse(readFileSync(PACKAGE, 'utf8'))
  const command = parseArguments(process.argv.slice(2), {
    environment: process.env,
    version,
    stdoutIsTerminal: process.stdout.isTTY === true,
  })
  await run(command, version)
}

async function run(command: Command, version: string): Promise<void> {
  switch (command.kind) {
    case 'print':
      process.stdout.write(command.text)
      return
    case 'schema':
      process.stdout.write(configSchemaText())
      return
    case 'validate':
      return validate(command.file)
    case 'eval':
      return evaluateExpression(command)
    case 'reload-config':
      return askToReload(openLog(command.settings))
    case 'replay':
      await replay(command.file, await surroundings(command.settings, version, 1))
      return
    case 'run':
      return watch(await watchOptions(command.settings, version, {}))
    case 'record':
      return command.command.length > 0
        ? watchCommand(
            command.command,
            await watchOptions(command.settings, version, { recordTo: command.file, tree: true }),
          )
        : watch(await watchOptions(command.settings, version, { recordTo: command.file }))
    case 'exec':
      return watchCommand(command.command, await watchOptions(command.settings, version, { tree: true }))
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

async function evaluateExpression(command: Extract<Command, { kind: 'eval' }>): Promise<void> {
  const { settings, expression, exchangeFile, config } = command
  const environment = process.env
  const { dataDir } = settings
  const log = openLog(settings)
  const evaluation = await evaluate({ expression, exchangeFile, config, dataDir, environment, log })
  for (const remark of evaluation.remarks) process.stderr.write(`${remark}\n`)
  if (evaluation.output !== '') process.stdout.write(`${evaluation.output}\n`)
  process.exitCode = evaluation.exitCode
}

async function watchOptions(
  settings: Settings,
  version: string,
  { recordTo, tree = false }: { readonly recordTo?: string; readonly tree?: boolean },
): Promise<WatchOptions> {
  return {
    // A command's own output stays clean: what is said about it goes to standard error, as with strace or
    // time.
    ...(await surroundings(settings, version, tree ? 2 : 1)),
    objectPath: OBJECT_PATH,
    treeOf: tree ? process.pid : undefined,
    recordTo,
    dataDir: settings.dataDir,
    sockets: settings.sockets,
    // A command that is watched beside a running agent tells nobody of itself.
    listen: tree ? undefined : settings.listen,
  }
}

async function surroundings(settings: Settings, version: string, outputFd: 1 | 2) {
  const log = openLog(settings)
  for (const warning of settings.warnings) log.warn(warning)
  const stream = outputFd === 1 ? process.stdout : process.stderr
  const { promise: readerGone, resolve: onReaderGone } = Promise.withResolvers<void>()
  const { config, dataDir } = settings
  const configSource = openConfigSource({ config, dataDir, environment: process.env, log })
  return {
    readerGone,
    configSource,
    environment: process.env,
    config: await firstConfig(configSource, log),
    deploymentTags: settings.deploymentTags,
    bodyBytesMax: settings.httpBufferBytes,
    version,
    standardOutput: createLineWriter(descriptorSink(outputFd), { log, onReaderGone }),
    stdoutIsTerminal: stream.isTTY === true,
    terminal: { colour: stream.isTTY === true && !process.env['NO_COLOR'], columns: stream.columns ?? 80 },
    log,
  }
}

function openLog(settings: Settings): Log {
  const errors = standardError(process.env)
  return pinoLog({
    level: settings.logLevel,
    encoding: settings.logEncoding,
    write: errors.write,
    coloured: errors.coloured,
  })
}

async function firstConfig(source: ConfigSource, log: Log): Promise<Config> {
  const { text, name } = await source.read()
  const loaded = loadConfig(text, name, process.env)
  for (const warning of loaded.warnings) log.warn(describeFinding(warning))
  if (loaded.kind === 'loaded') return loaded.config
  throw new OperatorError(
    'QTAP_CONFIG_REFUSED',
    loaded.errors.map(describeFinding).join('\n'),
    `Correct it, and check it with: qtap validate ${name}`,
  )
}

try {
  await main()
} catch (error) {
  if (!(error instanceof OperatorError)) throw error
  process.stderr.write(`qtap: ${error.text}\n`)
  // A command that cannot be run is 127, as shells say it.
  process.exit(error.code === 'QTAP_COMMAND' ? 127 : 1)
}
