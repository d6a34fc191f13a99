import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../base/index.ts'

/** Of the time for closing, what is for delivering: the rest is for keeping and for the sender's own end. */
const DELIVERING_PART = 0.8

/** The end of a delivery, bounded in time. */
export interface Flush {
  /** Until everything is done, or its part of the time is up. */
  wait(withinMs: number): Promise<void>
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
  let endsMs = 0
  let finish: (() => void) | undefined
  return { wait, look, nextTurn: () => nextTurn(), withinRest }

  function wait(withinMs: number): Promise<void> {
    endsMs = clock.elapsedMs() + withinMs
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs * DELIVERING_PART)
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
      const restMs = Math.max(0, endsMs - clock.elapsedMs())
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
