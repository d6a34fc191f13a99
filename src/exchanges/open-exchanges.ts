import type { Connection } from '../connections/index.ts'
import type { Cut, Header, RequestHead, ResponseHead } from '../decoders/index.ts'
import type { BodyCollector } from './body.ts'
import type { ConversationCollector } from './conversation.ts'
import type { GrpcCall } from './grpc.ts'
import type { Target } from './target.ts'

/** One side of an exchange in the making. */
export interface Part {
  /** Undefined until content passes. */
  body: BodyCollector | undefined
  /** Undefined until they come. */
  trailers: readonly Header[] | undefined
  wireBytes: number
  ended: boolean
  /** Why it ended before its time. */
  cut: Cut | undefined
  /** What was ambiguous of it behind its head. */
  ambiguous: readonly string[] | undefined
}

/** An exchange that is not over. */
export interface Open {
  readonly id: string
  readonly connection: Connection
  readonly protocol: string
  readonly startedAt: number
  readonly head: RequestHead
  readonly client: Part
  readonly server: Part
  /** Turns false for good when the response begins and nobody wants bodies. */
  keepsBodies: boolean
  /** What the request asks for, once somebody needed it. */
  target: Target | undefined
  readonly call: GrpcCall | undefined
  readonly conversation: ConversationCollector | undefined
  response: ResponseHead | undefined
  respondedAt: number | undefined
  /** When something of it was last seen. */
  lastAt: number
  gap: boolean
  cut: boolean
  /** When its next progress is due. */
  dueAt: number
  older: Open | undefined
  newer: Open | undefined
}

/** Nanoseconds from the beginning of an exchange to its first progress, and from each to the next. */
export const PROGRESS_EVERY_NS = 10e9
const SECOND_NS = 1e9
const CLASSES = PROGRESS_EVERY_NS / SECOND_NS

/**
 * Open exchanges in the order they began, in ten lists by the last digit of the second they began in: what is
 * due in a second stands in one list. Linked lists let go of what leaves them: a Set or Map that is added to
 * and deleted from for every exchange leaves a trail of old tables behind, each of which keeps dead exchanges
 * alive until the next full garbage collection (measured: a quarter of all that was allocated).
 */
export class OpenExchanges {
  size = 0
  readonly #oldest = Array.from({ length: CLASSES }, (): Open | undefined => undefined)
  readonly #newest = Array.from({ length: CLASSES }, (): Open | undefined => undefined)
  /** Everything due before it was told. */
  #toldTo = Number.NEGATIVE_INFINITY

  get oldest(): Open | undefined {
    let oldest: Open | undefined
    for (const open of this.#oldest)
      if (open !== undefined && !(oldest !== undefined && oldest.startedAt <= open.startedAt)) oldest = open
    return oldest
  }

  add(open: Open): void {
    const index = classOf(open.startedAt)
    const newest = this.#newest[index]
    open.older = newest
    if (newest) newest.newer = open
    else this.#oldest[index] = open
    this.#newest[index] = open
    this.size += 1
  }

  delete(open: Open): void {
    const index = classOf(open.startedAt)
    if (open.older) open.older.newer = open.newer
    else this.#oldest[index] = open.newer
    if (open.newer) open.newer.older = open.older
    else this.#newest[index] = open.older
    open.older = undefined
    open.newer = undefined
    this.size -= 1
  }

  /**
   * Names each exchange that has been open for another whole 10 s, once, with the time at which that was:
   * the latest such time when several have passed.
   */
  tellDue(now: number, tell: (open: Open, dueAt: number) => void): void {
    const last = Math.floor(now / SECOND_NS)
    const first = Math.max(Math.floor(this.#toldTo / SECOND_NS), last - CLASSES + 1)
    this.#toldTo = Math.max(this.#toldTo, now)
    for (let second = first; second <= last; second += 1) {
      for (let open = this.#oldest[second % CLASSES]; open !== undefined; open = open.newer) {
        if (open.dueAt > now) continue
        const dueAt = open.dueAt + Math.floor((now - open.dueAt) / PROGRESS_EVERY_NS) * PROGRESS_EVERY_NS
        open.dueAt = dueAt + PROGRESS_EVERY_NS
        tell(open, dueAt)
      }
    }
  }
}

function classOf(startedAt: number): number {
  return Math.floor(startedAt / SECOND_NS) % CLASSES
}
