import { describeFinding, type Environment, type Log, OperatorError } from './base/index.ts'
import { type Config, loadConfig } from './config.ts'

/** Where the configuration comes from, read anew each time. */
export interface ConfigReader {
  /** Throws an `OperatorError` when it cannot be read. */
  read(): Promise<{ readonly text: string; readonly name: string }>
}

export interface ReloadOptions {
  readonly source: ConfigReader
  readonly environment: Environment
  /** All or nothing: throws an `OperatorError`, and then nothing has changed. */
  readonly apply: (config: Config) => Promise<void>
  readonly log: Log
}

/**
 * Reads the configuration again each time it is called, one reading at a time: what is asked for meanwhile is
 * one more reading after it. A configuration that cannot be used changes nothing, and one line says why.
 * Rejects only for a bug.
 */
export function openReload({ source, environment, apply, log }: ReloadOptions): () => Promise<void> {
  let running: Promise<void> | undefined
  let askedAgain = false
  return reload

  function reload(): Promise<void> {
    askedAgain = running !== undefined
    running ??= untilSettled()
    return running
  }

  async function untilSettled(): Promise<void> {
    try {
      do {
        askedAgain = false
        await once()
      } while (askedAgain)
    } finally {
      running = undefined
    }
  }

  async function once(): Promise<void> {
    try {
      const { text, name } = await source.read()
      const loaded = loadConfig(text, name, environment)
      if (loaded.kind === 'refused') {
        const [first] = loaded.errors
        refuse(first === undefined ? name : describeFinding(first), loaded.errors.length - 1)
        return
      }
      await apply(loaded.config)
      for (const warning of loaded.warnings) log.warn(describeFinding(warning))
      log.info('config load completed', { config: name })
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      refuse(`${error.message} ${error.hint}`, 0)
    }
  }

  function refuse(why: string, more: number): void {
    const rest = more > 0 ? { more_mistakes: more } : {}
    log.error('failed to reload the configuration: the running one stays', { why, ...rest })
  }
}
