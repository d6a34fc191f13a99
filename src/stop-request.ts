import type { EventEmitter } from 'node:events'
import type { Log } from './base/index.ts'

export interface StopRequestOptions {
  /** Where signals arrive: `process`. */
  readonly signals: EventEmitter
  /** True when somebody sits before the agent: when their terminal is gone, nobody is left to stop it. */
  readonly atTerminal: boolean
  /** Fulfilled when nobody reads standard output any more. */
  readonly readerGone: Promise<void>
  readonly log: Log
}

/**
 * Fulfilled when the agent is asked to end: by SIGINT or SIGTERM, by the end of its terminal, or because
 * nobody reads what it prints (`qtap | head -1`). SIGHUP to a service asks to read the configuration again,
 * which this version cannot: it says so and goes on.
 */
export function stopRequest({ signals, atTerminal, readerGone, log }: StopRequestOptions): Promise<void> {
  return new Promise((resolve) => {
    signals.once('SIGINT', () => resolve())
    signals.once('SIGTERM', () => resolve())
    signals.on('SIGHUP', () => {
      if (atTerminal) resolve()
      else log.warn('SIGHUP: the configuration is read only at the start; restart to have it read again')
    })
    void readerGone.then(() => {
      log.info('nobody reads standard output any more')
      resolve()
    })
  })
}
