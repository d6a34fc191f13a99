import type { Libc } from './libbpf.ts'

const PAGE_BYTES = 4096
const HEADER_BYTES = 8
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000
const LENGTH_MASK = 0x3fff_ffff

/**
 * A record's fields lie in `view` from `at` on. All of it is borrowed: valid only until the call returns; the
 * same memory shows other records later.
 */
export type OnRecord = (view: DataView, at: number) => void

export interface Ring {
  readonly fd: number
  readonly sizeBytes: number
  /** Hands over records until the ring is empty or about `bytesMax` were taken; gives the bytes taken. */
  drain(onRecord: OnRecord, bytesMax: number): number
  /** True when the last drain handed over all that was there when it began. */
  caughtUp(): boolean
}

const RING_BYTES_MIN = 16 << 20
const RING_BYTES_MAX = 128 << 20
const RING_SHARE = 64

/**
 * Size for the ring buffer, a power of two: a 64th of the machine's memory, 16 MiB at least and 128 MiB at
 * most.
 */
export function ringBytesFor(memoryBytes: number): number {
  const share = 2 ** Math.floor(Math.log2(memoryBytes / RING_SHARE))
  return Math.min(RING_BYTES_MAX, Math.max(RING_BYTES_MIN, share))
}

/** Longer than any record: a chunk of payload and its fixed part. */
const RECORD_BYTES_MAX = 64 << 10

/** Of the ring buffer's data that is mapped at a time, and so counted as our memory. */
const WINDOW_BYTES = 4 << 20

/**
 * The BPF ring buffer read in place (kernel: kernel/bpf/ringbuf.c): one page with our position, one with the
 * kernel's, then the data, twice in a row, so that no record is in two pieces. We see the data through a
 * window that moves on with us; the rest of the ring buffer is the kernel's memory alone.
 */
export function openRing(
  libc: Pick<Libc, 'map' | 'mapWindow'>,
  fd: number,
  sizeBytes: number,
  stepBytes = WINDOW_BYTES,
): Ring {
  const consumer = new BigUint64Array(libc.map(fd, 0, PAGE_BYTES, true), 0, 1)
  const producer = new BigUint64Array(libc.map(fd, PAGE_BYTES, PAGE_BYTES, false), 0, 1)
  const windowBytes = Math.min(stepBytes, sizeBytes) + RECORD_BYTES_MAX
  const window = libc.mapWindow(fd, 2 * PAGE_BYTES, windowBytes)
  const view = new DataView(window.memory)
  let windowAt = 0
  let position = Number(Atomics.load(consumer, 0))
  let filledTo = position
  return { fd, sizeBytes, drain, caughtUp: () => position >= filledTo }

  function drain(onRecord: OnRecord, bytesMax: number): number {
    const start = position
    filledTo = Number(Atomics.load(producer, 0))
    const end = Math.min(filledTo, start + bytesMax)
    const giveBackBytes = sizeBytes >>> 4
    let given = start
    while (position < end) {
      const at = offsetInWindow(position % sizeBytes)
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

  /** Moves the window when the record that begins at `offset` of the data may not lie in it whole. */
  function offsetInWindow(offset: number): number {
    const at = offset - windowAt
    if (at >= 0 && at + RECORD_BYTES_MAX <= windowBytes) return at
    windowAt = offset - (offset % PAGE_BYTES)
    window.move(2 * PAGE_BYTES + windowAt)
    return offset - windowAt
  }
}
