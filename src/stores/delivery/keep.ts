import { type Batch, takeOut } from './batch.ts'
import type { Parcel } from './parcel.ts'
import type { ParcelQueue } from './parcel-queue.ts'
import type { SpoolAccess } from './spool-access.ts'

/** Written at once; large enough for a good pace, and small enough to take a millisecond or two. */
const PIECE_BYTES = 512 * 1024
const PIECE_COUNT = 1024

/** What goes to the spool, and in which order: what is under way, what is to be sent again, what waits. */
interface KeepOptions {
  readonly access: SpoolAccess
  readonly queue: ParcelQueue
  /** Those that are under way, and those that are to be sent. */
  readonly batches: () => readonly Batch[]
}

export interface Keeping {
  /** Moves the oldest piece that is in memory only to the spool. False if there was none, or it failed. */
  step(): boolean
}

export function createKeeping({ access, queue, batches }: KeepOptions): Keeping {
  /** Batches with a parcel that is larger than the whole spool: they stay in memory. */
  const unkeepable: Batch[] = []
  return { step }

  function step(): boolean {
    const all = batches()
    for (const former of unkeepable.filter((batch) => !all.includes(batch))) takeOut(unkeepable, former)
    const [oldest] = all
      .filter((batch) => countKept(batch) < batch.parcels.length && !unkeepable.includes(batch))
      .toSorted((one, other) => one.ordinal - other.ordinal)
    return oldest === undefined ? keepQueued() : keepBatch(oldest)
  }

  function keepBatch(batch: Batch): boolean {
    const { spool } = access
    if (spool === undefined) return false
    const from = countKept(batch)
    if (from === 0 && !batch.parcels.every(spool.canHold)) {
      unkeepable.push(batch)
      return true
    }
    const { range, error } = spool.append(pieceOf(batch.parcels, from), true)
    if (batch.kept !== undefined && batch.kept.to !== range.from) {
      // Something came in between: what is kept of it is kept anew.
      spool.acknowledge(batch.kept)
      spool.acknowledge(range)
      batch.kept = undefined
    } else {
      batch.kept = { from: batch.kept?.from ?? range.from, to: range.to }
    }
    return isWritten(error)
  }

  function keepQueued(): boolean {
    const { spool } = access
    if (spool === undefined || queue.count === 0) return false
    const parcels = queue.peek(PIECE_BYTES, PIECE_COUNT)
    const tooLargeAt = parcels.findIndex((parcel) => !spool.canHold(parcel))
    if (tooLargeAt === 0) {
      queue.shift()
      spool.tooLarge()
      return true
    }
    const { range, error } = spool.append(tooLargeAt === -1 ? parcels : parcels.slice(0, tooLargeAt), false)
    for (let number = range.from; number < range.to; number += 1) queue.shift()
    return isWritten(error)
  }

  function isWritten(error: unknown): boolean {
    if (error === undefined) access.writeSucceeded()
    else access.writeFailed(error)
    return error === undefined
  }
}

/** Of a large batch the first ones may be in the spool already. */
function countKept({ kept }: Batch): number {
  return kept === undefined ? 0 : kept.to - kept.from
}

function pieceOf(parcels: readonly Parcel[], from: number): readonly Parcel[] {
  let bytes = 0
  let to = from
  for (let parcel = parcels[to]; parcel !== undefined && to - from < PIECE_COUNT; parcel = parcels[to]) {
    bytes += parcel.bytes.length
    if (bytes > PIECE_BYTES && to > from) break
    to += 1
  }
  return parcels.slice(from, to)
}
