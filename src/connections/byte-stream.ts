/** What comes out of a byte stream: its bytes in order, each hole reported once. */
export interface ByteSink {
  /** `bytes` is borrowed: valid only until the call returns. */
  bytes(bytes: Uint8Array): void
  gap(missingBytes: number): void
}

/** Holds one chunk at most: two calls that overtook each other are one record apart. */
const HELD_BYTES_MAX = 64 << 10

/**
 * One direction of one socket, as far as we saw it. Takes stretches with their positions; gives bytes in
 * order and holes once. A stretch that jumps ahead is held until the next one, which may be what it overtook;
 * what comes later than that, or twice, is left out and counted.
 */
export class ByteStream {
  readonly account = { capturedBytes: 0, missingBytes: 0 }
  lateBytes = 0
  #next = 0
  #held: { position: number; length: number; bytes: Uint8Array } | undefined

  /** `length` bytes passed at `position`, of which the first ones are in `bytes`. */
  add(position: number, length: number, bytes: Uint8Array, sink: ByteSink): void {
    if (this.#held) this.#addBesideHeld(position, length, bytes, sink)
    else if (position > this.#next && length <= HELD_BYTES_MAX)
      this.#held = { position, length, bytes: bytes.slice() }
    else this.#pass(position, length, bytes, sink)
  }

  /** Nothing is waited for any more. To be called before the other direction goes on, and at the end. */
  settle(sink: ByteSink): void {
    const held = this.#held
    if (!held) return
    this.#held = undefined
    this.#pass(held.position, held.length, held.bytes, sink)
  }

  /** The direction is over at `position`: what was not seen of it is a hole. */
  end(position: number, sink: ByteSink): void {
    this.settle(sink)
    if (position > this.#next) this.#skip(position - this.#next, sink)
  }

  #addBesideHeld(position: number, length: number, bytes: Uint8Array, sink: ByteSink): void {
    const overtaken = this.#held !== undefined && position < this.#held.position
    if (!overtaken) this.settle(sink)
    this.#pass(position, length, bytes, sink)
    if (overtaken) this.settle(sink)
  }

  #pass(position: number, length: number, bytes: Uint8Array, sink: ByteSink): void {
    if (position > this.#next) this.#skip(position - this.#next, sink)
    const seen = this.#next - position
    if (seen >= length) {
      this.lateBytes += length
      return
    }
    this.lateBytes += seen
    this.#next = position + length
    if (seen < bytes.length) {
      this.account.capturedBytes += bytes.length - seen
      sink.bytes(seen === 0 ? bytes : bytes.subarray(seen))
    }
    const missing = length - Math.max(bytes.length, seen)
    if (missing > 0) {
      this.account.missingBytes += missing
      sink.gap(missing)
    }
  }

  #skip(missingBytes: number, sink: ByteSink): void {
    this.#next += missingBytes
    this.account.missingBytes += missingBytes
    sink.gap(missingBytes)
  }
}
