import type { Libc } from './libbpf.ts'

const PAGE_BYTES = 4096
const HEADER_BYTES = 8
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000
const LENGTH_MASK = 0x3fff_ffff

/** A record's fields lie in `view` from `at` on. All of it is borrowed: valid only until the call returns. */
export type OnRecord = (view: DataView, at: number) => void

export interface Ring {
  readonly fd: number
  readonly sizeBytes: number
  /** Hands over records until the ring is empty or about `bytesMax` were taken; gives the bytes taken. */
  drain(onRecord: OnRecord, bytesMax: number): number
}

/** Longer than any record: a chunk of payload and its fixed part. */
const RECORD_BYTES_MAX = 64 << 10

/**
 * The BPF ring buffer read in place (kernel: kernel/bpf/ringbuf.c): one page with our position, one with the
 * kernel's, then the data. The kernel offers the data twice in a row, so that no record is in two pieces;
 * that doubles the memory counted as ours, so we map it once and copy the one record a round that wraps.
 */
export function openRing(libc: Pick<Libc, 'map'>, fd: number, sizeBytes: number): Ring {
  const consumer = new BigUint64Array(libc.map(fd, 0, PAGE_BYTES, true), 0, 1)
  const readOnly = libc.map(fd, PAGE_BYTES, PAGE_BYTES + sizeBytes, false)
  const producer = new BigUint64Array(readOnly, 0, 1)
  const view = new DataView(readOnly, PAGE_BYTES)
  const wrapped = new Uint8Array(RECORD_BYTES_MAX)
  const wrappedView = new DataView(wrapped.buffer)
  let position = Number(Atomics.load(consumer, 0))
  return { fd, sizeBytes, drain }

  function drain(onRecord: OnRecord, bytesMax: number): number {
    const start = position
    const end = Math.min(Number(Atomics.load(producer, 0)), start + bytesMax)
    const giveBackBytes = sizeBytes >>> 4
    let given = start
    while (position < end) {
      const at = position % sizeBytes
      const header = view.getUint32(at, true)
      if (header & BUSY) break
      const bytes = ((header & LENGTH_MASK) + HEADER_BYTES + 7) & ~7
      if (!(header & DISCARDED)) {
        if (at + bytes <= sizeBytes) onRecord(view, at + HEADER_BYTES)
        else onRecord(unwrap(at, bytes), HEADER_BYTES)
      }
      position += bytes
      if (position - given >= giveBackBytes) {
        given = position
        Atomics.store(consumer, 0, BigInt(position))
      }
    }
    if (position !== given) Atomics.store(consumer, 0, BigInt(position))
    return position - start
  }

  function unwrap(at: number, bytes: number): DataView {
    const first = sizeBytes - at
    wrapped.set(new Uint8Array(readOnly, PAGE_BYTES + at, first))
    wrapped.set(new Uint8Array(readOnly, PAGE_BYTES, bytes - first), first)
    return wrappedView
  }
}
