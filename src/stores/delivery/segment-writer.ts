import { closeSync, ftruncateSync } from 'node:fs'
import type { Parcel } from './parcel.ts'
import { recordBytes, writeRecordHead } from './record.ts'
import {
  createSegment,
  endOf,
  removeSegment,
  SEGMENT_HEAD_BYTES,
  type Segment,
  type Segments,
  writeAll,
} from './segments.ts'

const STAGING_BYTES = 1024 * 1024

export interface SegmentWriter {
  /** The segment that parcels are appended to. */
  readonly current: Segment | undefined
  /** How many are written: fewer than all, the first of them, where the system gave an error. */
  append(parcels: readonly Parcel[]): { readonly written: number; readonly error: unknown }
  /** The next parcel begins a new segment. */
  end(): void
}

interface WriterOptions {
  readonly folder: string
  readonly segments: Segments
  readonly segmentBytesMax: number
  /** Called before so many bytes more are on disk. */
  readonly makeRoom: (bytes: number) => void
}

/** Appends by `write` at once: what is appended is in the kernel's hands, and outlives the process. */
export function createSegmentWriter({
  folder,
  segments,
  segmentBytesMax,
  makeRoom,
}: WriterOptions): SegmentWriter {
  let opened: { readonly segment: Segment; readonly descriptor: number } | undefined
  let staging: Buffer | undefined
  let staged = { bytes: 0, count: 0 }
  const writer: SegmentWriter = {
    get current() {
      return opened?.segment
    },
    append,
    end,
  }
  return writer

  function append(parcels: readonly Parcel[]): { written: number; error: unknown } {
    const before = segments.next
    let error: unknown
    try {
      for (const parcel of parcels) appendOne(parcel)
      commit()
    } catch (thrown) {
      error = thrown
      giveUpStaged()
    }
    return { written: segments.next - before, error }
  }

  function appendOne(parcel: Parcel): void {
    const size = recordBytes(parcel)
    const current = opened?.segment
    const isFull = current !== undefined && current.bytes + staged.bytes + size > segmentBytesMax
    if (isFull && current.count + staged.count > 0) {
      commit()
      end()
    }
    // May drop, and so end, the current segment; what is staged goes to the next one then.
    makeRoom(staged.bytes + size + SEGMENT_HEAD_BYTES)
    if (opened === undefined) {
      opened = createSegment(folder, segments.next)
      segments.list.push(opened.segment)
      segments.bytes += opened.segment.bytes
    }
    staging ??= Buffer.allocUnsafeSlow(STAGING_BYTES)
    if (staged.bytes + size > STAGING_BYTES) commit()
    if (size > STAGING_BYTES) return writeLarge(parcel)
    const bytesAt = writeRecordHead(staging, staged.bytes, parcel)
    staging.set(parcel.bytes, bytesAt)
    staged = { bytes: staged.bytes + size, count: staged.count + 1 }
  }

  function writeLarge(parcel: Parcel): void {
    if (opened === undefined) return
    const head = Buffer.allocUnsafe(recordBytes(parcel) - parcel.bytes.length)
    writeRecordHead(head, 0, parcel)
    writeAll(opened.descriptor, head, opened.segment.bytes)
    writeAll(opened.descriptor, parcel.bytes, opened.segment.bytes + head.length)
    account(opened.segment, recordBytes(parcel), 1)
  }

  function commit(): void {
    if (staged.count === 0 || opened === undefined || staging === undefined) return
    writeAll(opened.descriptor, staging.subarray(0, staged.bytes), opened.segment.bytes)
    account(opened.segment, staged.bytes, staged.count)
    staged = { bytes: 0, count: 0 }
  }

  function account(segment: Segment, bytes: number, count: number): void {
    segment.bytes += bytes
    segments.bytes += bytes
    segment.count += count
    segments.next = endOf(segment)
  }

  /** What is half written is cut off, so that it takes no room; where even that fails, it is written over. */
  function giveUpStaged(): void {
    staged = { bytes: 0, count: 0 }
    if (opened === undefined) return
    try {
      ftruncateSync(opened.descriptor, opened.segment.bytes)
    } catch {}
  }

  function end(): void {
    if (opened === undefined) return
    const { segment, descriptor } = opened
    opened = undefined
    closeSync(descriptor)
    if (segment.count > 0) return
    // The next one has the same number.
    removeSegment(segments, segment)
  }
}
