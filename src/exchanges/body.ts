import { createHash, type Hash } from 'node:crypto'
import { contentCodings, removeCodings, type Uncoded } from './codings.ts'
import type { Body } from './exchange.ts'

/** What all bodies that are being collected share. */
export interface BodyShare {
  readonly bodyBytesMax: number
  readonly bodiesTotalBytesMax: number
  /** Held now by bodies of open exchanges. */
  bodiesHeldBytes: number
  /** Bodies of which not everything was kept. */
  bodiesTruncated: number
}

const EMPTY = new Uint8Array(0)

/**
 * One message's content while it passes: keeps the beginning, counts the rest.
 * Past a limit it hashes instead, so that a cut body can still be told from another.
 */
export class BodyCollector {
  readonly #share: BodyShare
  #keeps: boolean
  #held: Uint8Array = EMPTY
  #heldLength = 0
  #wireBytes = 0
  #truncated = false
  #missing = false
  #lengthKnown = true
  /** Held bytes in front of the first hole; behind it a content coding can't be removed. */
  #wholeLength = -1
  #hash: Hash | undefined

  constructor(share: BodyShare, keeps: boolean) {
    this.#share = share
    this.#keeps = keeps
  }

  get truncated(): boolean {
    return this.#truncated
  }

  /** What has passed so far. */
  get wireBytes(): number {
    return this.#wireBytes
  }

  /** `bytes` is borrowed, so what is kept of it is copied. */
  add(bytes: Uint8Array): void {
    this.#wireBytes += bytes.length
    if (!this.#keeps || bytes.length === 0) return
    if (!this.#truncated) {
      const kept = this.#keep(bytes)
      if (kept === bytes.length) return
      this.#truncated = true
      this.#share.bodiesTruncated += 1
      this.#hash = this.#missing ? undefined : createHash('sha256').update(this.#heldBytes())
      this.#hash?.update(bytes.subarray(kept))
      return
    }
    this.#hash?.update(bytes)
  }

  /** Content that nobody wanted to read: it counts, and that is all. */
  pass(bytes: number): void {
    this.#wireBytes += bytes
  }

  /** Nobody wants it: gives back what was kept, and only counts from here on. */
  keepNothing(): void {
    this.#keeps = false
    this.#share.bodiesHeldBytes -= this.#held.length
    if (this.#truncated) this.#share.bodiesTruncated -= 1
    this.#truncated = false
    this.#hash = undefined
    this.#held = EMPTY
    this.#heldLength = 0
  }

  /** Content that passed unseen; undefined when nobody knows how much. */
  skip(bytes: number | undefined): void {
    if (!this.#missing) this.#wholeLength = this.#heldLength
    this.#missing = true
    this.#wireBytes += bytes ?? 0
    if (bytes === undefined) this.#lengthKnown = false
    this.#hash = undefined
  }

  /**
   * The exchange is over; `encodings` are the values of the message's Content-Encoding. Frees this body's
   * share.
   */
  finish(encodings: readonly string[]): Body {
    this.#share.bodiesHeldBytes -= this.#held.length
    const codings = encodings.length === 0 ? encodings : contentCodings(encodings)
    const bytes = this.#heldBytes()
    const plain = {
      bytes,
      wireBytes: this.#wireBytes,
      lengthKnown: this.#lengthKnown,
      decodedBytes: this.#wireBytes,
      // What nobody wanted when it passed is not there for who wants it later.
      truncated: this.#truncated || (!this.#keeps && this.#wireBytes > 0),
      missing: this.#missing,
      wholeBytes: this.#missing && this.#wholeLength < this.#heldLength ? this.#wholeLength : undefined,
      sha256: this.#hash?.digest('hex'),
      codingsLeft: codings,
    }
    if (codings.length === 0) return plain
    if (bytes.length === 0) return { ...plain, decodedBytes: 0, codingsLeft: [] }
    const whole = this.#missing ? bytes.subarray(0, this.#wholeLength) : bytes
    return codedBody(plain, whole, this.#share.bodyBytesMax)
  }

  #heldBytes(): Uint8Array {
    return new Uint8Array(this.#held.buffer, this.#held.byteOffset, this.#heldLength)
  }

  /** Gives how many bytes were kept. */
  #keep(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, this.#share.bodyBytesMax - this.#heldLength)
    if (this.#heldLength === 0) {
      if (length === 0 || !this.#reserve(length)) return 0
      // From Buffer's pool: most bodies are small, and memory of their own costs more than the copy.
      this.#held = Buffer.allocUnsafe(length)
      this.#held.set(length === bytes.length ? bytes : bytes.subarray(0, length))
    } else {
      const needed = this.#heldLength + length
      if (needed > this.#held.length) {
        const capacity = Math.min(this.#share.bodyBytesMax, needed * 2)
        if (!this.#reserve(capacity - this.#held.length)) return 0
        const larger = Buffer.allocUnsafe(capacity)
        larger.set(this.#heldBytes())
        this.#held = larger
      }
      this.#held.set(bytes.subarray(0, length), this.#heldLength)
    }
    this.#heldLength += length
    return length
  }

  #reserve(bytes: number): boolean {
    const share = this.#share
    if (share.bodiesHeldBytes + bytes > share.bodiesTotalBytesMax) return false
    share.bodiesHeldBytes += bytes
    return true
  }
}

/**
 * Removes content codings when somebody first asks: most exchanges' bodies are never looked at.
 * `whole` is what stands in front of the first hole.
 */
function codedBody(coded: Body, whole: Uint8Array, bytesMax: number): Body {
  let uncoded: Uncoded | undefined
  let sha256 = coded.sha256
  return {
    get bytes() {
      return uncode().bytes
    },
    wireBytes: coded.wireBytes,
    lengthKnown: coded.lengthKnown,
    get decodedBytes() {
      return uncode().bytes.length
    },
    get truncated() {
      return coded.truncated || uncode().cut
    },
    missing: coded.missing,
    get sha256() {
      if (!coded.truncated && !coded.missing && uncode().cut) sha256 ??= sha256Of(coded.bytes)
      return sha256
    },
    get codingsLeft() {
      return uncode().codingsLeft
    },
  }

  function uncode(): Uncoded {
    if (uncoded !== undefined) return uncoded
    uncoded = removeCodings(whole, coded.codingsLeft, bytesMax)
    // Nothing could be removed, so what stands behind the hole is as good as what stands before it.
    if (uncoded.codingsLeft.length === coded.codingsLeft.length) uncoded = { ...uncoded, bytes: coded.bytes }
    return uncoded
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The content of a message that had none, or was never seen. */
export const NO_BODY: Body = {
  bytes: EMPTY,
  wireBytes: 0,
  lengthKnown: true,
  decodedBytes: 0,
  truncated: false,
  missing: false,
  sha256: undefined,
  codingsLeft: [],
}
