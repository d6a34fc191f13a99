import { randomUUID } from 'node:crypto'
import { ByteBuilder } from '../base/index.ts'

/** Shorter bodies are cheaper as strings. */
const LARGE_BYTES_MIN = 64 << 10
/** Nobody outside can know it, so it stands nowhere in captured text. */
const MARK = randomUUID()

interface Placed {
  readonly bytes: Uint8Array
  readonly isText: boolean
}

/** Bodies that go into a JSON document without ever being one string. */
export class LargeBodies {
  readonly #placed: Placed[] = []

  /** Gives what stands for the body until `encode`; undefined for a body that is not large. */
  place(bytes: Uint8Array, isText: boolean): string | undefined {
    if (bytes.length < LARGE_BYTES_MIN) return undefined
    this.#placed.push({ bytes, isText })
    return markOf(this.#placed.length - 1)
  }

  /** The document as bytes, all bodies in their places. */
  encode(document: object): Uint8Array {
    const json = JSON.stringify(document)
    if (this.#placed.length === 0) return Buffer.from(json, 'utf8')
    const bodyBytes = this.#placed.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const builder = new ByteBuilder(3 * json.length + Math.ceil((bodyBytes + 2) / 3) * 4 + 64)
    let at = 0
    for (const [index, { bytes, isText }] of this.#placed.entries()) {
      const mark = markOf(index)
      const place = json.indexOf(mark, at)
      builder.add(json.slice(at, place))
      if (isText) builder.addJsonText(bytes)
      else builder.addBase64(bytes)
      at = place + mark.length
    }
    builder.add(json.slice(at))
    return builder.take()
  }
}

function markOf(index: number): string {
  return `${MARK}:${index}`
}
