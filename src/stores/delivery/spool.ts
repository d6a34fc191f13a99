import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lockFolder } from './folder-lock.ts'
import type { Parcel } from './parcel.ts'
import { openPosition } from './position.ts'
import type { Range } from './ranges.ts'
import { recordBytes } from './record.ts'
import { createSegmentWriter } from './segment-writer.ts'
import {
  endOf,
  findSegments,
  removeSegment,
  SEGMENT_HEAD_BYTES,
  type Segment,
  type Segments,
} from './segments.ts'
import { createSpoolReader, type ReadParcels } from './spool-reader.ts'

const SEGMENT_BYTES_MAX = 8 * 1024 * 1024
/** So many segments or more make a full spool, for the oldest is dropped as a whole. */
const SEGMENTS_MIN = 16

/** Parcels on disk, numbered as they came. They are sent in this order, and delivered in any. */
export interface Spool {
  /** Of all its files. */
  readonly bytes: number
  /** Parcels that are not delivered. */
  readonly count: number
  /** Parcels that nobody has in memory. */
  readonly unread: number
  /** `found`: left by former runs. `dropped`: went with the oldest file. `damaged`: cannot be read back. */
  readonly stats: Readonly<{ found: number; dropped: number; damaged: number }>
  /** False for a parcel that is larger than the whole spool may be: it is to be counted by `tooLarge`. */
  canHold(parcel: Parcel): boolean
  tooLarge(): void
  /**
   * Appends them, and has given them to the kernel when it returns: fewer than all, the first of them, where
   * the system gave an error. `inMemory`: their taker goes on having them.
   */
  append(parcels: readonly Parcel[], inMemory: boolean): { readonly range: Range; readonly error: unknown }
  /** The oldest unread ones; undefined if there are none. Rejects as the system does. One call at a time. */
  read(bytesMax: number, countMax: number): Promise<ReadParcels | undefined>
  /** Notes that they are delivered, or will never be. */
  acknowledge(range: Range): void
  /** How many of these are on disk still. */
  holds(range: Range): number
  close(): Promise<void>
}

/**
 * Opens the spool that a former run has left, or a new one. Rejects with `FolderInUse`, or as the system
 * does.
 */
export async function openSpool(folder: string, bytesMax: number): Promise<Spool> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const letGo = await lockFolder(folder)
  try {
    const position = openPosition(join(folder, 'position'))
    try {
      const segments = await findSegments(folder, position.delivered)
      return useSegments(folder, segments, bytesMax, position.file, letGo)
    } catch (error) {
      position.file.close()
      throw error
    }
  } catch (error) {
    await letGo()
    throw error
  }
}

function useSegments(
  folder: string,
  segments: Segments,
  bytesMax: number,
  position: ReturnType<typeof openPosition>['file'],
  letGo: () => Promise<void>,
): Spool {
  const { list, handedOut, delivered } = segments
  const stats = { found: countWaiting(), dropped: 0, damaged: 0 }
  const segmentBytesMax = Math.min(SEGMENT_BYTES_MAX, Math.ceil(bytesMax / SEGMENTS_MIN))
  const writer = createSegmentWriter({ folder, segments, segmentBytesMax, makeRoom })
  const reader = createSpoolReader(segments, onDamage)
  note()
  return {
    get bytes() {
      return segments.bytes
    },
    get count() {
      return countWaiting()
    },
    get unread() {
      return segments.next - handedOut.low - handedOut.aboveCount
    },
    stats,
    canHold: (parcel) => recordBytes(parcel) + 2 * SEGMENT_HEAD_BYTES <= bytesMax,
    tooLarge: () => {
      stats.dropped += 1
    },
    append,
    read: reader.read,
    acknowledge,
    holds: (range) => range.to - range.from - delivered.countIn(range),
    close,
  }

  function countWaiting(): number {
    return segments.next - delivered.low - delivered.aboveCount
  }

  function append(parcels: readonly Parcel[], inMemory: boolean): { range: Range; error: unknown } {
    const from = segments.next
    const { written, error } = writer.append(parcels)
    const range = { from, to: from + written }
    if (inMemory) handedOut.add(range)
    return { range, error }
  }

  function acknowledge(range: Range): void {
    delivered.add(range)
    note()
  }

  /** First the position, then the files: whoever is killed in between removes them at the next start. */
  function note(): void {
    try {
      position.write(delivered)
    } catch {
      // A crash would deliver again what was delivered since; nothing is lost.
    }
    for (let oldest = list[0]; oldest !== undefined; oldest = list[0]) {
      if (endOf(oldest) > delivered.low) return
      remove(oldest)
    }
  }

  function remove(segment: Segment): void {
    if (segment === writer.current) writer.end()
    removeSegment(segments, segment)
  }

  function makeRoom(bytes: number): void {
    while (segments.bytes + bytes > bytesMax) {
      const [oldest] = list
      if (oldest === undefined) return
      const range = { from: oldest.first, to: endOf(oldest) }
      // Those in memory may be delivered still, and are counted by whoever has them.
      stats.dropped += range.to - range.from - handedOut.countIn(range)
      handedOut.add(range)
      delivered.add(range)
      remove(oldest)
    }
  }

  function onDamage(segment: Segment, range: Range): void {
    stats.damaged += range.to - range.from - handedOut.countIn(range)
    if (segment === writer.current) writer.end()
    handedOut.add(range)
    acknowledge(range)
  }

  async function close(): Promise<void> {
    note()
    writer.end()
    await reader.close()
    position.close()
    await letGo()
  }
}
