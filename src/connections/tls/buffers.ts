import { RECORD_HEADER_BYTES, RECORD_PAYLOAD_BYTES_MAX } from './aead.ts'

// Most cut records are small; the largest class holds the two records a search after a gap may keep.
const SIZES = [1_024, 8_192, 2 * (RECORD_HEADER_BYTES + RECORD_PAYLOAD_BYTES_MAX)] as const
const SPARES_MAX = 32

/**
 * Buffers for records that a chunk's end cuts. All connections share them; at most 32 of a size lie spare.
 */
export interface Buffers {
  /** A buffer of at least so many bytes, at most two of the longest records; its content is left over. */
  take(bytesMin: number): Uint8Array<ArrayBuffer>
  give(buffer: Uint8Array<ArrayBuffer>): void
}

export function createBuffers(): Buffers {
  const spares = SIZES.map((bytes) => ({ bytes, buffers: [] as Uint8Array<ArrayBuffer>[] }))
  return { take, give }

  function take(bytesMin: number): Uint8Array<ArrayBuffer> {
    for (const size of spares) {
      if (size.bytes >= bytesMin) return size.buffers.pop() ?? new Uint8Array(size.bytes)
    }
    return new Uint8Array(bytesMin)
  }

  function give(buffer: Uint8Array<ArrayBuffer>): void {
    for (const size of spares) {
      if (size.bytes === buffer.length && size.buffers.length < SPARES_MAX) size.buffers.push(buffer)
    }
  }
}
