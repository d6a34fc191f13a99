import { APPLICATION_DATA, RECORD_HEADER_BYTES, RECORD_PAYLOAD_BYTES_MAX } from './aead.ts'
import type { Buffers } from './buffers.ts'

const RECORD_BYTES_MAX = RECORD_HEADER_BYTES + RECORD_PAYLOAD_BYTES_MAX
// A nonce of TLS 1.2 or the inner type of TLS 1.3, and a tag.
const SEALED_BYTES_MIN = 17

/** What the framing finds. Records are borrowed: valid only until the call returns. */
export interface FramingSink {
  /** A whole record: `length` bytes at `at`, with its header. */
  record(bytes: Uint8Array, at: number, length: number): void
  /** One record was hit by a gap, and its end is known. `length` counts its header. */
  lostRecord(type: number, length: number): void
  /** An unknown number of records was lost: a gap over a record's end, or bytes that are no record. */
  lostRecords(missingBytes: number): void
  /** After `lostRecords`: these bytes look like a record. True when they are one (it was taken then). */
  prove(bytes: Uint8Array, at: number, length: number): boolean
}

/** Cuts one direction's stream into records. Takes chunks of any size; holds at most two records' bytes. */
export interface Framing {
  bytes(chunk: Uint8Array): void
  gap(missingBytes: number): void
  /** Gives back what is held. */
  close(): void
}

const NOTHING = new Uint8Array(0)

/**
 * Whole records are given out of the chunk itself; only a record that a chunk's end cuts is copied.
 * After a loss of unknown extent it looks for `17 03 03` and a plausible length, first where a chunk begins,
 * and believes only what the sink proves.
 */
export function createFraming(sink: FramingSink, buffers: Buffers): Framing {
  let pending = NOTHING
  let pendingBytes = 0
  let skipBytes = 0
  let searching = false
  return { bytes, gap, close }

  function bytes(chunk: Uint8Array): void {
    let at = 0
    if (skipBytes > 0) {
      at = Math.min(skipBytes, chunk.length)
      skipBytes -= at
    }
    while (at < chunk.length) {
      if (searching) at = search(chunk, at)
      else at = pendingBytes > 0 ? complete(chunk, at) : cut(chunk, at)
    }
  }

  function cut(chunk: Uint8Array, from: number): number {
    let at = from
    while (chunk.length - at >= RECORD_HEADER_BYTES) {
      const length = recordBytes(chunk, at)
      if (length === 0) {
        lose(0)
        return at
      }
      if (chunk.length - at < length) break
      sink.record(chunk, at, length)
      at += length
    }
    if (at < chunk.length) keep(chunk, at, chunk.length)
    return chunk.length
  }

  function complete(chunk: Uint8Array, from: number): number {
    let at = from
    if (pendingBytes < RECORD_HEADER_BYTES) {
      at = keep(chunk, at, at + RECORD_HEADER_BYTES - pendingBytes)
      if (pendingBytes < RECORD_HEADER_BYTES) return at
    }
    const length = recordBytes(pending, 0)
    if (length === 0) {
      // The sink hears of the loss before the search begins with the bytes that are no header.
      const header = pending.slice(0, pendingBytes)
      lose(0)
      search(header, 0)
      return at
    }
    at = keep(chunk, at, at + length - pendingBytes)
    if (pendingBytes < length) return at
    sink.record(pending, 0, length)
    release()
    return at
  }

  function keep(chunk: Uint8Array, from: number, to: number): number {
    const end = Math.min(to, chunk.length)
    if (pending.length < pendingBytes + end - from) {
      const larger = buffers.take(pendingBytes + end - from)
      larger.set(pending.subarray(0, pendingBytes))
      buffers.give(pending)
      pending = larger
    }
    pending.set(chunk.subarray(from, end), pendingBytes)
    pendingBytes += end - from
    return end
  }

  function gap(missingBytes: number): void {
    if (skipBytes >= missingBytes) {
      skipBytes -= missingBytes
      return
    }
    const beyond = missingBytes - skipBytes
    skipBytes = 0
    const isCut = !searching && pendingBytes >= RECORD_HEADER_BYTES
    const type = pending[0] ?? 0
    const length = isCut ? recordBytes(pending, 0) : 0
    const restBytes = length - pendingBytes
    if (length === 0 || beyond > restBytes) {
      lose(beyond)
      return
    }
    release()
    skipBytes = restBytes - beyond
    sink.lostRecord(type, length)
  }

  function lose(missingBytes: number): void {
    release()
    searching = true
    sink.lostRecords(missingBytes)
  }

  function release(): void {
    if (pending.length > 0) buffers.give(pending)
    pending = NOTHING
    pendingBytes = 0
  }

  function close(): void {
    release()
    skipBytes = 0
  }

  /** Adds what fits to what is held, proves what looks like a record, and keeps what may still become one. */
  function search(chunk: Uint8Array, from: number): number {
    const end = keep(chunk, from, from + 2 * RECORD_BYTES_MAX - pendingBytes)
    let at = 0
    for (;;) {
      at = nextCandidate(pending, at, pendingBytes)
      const leftBytes = pendingBytes - at
      if (leftBytes < RECORD_HEADER_BYTES) break
      const length = recordBytes(pending, at)
      if (leftBytes < length) break
      if (!sink.prove(pending, at, length)) {
        at += 1
        continue
      }
      searching = false
      const rest = pending.slice(at + length, pendingBytes)
      release()
      bytes(rest)
      return end
    }
    pending.copyWithin(0, at, pendingBytes)
    pendingBytes -= at
    if (pendingBytes === 0) release()
    return end
  }
}

/** Length of the record at `at` with its header; 0 when no record can begin like this. */
function recordBytes(bytes: Uint8Array, at: number): number {
  const type = bytes[at] ?? 0
  const payloadBytes = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)
  if (type < 20 || type > 24 || bytes[at + 1] !== 3 || payloadBytes > RECORD_PAYLOAD_BYTES_MAX) return 0
  return RECORD_HEADER_BYTES + payloadBytes
}

/**
 * Where application data may begin, at or after `from`: as much of a header as there is before `end` fits.
 */
function nextCandidate(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    at = bytes.indexOf(APPLICATION_DATA, at)
    if (at === -1 || at >= end) return end
    if (end - at > 1 && bytes[at + 1] !== 3) continue
    if (end - at > 2 && bytes[at + 2] !== 3) continue
    if (end - at < RECORD_HEADER_BYTES) return at
    const length = recordBytes(bytes, at)
    if (length >= RECORD_HEADER_BYTES + SEALED_BYTES_MIN) return at
  }
  return end
}
