import type { Cut, ResponseHead } from '../message.ts'

/** One side's message of a stream. */
export interface Part {
  /** `idle`: its head was not seen yet. */
  phase: 'idle' | 'open' | 'ended'
  wireBytes: number
  /** A limit left something out of it. */
  cut: Cut | undefined
  /** Losses of its side when it last showed; fewer than there are now: it may have ended unseen. */
  losses: number
}

/** A request and its response (RFC 9113 §5.1), as long as one of them goes on. */
export interface Stream {
  readonly id: number
  readonly client: Part
  readonly server: Part
  /** A head whose status is unknown: what follows says whether it is an interim one. */
  head: ResponseHead | undefined
  /** Requests told of when a frame of it was last seen. */
  activeAt: number
  older: Stream | undefined
  newer: Stream | undefined
  /** In the same bucket. */
  next: Stream | undefined
}

const BUCKETS_MIN = 16

/**
 * The streams that are open, by their id and in the order they began. Linked lists let go of what leaves
 * them; a Map that is added to and deleted from for every stream keeps dead streams in its old tables.
 */
export class OpenStreams {
  size = 0
  oldest: Stream | undefined
  #newest: Stream | undefined
  #buckets: (Stream | undefined)[] = emptyBuckets(BUCKETS_MIN)

  find(id: number): Stream | undefined {
    let stream = this.#buckets[this.#bucketOf(id)]
    while (stream !== undefined && stream.id !== id) stream = stream.next
    return stream
  }

  add(stream: Stream): void {
    if (this.size >= this.#buckets.length * 2) this.#grow()
    stream.older = this.#newest
    if (this.#newest === undefined) this.oldest = stream
    else this.#newest.newer = stream
    this.#newest = stream
    this.#put(stream)
    this.size += 1
  }

  delete(stream: Stream): void {
    const bucket = this.#bucketOf(stream.id)
    let before = this.#buckets[bucket]
    if (before === stream) {
      this.#buckets[bucket] = stream.next
    } else {
      while (before !== undefined && before.next !== stream) before = before.next
      if (before === undefined) return
      before.next = stream.next
    }
    if (stream.older === undefined) this.oldest = stream.newer
    else stream.older.newer = stream.newer
    if (stream.newer === undefined) this.#newest = stream.older
    else stream.newer.older = stream.older
    stream.older = undefined
    stream.newer = undefined
    stream.next = undefined
    this.size -= 1
  }

  /** Ids of one side are all odd or all even. */
  #bucketOf(id: number): number {
    return (id >> 1) & (this.#buckets.length - 1)
  }

  #put(stream: Stream): void {
    const bucket = this.#bucketOf(stream.id)
    stream.next = this.#buckets[bucket]
    this.#buckets[bucket] = stream
  }

  #grow(): void {
    this.#buckets = emptyBuckets(this.#buckets.length * 4)
    for (let stream = this.oldest; stream !== undefined; stream = stream.newer) this.#put(stream)
  }
}

function emptyBuckets(length: number): (Stream | undefined)[] {
  return Array.from({ length }, () => undefined)
}
