import type { Clock, Log } from '../../base/index.ts'
import { createBackoff } from './backoff.ts'
import { createNotice } from './notice.ts'

/** Whether the backend takes batches, and when it is asked again if it does not. */
export interface Outage {
  readonly isDown: boolean
  /** While it is down: that a batch may be sent, to see whether it is still. */
  readonly mayProbe: boolean
  /** A batch goes out; the first one while it is down is the probe. */
  sent(batch: object): void
  failed(batch: object, why: string, afterMs: number | undefined): void
  /** It has taken a batch, or refused it. */
  answered(): void
  /** The next probe need not wait. */
  hurry(): void
  close(): void
}

interface OutageOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly onProbe: () => void
  /** How many parcels wait to be delivered. */
  readonly kept: () => number
}

export function createOutage({ name, clock, log, onProbe, kept }: OutageOptions): Outage {
  const backoff = createBackoff()
  const notice = createNotice(clock)
  let isDown = false
  let probe: object | undefined
  let timer: NodeJS.Timeout | undefined
  let dueMs = 0
  return {
    get isDown() {
      return isDown
    },
    get mayProbe() {
      return timer === undefined && probe === undefined
    },
    sent,
    failed,
    answered,
    hurry,
    close: () => clearTimeout(timer),
  }

  function sent(batch: object): void {
    if (isDown) probe ??= batch
  }

  function failed(batch: object, why: string, afterMs: number | undefined): void {
    notice.begin(() => log.warn('a store does not take outputs', { store: name, why }))
    const isOfBefore = isDown && probe !== batch
    isDown = true
    if (isOfBefore) {
      // Sent before the failure was known: it makes no pause longer but the one that the backend asks for.
      if (timer !== undefined && afterMs !== undefined)
        wait(Math.max(backoff.askedMs(afterMs), dueMs - clock.elapsedMs()))
      return
    }
    probe = undefined
    wait(backoff.nextMs(afterMs))
  }

  function wait(pauseMs: number): void {
    clearTimeout(timer)
    dueMs = clock.elapsedMs() + pauseMs
    timer = setTimeout(() => {
      timer = undefined
      onProbe()
    }, pauseMs)
    timer.unref()
  }

  function answered(): void {
    if (!isDown) return
    isDown = false
    probe = undefined
    clearTimeout(timer)
    timer = undefined
    backoff.reset()
    notice.end(() => log.info('a store takes outputs again', { store: name, kept: kept() }))
  }

  function hurry(): void {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    onProbe()
  }
}
