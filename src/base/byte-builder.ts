import { Buffer } from 'node:buffer'

/** Encoded at a time: a multiple of 3, so that base64 has no padding between pieces. */
const STEP_BYTES = 48 << 10
/** Smaller memory is left to the collector, and may be shared with others. */
const RELEASE_BYTES_MIN = 128 << 10
/** A character of UTF-8 behind its first byte (RFC 3629 §3). */
const CONTINUES = 0x80

/**
 * Puts large bytes together out of text and other bytes. In steps, because a string of megabytes is garbage
 * that the collector lets lie for long.
 */
export class ByteBuilder {
  #bytes: Buffer
  #length = 0

  /** `expectedBytes` may be too few. */
  constructor(expectedBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(expectedBytes)
  }

  add(text: string): void {
    this.#reserve(3 * text.length)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  addBase64(bytes: Uint8Array): void {
    const source = asBuffer(bytes)
    this.#reserve(Math.ceil(source.length / 3) * 4)
    for (let from = 0; from < source.length; from += STEP_BYTES) {
      const text = source.toString('base64', from, Math.min(source.length, from + STEP_BYTES))
      this.#length += this.#bytes.write(text, this.#length, 'latin1')
    }
  }

  /** UTF-8 as it stands within a JSON string (RFC 8259 §7), without its quotes. */
  addJsonText(bytes: Uint8Array): void {
    const source = asBuffer(bytes)
    for (let from = 0; from < source.length; ) {
      let to = Math.min(source.length, from + STEP_BYTES)
      while (to < source.length && ((source[to] ?? 0) & 0xc0) === CONTINUES) to -= 1
      this.add(JSON.stringify(source.toString('utf8', from, to)).slice(1, -1))
      from = to
    }
  }

  /** What was put together, which is the caller's from now on; the builder is empty. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
    return bytes
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(needed + (needed >>> 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    releaseBytes(this.#bytes)
    this.#bytes = larger
  }
}

/**
 * Gives the memory of large bytes back at once: it lies outside the heap, where the collector lets tens of
 * megabytes wait. Only their last owner may call this; they are empty afterwards.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= RELEASE_BYTES_MIN) buffer.transfer(0)
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
