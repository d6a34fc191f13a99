import type { EventEmitter } from 'node:events'
import type { Log } from './base/index.ts'

export interface StopRequestOptions {
  /** Where signals arrive: `process`. */
  readonly signals: EventEmitter
  /** True when somebody sat before the agent whose terminal is gone: nobody is left to stop it. */
  readonly terminalGone: () => boolean
  /** Called for SIGHUP otherwise: somebody asks to have the configuration read again. */
  readonly onHangUp: () => void
  /** Fulfilled when nobody reads standard output any more. */
  readonly readerGone: Promise<void>
  readonly log: Log
}

/**
 * Fulfilled when the agent is asked to end: by SIGINT or SIGTERM, by the end of its terminal, or because
 * nobody reads what it prints (`qtap | head -1`).
 */
export function stopRequest({
  signals,
  terminalGone,
  onHangUp,
  readerGone,
  log,
}: StopRequestOptions): Promise<void> {
  return new Promise((resolve) => {
    signals.once('SIGINT', () => resolve())
    signals.once('SIGTERM', () => resolve())
    signals.on('SIGHUP', () => {
      if (terminalGone()) resolve()
      else onHangUp()
    })
    void readerGone.then(() => {
      log.info('nobody reads standard output any more')
      resolve()
    })
  })
}
