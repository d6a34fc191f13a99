import type { Side } from './connection.ts'

/** What all timelines share: the turns held now, and those that were left out. */
export interface TimelineShare {
  turns: number
  turnsDropped: number
}

export interface Turn {
  /** Nanoseconds since boot: when the first of its bytes passed that told something. */
  readonly at: number
  readonly bytes: number
}

/** Of one connection: the first half and the last half are kept. */
export const TURNS_MAX = 120
/** Of all connections together; each may have two beyond it. */
const TURNS_TOTAL_MAX = 2_000_000
const TURNS_MIN = 2
/** Bytes that come so much later than those before them are another turn, though from the same side. */
const PAUSE_NS = 100e6
/** A connection may become another protocol: HTTP/1 that is upgraded, HTTP/2 that proves to be gRPC. */
const PROTOCOLS_MAX = 4

export function noTimelines(): TimelineShare {
  return { turns: 0, turnsDropped: 0 }
}

/**
 * When what passed on one connection. Bytes of one side in a row are one turn; bytes that say nothing by
 * themselves, such as the settings of HTTP/2, count with the next that do. Each step takes constant time.
 */
export class Timeline {
  readonly protocols: { readonly at: number; readonly protocol: string }[] = []
  droppedTurns = 0
  /** When the ClientHello of TLS had passed; undefined where there was none, or it was not seen. */
  clientHelloAt: number | undefined
  /** Since the last bytes a decoder had something to tell; or nobody decodes this connection. */
  spoke = false
  isRaw = false
  readonly #share: TimelineShare
  /** By turns when it began and how many bytes it has: numbers in a row take the least memory. */
  #turns: number[] = []
  #isFull = false
  /** Where the newest turn stands. */
  #newest = 0
  #lastFrom: Side | undefined
  #lastAt = 0
  readonly #waiting = { client: noneWaiting(), server: noneWaiting() }
  #isOpened = false

  constructor(share: TimelineShare) {
    this.#share = share
  }

  recognised(at: number, protocol: string): void {
    const last = this.protocols.at(-1)
    if (last?.protocol === protocol) return
    if (last?.at === at) this.protocols.pop()
    if (this.protocols.length < PROTOCOLS_MAX) this.protocols.push({ at, protocol })
  }

  /** Bytes of TLS as they passed: told of as long as none of them could be opened. */
  sealed(at: number, from: Side, bytes: number): void {
    if (!this.#isOpened) this.#add(at, from, bytes)
  }

  /** Plain bytes; they `tell` when they are a part of what programs say to each other. */
  plain(at: number, from: Side, bytes: number, tell: boolean): void {
    this.opened()
    const waiting = this.#waiting[from]
    if (waiting.since < 0) waiting.since = at
    waiting.bytes += bytes
    if (tell) this.#add(at, from, take(waiting))
  }

  /** Bytes that were not seen: when they passed is not known for certain, so they begin no turn. */
  missing(from: Side, bytes: number): void {
    if (this.#lastFrom === from) this.#turns[this.#newest + 1] = (this.#turns[this.#newest + 1] ?? 0) + bytes
    else this.#waiting[from].bytes += bytes
  }

  /** Where nothing ever told anything, what waits for it is told of: nobody found out what it is. */
  settle(): void {
    if (this.#turns.length > 0) return
    for (const from of ['client', 'server'] as const) {
      const waiting = this.#waiting[from]
      if (waiting.bytes > 0 && waiting.since >= 0) this.#add(waiting.since, from, take(waiting))
    }
  }

  /** In the order in which they were begun. */
  turns(): Turn[] {
    const count = this.#turns.length / 2
    const first = count >> 1
    const later = count - first
    return Array.from({ length: count }, (_, index) => {
      const place = index < first ? index : first + ((index - first + this.droppedTurns) % later)
      return { at: this.#turns[place * 2] ?? 0, bytes: this.#turns[place * 2 + 1] ?? 0 }
    })
  }

  /** The connection is over. */
  close(): void {
    this.#share.turns -= this.#turns.length / 2
    this.#turns = []
    this.#lastFrom = undefined
  }

  /** From here on only what is opened counts: what was told of before was the handshake. */
  opened(): void {
    if (this.#isOpened) return
    this.#isOpened = true
    this.close()
    this.droppedTurns = 0
    this.#isFull = false
  }

  #add(at: number, from: Side, bytes: number): void {
    if (this.#lastFrom === from && at - this.#lastAt <= PAUSE_NS) {
      this.#turns[this.#newest + 1] = (this.#turns[this.#newest + 1] ?? 0) + bytes
    } else {
      this.#newest = this.#place()
      this.#turns[this.#newest] = at
      this.#turns[this.#newest + 1] = bytes
      this.#lastFrom = from
    }
    this.#lastAt = at
  }

  /** Once there is no more room, a new turn takes the place of the oldest in the second half. */
  #place(): number {
    const count = this.#turns.length / 2
    const hasRoom = count < TURNS_MIN || (count < TURNS_MAX && this.#share.turns < TURNS_TOTAL_MAX)
    if (hasRoom && !this.#isFull) {
      this.#share.turns += 1
      return count * 2
    }
    this.#isFull = true
    const first = count >> 1
    const place = first + (this.droppedTurns % (count - first))
    this.droppedTurns += 1
    this.#share.turnsDropped += 1
    return place * 2
  }
}

interface Waiting {
  bytes: number
  /** When the first of them passed; negative while that is not known. */
  since: number
}

function noneWaiting(): Waiting {
  return { bytes: 0, since: -1 }
}

function take(waiting: Waiting): number {
  const { bytes } = waiting
  waiting.bytes = 0
  waiting.since = -1
  return bytes
}
