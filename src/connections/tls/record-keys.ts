import { type Aead, APPLICATION_DATA, RECORD_HEADER_BYTES, TAG_BYTES } from './aead.ts'
import type { TrafficKeys } from './key-schedule.ts'
import { type Suite, TLS_1_3 } from './suites.ts'

const EXPLICIT_NONCE_BYTES = 8

/** One direction's keys of one epoch, ready to open its records. */
export interface RecordKeys {
  /**
   * Opens the record whose header is at `at` and that is `length` bytes with its header, as number `sequence`
   * of the epoch. Gives the number of bytes now in the AEAD's `plain`, or -1 when the tag does not verify.
   */
  open(record: Uint8Array, at: number, length: number, sequence: number): number
  /**
   * How many bytes of application data the record holds, by its length and its last byte alone: nothing is
   * proven. -1 when this cannot be told, and for a record that is padded or of another type.
   */
  dataBytes(record: Uint8Array, at: number, length: number, sequence: number): number
  close(): void
}

/** Takes over neither key nor IV: both are copied. */
export function openRecordKeys(aead: Aead, suite: Suite, keys: TrafficKeys): RecordKeys {
  const cipher = aead.cipher(suite.aead, keys.key)
  const iv = Uint8Array.from(keys.iv)
  const { nonce, additional } = aead
  const open = suite.version === TLS_1_3 ? openTls13 : suite.nonce === 'explicit' ? openExplicit : openDerived
  return { open, dataBytes, close }

  // RFC 8446 §5.2: the last byte that is not padding is the type of what is sealed.
  function dataBytes(record: Uint8Array, at: number, length: number, sequence: number): number {
    if (record[at] !== APPLICATION_DATA) return -1
    const sealedBytes = length - RECORD_HEADER_BYTES - TAG_BYTES
    if (suite.version !== TLS_1_3)
      return suite.nonce === 'explicit' ? sealedBytes - EXPLICIT_NONCE_BYTES : sealedBytes
    xorNonce(sequence)
    const last = cipher.lastByte(record, at + RECORD_HEADER_BYTES, length - RECORD_HEADER_BYTES)
    return last === APPLICATION_DATA ? sealedBytes - 1 : -1
  }

  // RFC 8446 §5.2: the additional data is the record's header.
  function openTls13(record: Uint8Array, at: number, length: number, sequence: number): number {
    xorNonce(sequence)
    for (let index = 0; index < RECORD_HEADER_BYTES; index += 1) additional[index] = record[at + index] ?? 0
    return cipher.open(record, at + RECORD_HEADER_BYTES, length - RECORD_HEADER_BYTES, RECORD_HEADER_BYTES)
  }

  // RFC 5288 §3: salt, then eight bytes from the record.
  function openExplicit(record: Uint8Array, at: number, length: number, sequence: number): number {
    const sealedAt = at + RECORD_HEADER_BYTES + EXPLICIT_NONCE_BYTES
    const sealedBytes = length - RECORD_HEADER_BYTES - EXPLICIT_NONCE_BYTES
    for (let index = 0; index < 4; index += 1) nonce[index] = iv[index] ?? 0
    for (let index = 4; index < 12; index += 1) nonce[index] = record[at + 1 + index] ?? 0
    return openTls12(record, at, sealedAt, sealedBytes, sequence)
  }

  // RFC 7905 §2.
  function openDerived(record: Uint8Array, at: number, length: number, sequence: number): number {
    xorNonce(sequence)
    return openTls12(record, at, at + RECORD_HEADER_BYTES, length - RECORD_HEADER_BYTES, sequence)
  }

  // RFC 5246 §6.2.3.3: sequence number, type, version, length of the plain text.
  function openTls12(
    record: Uint8Array,
    at: number,
    sealedAt: number,
    sealedBytes: number,
    sequence: number,
  ): number {
    const plainBytes = sealedBytes - TAG_BYTES
    if (plainBytes < 0) return -1
    const high = Math.floor(sequence / 2 ** 32)
    for (let index = 0; index < 4; index += 1) {
      additional[index] = high >>> (24 - 8 * index)
      additional[4 + index] = sequence >>> (24 - 8 * index)
    }
    for (let index = 0; index < 3; index += 1) additional[8 + index] = record[at + index] ?? 0
    additional[11] = plainBytes >>> 8
    additional[12] = plainBytes
    return cipher.open(record, sealedAt, sealedBytes, 13)
  }

  function xorNonce(sequence: number): void {
    const high = Math.floor(sequence / 2 ** 32)
    for (let index = 0; index < 4; index += 1) {
      const shift = 24 - 8 * index
      nonce[index] = iv[index] ?? 0
      nonce[4 + index] = (iv[4 + index] ?? 0) ^ (high >>> shift)
      nonce[8 + index] = (iv[8 + index] ?? 0) ^ (sequence >>> shift)
    }
  }

  function close(): void {
    cipher.close()
    iv.fill(0)
  }
}
