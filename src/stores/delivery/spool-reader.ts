import { open } from 'node:fs/promises'
import { invariant } from '../../base/index.ts'
import type { Parcel } from './parcel.ts'
import type { Range } from './ranges.ts'
import { createRecordCursor, type RecordCursor } from './record-cursor.ts'
import { endOf, SEGMENT_HEAD_BYTES, type Segment, type Segments } from './segments.ts'

/** Parcels that were taken one after the other, and their numbers. */
export interface ReadParcels {
  readonly parcels: readonly Parcel[]
  readonly range: Range
}

export interface SpoolReader {
  /**
   * The oldest parcels that are not handed out yet, of one segment, and hands them out; undefined if there
   * are none. Rejects as the system does, where it may do better later. Only one call at a time.
   */
  read(bytesMax: number, countMax: number): Promise<ReadParcels | undefined>
  close(): Promise<void>
}

interface OpenedSegment {
  readonly segment: Segment
  readonly cursor: RecordCursor
  /** Number of the record at the cursor. */
  number: number
}

/** `onDamage` hears of a segment whose rest, from a number on, cannot be read. */
export function createSpoolReader(
  segments: Segments,
  onDamage: (segment: Segment, range: Range) => void,
): SpoolReader {
  const { list, handedOut } = segments
  let opened: OpenedSegment | undefined
  return { read, close }

  async function read(bytesMax: number, countMax: number): Promise<ReadParcels | undefined> {
    while (handedOut.low < segments.next) {
      const reading = await openNext()
      // Else the segment was dropped meanwhile, or cannot be read.
      if (reading === undefined) continue
      const parcels = await readFrom(reading, bytesMax, countMax)
      if (parcels.length === 0) continue
      const range = { from: reading.number - parcels.length, to: reading.number }
      handedOut.add(range)
      return { parcels, range }
    }
    await close()
    return undefined
  }

  async function openNext(): Promise<OpenedSegment | undefined> {
    if (opened !== undefined && list.includes(opened.segment) && handedOut.low < endOf(opened.segment)) {
      return opened
    }
    await close()
    const number = handedOut.low
    if (number >= segments.next) return undefined
    const segment = list.find((one) => number < endOf(one))
    invariant(
      segment !== undefined && segment.first <= number,
      'a parcel of the spool is in none of its files',
    )
    try {
      const handle = await open(segment.path, 'r')
      opened = { segment, cursor: createRecordCursor(handle, SEGMENT_HEAD_BYTES), number: segment.first }
      return opened
    } catch (error) {
      if (!isLost(error)) throw error
      onDamage(segment, { from: segment.first, to: endOf(segment) })
      return undefined
    }
  }

  async function readFrom(reading: OpenedSegment, bytesMax: number, countMax: number): Promise<Parcel[]> {
    const { segment, cursor } = reading
    const parcels: Parcel[] = []
    let bytes = 0
    while (parcels.length < countMax && reading.number < endOf(segment)) {
      const isWanted = !handedOut.has(reading.number)
      if (!isWanted && parcels.length > 0) break
      const end = segment.bytes
      const record = cursor.take(end, isWanted && parcels.length > 0 ? bytesMax - bytes : Infinity)
      if (record.kind === 'full') break
      if (record.kind === 'more') {
        const isThere = await fill(reading, record.bytes, end)
        // Dropped while it was read: what was read of it is counted as dropped.
        if (!list.includes(segment)) return []
        if (isThere) continue
      }
      if (record.kind !== 'parcel') {
        onDamage(segment, { from: reading.number, to: endOf(segment) })
        break
      }
      reading.number += 1
      if (!isWanted) continue
      bytes += record.parcel.bytes.length
      parcels.push(record.parcel)
    }
    return parcels
  }

  async function fill({ cursor }: OpenedSegment, bytes: number, end: number): Promise<boolean> {
    try {
      return await cursor.fill(bytes, end)
    } catch (error) {
      if (!isLost(error)) throw error
      return false
    }
  }

  async function close(): Promise<void> {
    const closing = opened
    opened = undefined
    await closing?.cursor.handle.close()
  }
}

/** Whether it is the file, and no shortage of the moment. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'EIO' || code === 'ELOOP' || code === 'EISDIR'
}
