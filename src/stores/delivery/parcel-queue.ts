import type { Parcel } from './parcel.ts'

const SLOTS_MIN = 64

/** Parcels in memory, first in, first out; `bytes` are those of the parcels and of their receipts. */
export interface ParcelQueue {
  readonly bytes: number
  readonly count: number
  push(parcel: Parcel): void
  shift(): Parcel | undefined
  /** From the oldest on, without taking them out: as many as fit, and always one. */
  peek(bytesMax: number, countMax: number): readonly Parcel[]
}

export function parcelBytes(parcel: Parcel): number {
  return parcel.bytes.length + parcel.receipt.length
}

export function createParcelQueue(): ParcelQueue {
  let slots: (Parcel | undefined)[] = emptySlots(SLOTS_MIN)
  let first = 0
  let count = 0
  let bytes = 0
  return {
    get bytes() {
      return bytes
    },
    get count() {
      return count
    },
    push,
    shift,
    peek,
  }

  function push(parcel: Parcel): void {
    if (count === slots.length) resize(count * 2)
    slots[(first + count) & (slots.length - 1)] = parcel
    count += 1
    bytes += parcelBytes(parcel)
  }

  function shift(): Parcel | undefined {
    const parcel = slots[first]
    if (parcel === undefined) return undefined
    slots[first] = undefined
    first = (first + 1) & (slots.length - 1)
    count -= 1
    bytes -= parcelBytes(parcel)
    if (count < slots.length / 8 && slots.length > SLOTS_MIN) resize(slots.length / 2)
    return parcel
  }

  function peek(bytesMax: number, countMax: number): readonly Parcel[] {
    const peeked: Parcel[] = []
    let total = 0
    for (let index = 0; index < count && peeked.length < countMax; index += 1) {
      const parcel = slots[(first + index) & (slots.length - 1)]
      if (parcel === undefined) break
      total += parcel.bytes.length
      if (total > bytesMax && peeked.length > 0) break
      peeked.push(parcel)
    }
    return peeked
  }

  /** The number of slots stays a power of two. */
  function resize(size: number): void {
    const next: (Parcel | undefined)[] = emptySlots(size)
    for (let index = 0; index < count; index += 1) next[index] = slots[(first + index) & (slots.length - 1)]
    slots = next
    first = 0
  }
}

function emptySlots(length: number): (Parcel | undefined)[] {
  return Array.from<Parcel | undefined>({ length }).fill(undefined)
}
