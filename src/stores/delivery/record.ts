import { crc32 } from 'node:zlib'
import type { Parcel } from './parcel.ts'
import { parcelBytes } from './parcel-queue.ts'

/**
 * A parcel on disk: the length of its bytes, the length of its receipt, and the CRC-32 of these two, the
 * receipt and the bytes, four bytes each; then the receipt and the bytes.
 */
export const RECORD_HEAD_BYTES = 12
const CRC_AT = 8

export function recordBytes(parcel: Parcel): number {
  return RECORD_HEAD_BYTES + parcelBytes(parcel)
}

/** Writes the head and the receipt, and gives where the bytes come. */
export function writeRecordHead(target: Buffer, at: number, { bytes, receipt }: Parcel): number {
  target.writeUInt32LE(bytes.length, at)
  target.writeUInt32LE(receipt.length, at + 4)
  target.set(receipt, at + RECORD_HEAD_BYTES)
  let crc = crc32(target.subarray(at, at + CRC_AT))
  if (receipt.length > 0) crc = crc32(receipt, crc)
  target.writeUInt32LE(crc32(bytes, crc), at + CRC_AT)
  return at + RECORD_HEAD_BYTES + receipt.length
}

export type ReadRecord =
  | { readonly kind: 'parcel'; readonly parcel: Parcel; readonly end: number }
  /** So many bytes from `at` on are needed. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'damaged' }

/** `remaining` are all bytes of the file from `at` on; those of `source` may be fewer. */
export function readRecord(source: Buffer, at: number, remaining: number): ReadRecord {
  if (remaining < RECORD_HEAD_BYTES) return { kind: 'damaged' }
  if (source.length - at < RECORD_HEAD_BYTES) return { kind: 'more', bytes: RECORD_HEAD_BYTES }
  const bytesLength = source.readUInt32LE(at)
  const receiptLength = source.readUInt32LE(at + 4)
  const total = RECORD_HEAD_BYTES + receiptLength + bytesLength
  if (total > remaining) return { kind: 'damaged' }
  const end = at + total
  if (end > source.length) return { kind: 'more', bytes: total }
  const receiptAt = at + RECORD_HEAD_BYTES
  const bytesAt = receiptAt + receiptLength
  const crc = crc32(source.subarray(receiptAt, end), crc32(source.subarray(at, at + CRC_AT)))
  if (crc !== source.readUInt32LE(at + CRC_AT)) return { kind: 'damaged' }
  return {
    kind: 'parcel',
    parcel: { bytes: source.subarray(bytesAt, end), receipt: source.subarray(receiptAt, bytesAt) },
    end,
  }
}
