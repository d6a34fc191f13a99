import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../base/index.ts'

/** Of closing in all, and of it for delivering: the rest is for keeping and for the sender's own end. */
const CLOSE_MS_MAX = 5_000
const DELIVER_MS_MAX = 4_000

/** The end of a delivery, bounded in time. */
export interface Flush {
  /** Until everything is done, or the time is up. */
  wait(): Promise<void>
  /** To be called whenever it may be done. */
  look(): void
  nextTurn(): Promise<void>
  /** Waits for something, but not longer than the whole may take. Never rejects. */
  withinRest(something: Promise<unknown>): Promise<void>
}

interface FlushOptions {
  readonly clock: Clock
  readonly isDone: () => boolean
}

export function createFlush({ clock, isDone }: FlushOptions): Flush {
  let beganMs = 0
  let finish: (() => void) | undefined
  return { wait, look, nextTurn: () => nextTurn(), withinRest }

  function wait(): Promise<void> {
    beganMs = clock.elapsedMs()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DELIVER_MS_MAX)
      finish = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function look(): void {
    if (finish !== undefined && isDone()) finish()
  }

  function withinRest(something: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const restMs = Math.max(0, CLOSE_MS_MAX - (clock.elapsedMs() - beganMs))
      const timer = setTimeout(resolve, restMs)
      void something
        .catch(() => {})
        .finally(() => {
          clearTimeout(timer)
          resolve()
        })
    })
  }
}
