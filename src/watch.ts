import { isatty } from 'node:tty'
import { type AgentOptions, startAgent } from './agent.ts'
import { programFiles, runCommand } from './capture/index.ts'
import type { Config } from './config.ts'
import type { ConfigSource } from './config-file.ts'
import { openReload } from './reload.ts'
import { stopRequest } from './stop-request.ts'

/** What `qtap reload-config` looks for. */
const PROCESS_TITLE = 'qtap'

export interface WatchOptions extends AgentOptions {
  /** Fulfilled when nobody reads standard output any more. */
  readonly readerGone: Promise<void>
  /** Where `config` came from, to be read again. */
  readonly configSource: ConfigSource
}

/** Watches the machine until somebody asks to stop; goes on with each new configuration meanwhile. */
export async function watch(options: WatchOptions): Promise<void> {
  const { readerGone, configSource, environment, log } = options
  const wasAtTerminal = process.stdin.isTTY
  const starting = startAgent(options)
  // Signals may come before the agent is ready: they are heard from the first moment on.
  const apply = async (config: Config) => (await starting).reconfigure(config)
  const reload = openReload({ source: configSource, environment, apply, log })
  const stopped = stopRequest({
    signals: process,
    terminalGone: () => wasAtTerminal && !isatty(0),
    onHangUp() {
      log.info('SIGHUP received, reloading configuration')
      void reload()
    },
    readerGone,
    log,
  })
  const agent = await starting
  process.title = PROCESS_TITLE
  const watched = configSource.watch(() => void reload())
  await stopped
  watched.close()
  await agent.stop()
  process.exit(0)
}

/** Runs the command under watch; what it answers is our answer, and what it is told it is told through us. */
export async function watchCommand(words: readonly string[], options: AgentOptions): Promise<void> {
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
