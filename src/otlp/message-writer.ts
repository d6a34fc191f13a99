import { Buffer } from 'node:buffer'

/*
 * The protobuf wire format, written (https://protobuf.dev/programming-guides/encoding/).
 */

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2

const START_BYTES = 16 << 10
/** What a large message needed is given back. */
const KEPT_BYTES_MAX = 1 << 20
/** Up to here the engine's own loop is faster than a call into its runtime. */
const SHORT_TEXT = 40
const VARINT_BYTES_MAX = 10
/** A key, and the length or the number behind it. */
const HEAD_BYTES_MAX = 5 + VARINT_BYTES_MAX
const TWO_32 = 2 ** 32

/**
 * Writes one message after the other, each from its end to its beginning: the length of a field that holds
 * others is known when its contents are there, so nothing is measured beforehand or moved afterwards. Fields
 * are therefore given last one first. Numbers of fields are below 16: their keys are one byte.
 */
export class MessageWriter {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES)
  #view = viewOf(this.#bytes)
  /** Of the first byte that is written. */
  #at = START_BYTES

  /** How much is written: what a field's contents began with is given to `closeField`. */
  get length(): number {
    return this.#bytes.length - this.#at
  }

  /** What was written, in memory of its own; the writer is empty. */
  take(): Uint8Array {
    // Small ones share pages of memory, which is several times cheaper than pages of their own.
    const taken = Buffer.allocUnsafe(this.length)
    this.#bytes.copy(taken, 0, this.#at)
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#use(Buffer.allocUnsafeSlow(START_BYTES))
    this.#at = this.#bytes.length
    return taken
  }

  /** Makes what was written since `length` was `before` the contents of a field. */
  closeField(field: number, before: number): void {
    const contents = this.length - before
    this.#reserve(HEAD_BYTES_MAX)
    this.#varint(contents)
    this.#key(field, LENGTH)
  }

  text(field: number, text: string): void {
    const { length } = text
    this.#reserve(3 * length + HEAD_BYTES_MAX)
    const end = this.#at
    if (length > SHORT_TEXT || !this.#asciiText(text)) {
      const written = Buffer.byteLength(text, 'utf8')
      this.#at = end - written
      // Halves of surrogate pairs become U+FFFD, here and in the measure.
      this.#bytes.write(text, this.#at, written, 'utf8')
    }
    this.#varint(end - this.#at)
    this.#key(field, LENGTH)
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#reserve(bytes.length + HEAD_BYTES_MAX)
    this.#at -= bytes.length
    this.#bytes.set(bytes, this.#at)
    this.#varint(bytes.length)
    this.#key(field, LENGTH)
  }

  /** `int64`, `uint32`, an enum or a bool; a safe integer. */
  integer(field: number, value: number): void {
    this.#reserve(HEAD_BYTES_MAX)
    if (value < 0) this.#negative(value)
    else this.#varint(value)
    this.#key(field, VARINT)
  }

  fixed64(field: number, value: bigint): void {
    this.#reserve(HEAD_BYTES_MAX)
    this.#at -= 8
    this.#view.setBigUint64(this.#at, value, true)
    this.#key(field, FIXED64)
  }

  double(field: number, value: number): void {
    this.#reserve(HEAD_BYTES_MAX)
    this.#at -= 8
    this.#view.setFloat64(this.#at, value, true)
    this.#key(field, FIXED64)
  }

  /** False, with nothing that counts written, where the text is more than ASCII. */
  #asciiText(text: string): boolean {
    const bytes = this.#bytes
    let to = this.#at
    for (let from = text.length - 1; from >= 0; from -= 1) {
      const code = text.charCodeAt(from)
      if (code > 0x7f) return false
      to -= 1
      bytes[to] = code
    }
    this.#at = to
    return true
  }

  #key(field: number, wireType: number): void {
    this.#at -= 1
    this.#bytes[this.#at] = (field << 3) | wireType
  }

  #varint(value: number): void {
    const bytes = this.#bytes
    if (value < 0x80) {
      this.#at -= 1
      bytes[this.#at] = value
      return
    }
    const length = value < 0x4000 ? 2 : varintBytes(value)
    let to = this.#at - length
    this.#at = to
    let rest = value
    while (rest >= 0x80) {
      bytes[to] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
      to += 1
    }
    bytes[to] = rest
  }

  /** In two's complement of 64 bits: always ten bytes. */
  #negative(value: number): void {
    let low = (value % TWO_32) >>> 0
    let high = Math.floor(value / TWO_32) >>> 0
    let to = this.#at - VARINT_BYTES_MAX
    this.#at = to
    for (let left = VARINT_BYTES_MAX; left > 1; left -= 1) {
      this.#bytes[to] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
      to += 1
    }
    this.#bytes[to] = low & 0x7f
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#at) return
    const used = this.length
    const larger = Buffer.allocUnsafeSlow(2 * used + bytes + START_BYTES)
    this.#bytes.copy(larger, larger.length - used, this.#at)
    this.#use(larger)
    this.#at = larger.length - used
  }

  #use(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }
}

/** Of a number that is not negative. */
export function varintBytes(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1
  return length
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
