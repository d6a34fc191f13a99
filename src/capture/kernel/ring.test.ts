import { expect, test } from 'vitest'
import type { Libc } from './libbpf.ts'
import { openRing, ringBytesFor } from './ring.ts'

const PAGE_BYTES = 4096
const SIZE_BYTES = 8192
const BUSY = 0x8000_0000
const DISCARDED = 0x4000_0000

/**
 * The kernel's side of a ring buffer: a page with the reader's position, one with the writer's, the data. It
 * writes where the reader has given back, as bpf_ringbuf_reserve does, and maps what it is asked for.
 */
function fakeKernel(start = 0n) {
  const consumer = new ArrayBuffer(PAGE_BYTES)
  const producer = new ArrayBuffer(PAGE_BYTES)
  const read = new BigUint64Array(consumer, 0, 1)
  const written = new BigUint64Array(producer, 0, 1)
  const data = new Uint8Array(SIZE_BYTES)
  read[0] = written[0] = start
  const mapped: (readonly [offset: number, writable: boolean])[] = []
  let window = new Uint8Array(0)
  let windowAt = 0
  let moves = 0
  const libc: Pick<Libc, 'map' | 'mapWindow'> = {
    map(_, offset, length, writable) {
      mapped.push([offset, writable])
      expect(length).toBe(PAGE_BYTES)
      return offset === 0 ? consumer : producer
    },
    mapWindow(_, offset, length) {
      const memory = new ArrayBuffer(length)
      window = new Uint8Array(memory)
      show(offset)
      return { memory, move }
    },
  }
  return {
    libc,
    mapped,
    write,
    settle,
    moves: () => moves,
    positions: () => ({ read: Number(read[0]), written: Number(written[0]) }),
  }

  function move(offset: number): void {
    expect(offset % PAGE_BYTES).toBe(0)
    moves += 1
    show(offset)
  }

  function show(offset: number): void {
    windowAt = offset - 2 * PAGE_BYTES
    window.forEach((_, index) => {
      window[index] = data[(windowAt + index) % SIZE_BYTES] ?? 0
    })
  }

  /** Gives where the record's header lies; false when there is no room. */
  function write(payload: Uint8Array, flags = 0): bigint | false {
    const bytes = BigInt((payload.length + 8 + 7) & ~7)
    const at = written[0] ?? 0n
    if (at + bytes - (read[0] ?? 0n) > BigInt(SIZE_BYTES)) return false
    const record = new Uint8Array(Number(bytes))
    new DataView(record.buffer).setUint32(0, (payload.length | flags) >>> 0, true)
    record.set(payload, 8)
    record.forEach((byte, index) => {
      data[Number((at + BigInt(index)) % BigInt(SIZE_BYTES))] = byte
    })
    written[0] = at + bytes
    show(windowAt + 2 * PAGE_BYTES)
    return at
  }

  /** Ends a record that was busy. */
  function settle(at: bigint): void {
    const offset = Number(at % BigInt(SIZE_BYTES))
    data[offset + 3] = (data[offset + 3] ?? 0) & 0x7f
    show(windowAt + 2 * PAGE_BYTES)
  }
}

function payload(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (seed * 31 + index) & 0xff)
}

/** Reader that copies what it is given: the record's length stands before it. */
function collector() {
  const records: Uint8Array[] = []
  return { records, onRecord }

  function onRecord(view: DataView, at: number): void {
    const length = view.getUint32(at - 8, true) & 0x3fff_ffff
    records.push(new Uint8Array(view.buffer, view.byteOffset + at, length).slice())
  }
}

test('records come in their order, once each, and their room is given back', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { records, onRecord } = collector()
  const payloads = [payload(1, 1), payload(8, 2), payload(13, 3)]
  for (const bytes of payloads) kernel.write(bytes)
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(16 + 16 + 24)
  expect(records).toEqual(payloads)
  expect(kernel.positions()).toEqual({ read: 56, written: 56 })
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(0)
  expect(records).toHaveLength(3)
})

test('a drain that left something of what was there has not caught up', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { onRecord } = collector()
  expect(ring.caughtUp()).toBe(true)
  kernel.write(payload(100, 1))
  kernel.write(payload(100, 2))
  ring.drain(onRecord, 50)
  expect(ring.caughtUp()).toBe(false)
  ring.drain(onRecord, SIZE_BYTES)
  expect(ring.caughtUp()).toBe(true)
  const busy = kernel.write(payload(8, 3), BUSY)
  ring.drain(onRecord, SIZE_BYTES)
  expect(ring.caughtUp()).toBe(false)
  if (busy !== false) kernel.settle(busy)
  ring.drain(onRecord, SIZE_BYTES)
  expect(ring.caughtUp()).toBe(true)
})

