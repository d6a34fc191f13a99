import type { DecoderShare } from '../decoder.ts'

const CAPACITY_MIN = 64

/** Copies of bytes that can't be read yet, within the bound that all decoders share. */
export class HeldBytes {
  length = 0
  readonly #share: DecoderShare
  #buffer: Uint8Array | undefined

  constructor(share: DecoderShare) {
    this.#share = share
  }

  get bytes(): Uint8Array {
    return this.#buffer === undefined ? NO_BYTES : this.#buffer.subarray(0, this.length)
  }

  /** False, and nothing held any more, past the shared bound. */
  append(bytes: Uint8Array, at: number, end: number): boolean {
    const needed = this.length + end - at
    if (needed === 0) return true
    if (this.#buffer === undefined || this.#buffer.length < needed) {
      const capacity = Math.max(CAPACITY_MIN, this.length === 0 ? needed : needed * 2)
      const grown = capacity - (this.#buffer?.length ?? 0)
      if (this.#share.heldBytes + grown > this.#share.heldBytesMax) {
        this.release()
        return false
      }
      this.#share.heldBytes += grown
      const larger = new Uint8Array(capacity)
      larger.set(this.bytes)
      this.#buffer = larger
    }
    this.#buffer.set(bytes.subarray(at, end), this.length)
    this.length = needed
    return true
  }

  /** Lets go of the first bytes; those of a buffer that no message points into. */
  drop(length: number): void {
    this.#buffer?.copyWithin(0, length, this.length)
    this.length -= length
  }

  /** Gives up what it holds; the bytes stay as they are, for messages that point into them. */
  take(): Uint8Array {
    const bytes = this.bytes
    this.release()
    return bytes
  }

  release(): void {
    this.#share.heldBytes -= this.#buffer?.length ?? 0
    this.#buffer = undefined
    this.length = 0
  }
}

const NO_BYTES = new Uint8Array(0)
