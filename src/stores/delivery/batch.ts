import type { Parcel } from './parcel.ts'
import type { Range } from './ranges.ts'
import type { Origin } from './refusals.ts'

/** Parcels that are sent together. */
export interface Batch {
  readonly parcels: readonly Parcel[]
  /** How many parcels were batched before its first: batches are sent in this order. */
  readonly ordinal: number
  /** Where its parcels, or the first of them, are in the spool; the others are in memory only. */
  kept: Range | undefined
  /** Held back until it is known whether the backend takes anything at all. */
  isParked: boolean
  sends: number
  /** The refused batch that this is a part of. */
  origin: Origin | undefined
}

export function createBatch(
  parcels: readonly Parcel[],
  ordinal: number,
  kept: Range | undefined,
  origin?: Origin,
): Batch {
  return { parcels, ordinal, kept, isParked: false, sends: 0, origin }
}

export function halvesOf({ parcels, ordinal, kept, origin }: Batch): readonly [Batch, Batch] {
  const middle = parcels.length >> 1
  return [
    createBatch(parcels.slice(0, middle), ordinal, partOf(kept, 0, middle), origin),
    createBatch(parcels.slice(middle), ordinal + middle, partOf(kept, middle, parcels.length), origin),
  ]
}

function partOf(kept: Range | undefined, start: number, end: number): Range | undefined {
  if (kept === undefined) return undefined
  const from = kept.from + start
  const to = Math.min(kept.to, kept.from + end)
  return from < to ? { from, to } : undefined
}

/** Puts it where its parcels' order wants it. */
export function insertInOrder(batches: Batch[], batch: Batch): void {
  const at = batches.findIndex(({ ordinal }) => ordinal > batch.ordinal)
  batches.splice(at === -1 ? batches.length : at, 0, batch)
}

export function takeOut(batches: Batch[], batch: Batch): void {
  const at = batches.indexOf(batch)
  if (at !== -1) batches.splice(at, 1)
}
