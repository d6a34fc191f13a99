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

/**
 * The BPF ring buffer read in place (kernel: kernel/bpf/ringbuf.c): one page with our position, one with the kernel's,
 * then the data twice in a row, so that a record that wraps around still lies in one piece.
 */
export function openRing(libc: Libc, fd: number, sizeBytes: number): Ring {
  const consumer = new BigUint64Array(libc.map(fd, 0, PAGE_BYTES, true), 0, 1)
  const readOnly = libc.map(fd, PAGE_BYTES, PAGE_BYTES + 2 * sizeBytes, false)
  const producer = new BigUint64Array(readOnly, 0, 1)
  const view = new DataView(readOnly, PAGE_BYTES)
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
      if (!(header & DISCARDED)) onRecord(view, at + HEADER_BYTES)
      position += ((header & LENGTH_MASK) + HEADER_BYTES + 7) & ~7
      if (position - given >= giveBackBytes) {
        given = position
        Atomics.store(consumer, 0, BigInt(position))
      }
    }
    if (position !== given) Atomics.store(consumer, 0, BigInt(position))
    return position - start
  }
}