test('only the page of our own position is mapped to be written', () => {
  const kernel = fakeKernel()
  openRing(kernel.libc, 3, SIZE_BYTES)
  expect(kernel.mapped).toEqual([
    [0, true],
    [PAGE_BYTES, false],
  ])
})

test.for([0n, 2n ** 32n - 4096n, 2n ** 40n + 8n])(
  'records are whole over many rounds, from position %d on',
  (start) => {
    const kernel = fakeKernel(start)
    const ring = openRing(kernel.libc, 3, SIZE_BYTES)
    const { records, onRecord } = collector()
    const sent: Uint8Array[] = []
    for (let number = 0; number < 200; number += 1) {
      const bytes = payload((number * 397) % 3000, number)
      if (kernel.write(bytes) === false) {
        ring.drain(onRecord, SIZE_BYTES)
        expect(kernel.write(bytes)).not.toBe(false)
      }
      sent.push(bytes)
    }
    ring.drain(onRecord, SIZE_BYTES)
    expect(records).toEqual(sent)
    const { read, written } = kernel.positions()
    expect(read).toBe(written)
    expect(written - Number(start)).toBeGreaterThan(20 * SIZE_BYTES)
  },
)

test('records are whole when the window over the data is smaller than the data', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES, PAGE_BYTES / 2)
  const { records, onRecord } = collector()
  const sent = Array.from({ length: 60 }, (_, number) => payload((number * 397) % 3000, number))
  for (const bytes of sent) {
    expect(kernel.write(bytes)).not.toBe(false)
    ring.drain(onRecord, SIZE_BYTES)
  }
  expect(records).toEqual(sent)
  expect(kernel.moves()).toBeGreaterThan(10)
})

test('nothing behind a record that is still being written is taken before it is done', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { records, onRecord } = collector()
  kernel.write(payload(8, 1))
  const busy = kernel.write(payload(8, 2), BUSY)
  kernel.write(payload(8, 3))
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(16)
  expect(records).toHaveLength(1)
  if (busy !== false) kernel.settle(busy)
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(32)
  expect(records).toEqual([payload(8, 1), payload(8, 2), payload(8, 3)])
})

test('a record that was thrown away is passed over', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { records, onRecord } = collector()
  kernel.write(payload(100, 1), DISCARDED)
  kernel.write(payload(8, 2))
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(112 + 16)
  expect(records).toEqual([payload(8, 2)])
})

test('a portion ends with the record that fills it, the next goes on there', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { records, onRecord } = collector()
  for (let number = 0; number < 10; number += 1) kernel.write(payload(92, number))
  expect(ring.drain(onRecord, 250)).toBe(312)
  expect(kernel.positions().read).toBe(312)
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(7 * 104)
  expect(records.map((bytes) => bytes[0])).toEqual(
    Array.from({ length: 10 }, (_, number) => (number * 31) & 0xff),
  )
})

test('room is given back while a long portion is taken, so that the kernel can go on writing', () => {
  const kernel = fakeKernel()
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  for (let number = 0; number < 60; number += 1) kernel.write(payload(120, number))
  const reads: number[] = []
  ring.drain(() => reads.push(kernel.positions().read), SIZE_BYTES)
  expect(new Set(reads).size).toBeGreaterThan(10)
  expect(reads.every((read, index) => read <= index * 128)).toBe(true)
})

test('a ring that was read before is read on from there', () => {
  const kernel = fakeKernel(2n ** 33n)
  const ring = openRing(kernel.libc, 3, SIZE_BYTES)
  const { records, onRecord } = collector()
  expect(ring.drain(onRecord, SIZE_BYTES)).toBe(0)
  kernel.write(payload(5, 1))
  ring.drain(onRecord, SIZE_BYTES)
  expect(records).toEqual([payload(5, 1)])
})

test.for([
  [2 ** 29, 16],
  [2 * 2 ** 30, 32],
  [3.9 * 2 ** 30, 32],
  [24 * 2 ** 30, 128],
  [2 ** 40, 128],
])('a machine of %d bytes has a ring buffer of %d MiB', ([memoryBytes = 0, mib = 0]) => {
  expect(ringBytesFor(memoryBytes)).toBe(mib * 2 ** 20)
})
