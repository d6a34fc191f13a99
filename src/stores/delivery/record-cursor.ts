import type { FileHandle } from 'node:fs/promises'
import { type ReadRecord, readRecord } from './record.ts'

/** Small enough that the records of a piece are checked within a millisecond or two. */
const PIECE_BYTES = 256 * 1024

/** Reads records one after the other, and the file by pieces. */
export interface RecordCursor {
  readonly handle: FileHandle
  /** Where the next record begins. */
  readonly offset: number
  /**
   * The next record, if it is in memory and its parcel has no more bytes than `bytesMax`, and then steps over
   * it; `end` is where the file's records end.
   */
  take(end: number, bytesMax: number): ReadRecord | { readonly kind: 'full' }
  /** Reads so many bytes or more; false if the file is shorter than was said. Rejects as the system does. */
  fill(bytes: number, end: number): Promise<boolean>
}

export function createRecordCursor(handle: FileHandle, start: number): RecordCursor {
  let offset = start
  let piece = Buffer.alloc(0)
  let pieceAt = start
  return {
    handle,
    get offset() {
      return offset
    },
    take,
    fill,
  }

  function take(end: number, bytesMax: number): ReadRecord | { readonly kind: 'full' } {
    const record = readRecord(piece, offset - pieceAt, end - offset)
    if (record.kind === 'parcel' && record.parcel.bytes.length > bytesMax) return { kind: 'full' }
    if (record.kind === 'parcel') offset = pieceAt + record.end
    return record
  }

  async function fill(bytes: number, end: number): Promise<boolean> {
    const size = Math.max(bytes, Math.min(PIECE_BYTES, end - offset))
    const next = Buffer.allocUnsafe(size)
    const from = offset
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await handle.read(next, filled, size - filled, from + filled)
      if (bytesRead === 0) return false
      filled += bytesRead
    }
    piece = next
    pieceAt = from
    return true
  }
}
