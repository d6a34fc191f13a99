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
  readonly #keeps: boolean
  #held: Uint8Array = EMPTY
  #heldLength = 0
  #wireBytes = 0
  #truncated = false
  #missing = false
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

  /** Content that passed unseen; undefined when nobody knows how much. */
  skip(bytes: number | undefined): void {
    if (!this.#missing) this.#wholeLength = this.#heldLength
    this.#missing = true
    this.#wireBytes += bytes ?? 0
    this.#hash = undefined
  }

  /** The message is over; `encodings` are the values of its Content-Encoding. Frees this body's share. */
  finish(encodings: readonly string[], wasCut: boolean): Body {
    if (wasCut) this.skip(0)
    this.#share.bodiesHeldBytes -= this.#held.length
    return new CollectedBody({
      held: this.#heldBytes(),
      wholeLength: this.#missing ? this.#wholeLength : this.#heldLength,
      keeps: this.#keeps,
      wireBytes: this.#wireBytes,
      truncated: this.#truncated,
      missing: this.#missing,
      sha256: this.#hash?.digest('hex'),
      encodings,
      bodyBytesMax: this.#share.bodyBytesMax,
    })
  }

  #heldBytes(): Uint8Array {
    return this.#held.subarray(0, this.#heldLength)
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

interface Collected {
  readonly held: Uint8Array
  readonly wholeLength: number
  readonly keeps: boolean
  readonly wireBytes: number
  readonly truncated: boolean
  readonly missing: boolean
  readonly sha256: string | undefined
  readonly encodings: readonly string[]
  readonly bodyBytesMax: number
}

/** Removes content codings when somebody first asks: most exchanges' bodies are never looked at. */
class CollectedBody implements Body {
  readonly #collected: Collected
  #uncoded: Uncoded | undefined
  #sha256: string | undefined

  constructor(collected: Collected) {
    this.#collected = collected
  }

  get bytes(): Uint8Array {
    return this.#uncode().bytes
  }

  get wireBytes(): number {
    return this.#collected.wireBytes
  }

  get decodedBytes(): number {
    const { encodings, wireBytes } = this.#collected
    return contentCodings(encodings).length === 0 ? wireBytes : this.#uncode().bytes.length
  }

  get truncated(): boolean {
    return this.#collected.truncated || this.#uncode().cut
  }

  get missing(): boolean {
    return this.#collected.missing
  }

  get sha256(): string | undefined {
    const { sha256, held, missing, truncated } = this.#collected
    if (sha256 !== undefined || truncated || missing || !this.#uncode().cut) return sha256
    this.#sha256 ??= createHash('sha256').update(held).digest('hex')
    return this.#sha256
  }

  get codingsLeft(): readonly string[] {
    return this.#uncode().codingsLeft
  }

  #uncode(): Uncoded {
    this.#uncoded ??= uncode(this.#collected)
    return this.#uncoded
  }
}

function uncode(collected: Collected): Uncoded {
  const { held, wholeLength, encodings, bodyBytesMax } = collected
  const codings = encodings.length === 0 ? encodings : contentCodings(encodings)
  if (codings.length === 0 || held.length === 0) return { bytes: held, cut: false, codingsLeft: [] }
  const uncoded = removeCodings(held.subarray(0, wholeLength), codings, bodyBytesMax)
  // Nothing could be removed, so what stands behind the hole is as good as what stands before it.
  return uncoded.codingsLeft.length === codings.length ? { ...uncoded, bytes: held } : uncoded
}

/** The content of a message that had none, or was never seen. */
export const NO_BODY: Body = {
  bytes: EMPTY,
  wireBytes: 0,
  decodedBytes: 0,
  truncated: false,
  missing: false,
  sha256: undefined,
  codingsLeft: [],
}
