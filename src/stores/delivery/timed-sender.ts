import type { Clock } from '../../base/index.ts'
import type { Outcome, Sender } from './parcel.ts'

/** A batch was sent, once: trying it again is another. */
export interface SentBatch {
  /** By which logs and counters know the store. */
  readonly store: string
  readonly count: number
  /** Wall-clock milliseconds since 1970. */
  readonly startedAtMs: number
  readonly tookMs: number
  readonly outcome: Outcome
}

/** The same sender, which says of each batch how long it took and what became of it. */
export function timedSender(
  sender: Sender,
  store: string,
  clock: Pick<Clock, 'nowMs' | 'elapsedMs'>,
  onBatch: (sent: SentBatch) => void,
): Sender {
  return {
    async send(parcels) {
      const startedAtMs = clock.nowMs()
      const startedMs = clock.elapsedMs()
      const outcome = await sender.send(parcels)
      onBatch({ store, count: parcels.length, startedAtMs, tookMs: clock.elapsedMs() - startedMs, outcome })
      return outcome
    },
    close: () => sender.close(),
  }
}
