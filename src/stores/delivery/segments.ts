import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createRanges, type Range, type Ranges } from './ranges.ts'
import { RECORD_HEAD_BYTES } from './record.ts'
import { createRecordCursor } from './record-cursor.ts'

const MAGIC = 'qtapspl1'
export const SEGMENT_HEAD_BYTES = 16
const NAME_DIGITS = 16
const NUMBER_BYTES = 6
/** No spool gets so far; and all numbers below fit into their bytes. */
const NUMBER_MAX = 2 ** 47

/** A file of the spool: parcels that were taken one after the other, and numbered so. */
export interface Segment {
  readonly path: string
  /** Number of its first parcel: the file's name, too. */
  readonly first: number
  count: number
  /** Up to the end of its last whole record. */
  bytes: number
}

export function endOf(segment: Segment): number {
  return segment.first + segment.count
}

/** All files of a spool, and which of their parcels are handed out to be sent, and which are delivered. */
export interface Segments {
  /** The oldest first. */
  readonly list: Segment[]
  readonly handedOut: Ranges
  readonly delivered: Ranges
  /** Number that the next parcel gets. */
  next: number
  /** Of all files. */
  bytes: number
}

/** Creates the file of a segment and gives its descriptor. Throws what the system throws. */
export function createSegment(folder: string, first: number) {
  const path = join(folder, `${String(first).padStart(NAME_DIGITS, '0')}.parcels`)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    const head = Buffer.alloc(SEGMENT_HEAD_BYTES)
    head.write(MAGIC, 'latin1')
    head.writeUIntLE(first, MAGIC.length, NUMBER_BYTES)
    writeAll(descriptor, head, 0)
  } catch (error) {
    closeSync(descriptor)
    unlinkSync(path)
    throw error
  }
  const segment: Segment = { path, first, count: 0, bytes: SEGMENT_HEAD_BYTES }
  return { segment, descriptor }
}

/** Throws what the system throws; then some of it may be written. */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  let written = 0
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written)
  }
}

/** Removes a file that is no longer needed. One that cannot be removed is delivered again at worst. */
export function removeSegment(segments: Segments, segment: Segment): void {
  const at = segments.list.indexOf(segment)
  if (at === -1) return
  segments.list.splice(at, 1)
  segments.bytes -= segment.bytes
  removeFile(segment)
}

function removeFile(segment: Segment | undefined): void {
  try {
    if (segment !== undefined) unlinkSync(segment.path)
  } catch {}
}

/**
 * Finds what former runs have left. Files with other names, or of another make, are left alone. The last
 * segment may end anywhere, for its writer may have been killed; where it does, is looked up.
 */
export async function findSegments(folder: string, delivered: Ranges): Promise<Segments> {
  const list: Segment[] = []
  // Of a file that lost its end, later parcels may be delivered: their numbers are not given again.
  let next = delivered.above.at(-1)?.to ?? delivered.low
  for (const name of readdirSync(folder).toSorted()) {
    const first = /^\d{16}\.parcels$/.test(name) ? Number(name.slice(0, NAME_DIGITS)) : undefined
    if (first === undefined || first > NUMBER_MAX) continue
    const path = join(folder, name)
    // Never to be created anew, even if it is not ours.
    next = Math.max(next, first + 1)
    if (isSegment(path, first)) list.push({ path, first, count: 0, bytes: statSync(path).size })
  }
  for (const [index, segment] of list.entries()) {
    const following = list[index + 1]
    if (following === undefined) await findEnd(segment)
    else segment.count = following.first - segment.first
    next = Math.max(next, endOf(segment))
  }
  const last = list.at(-1)
  if (last?.count === 0) removeFile(list.pop())
  const [oldest] = list
  const known = createRanges(Math.max(delivered.low, oldest?.first ?? next), delivered.above)
  const segments: Segments = {
    list,
    delivered: known,
    handedOut: createRanges(known.low, known.above),
    next: Math.max(next, known.low),
    bytes: list.reduce((bytes, segment) => bytes + segment.bytes, 0),
  }
  passOverGaps(segments)
  return segments
}

/** Numbers that no file has, between two files or behind the last, are no parcels. */
function passOverGaps({ list, delivered, handedOut, next }: Segments): void {
  const gaps: Range[] = list.map((segment, index) => ({
    from: endOf(segment),
    to: list[index + 1]?.first ?? next,
  }))
  for (const gap of gaps) {
    delivered.add(gap)
    handedOut.add(gap)
  }
}

function isSegment(path: string, first: number): boolean {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES)
  let length: number
  try {
    length = readHead(path, head)
  } catch {
    return false
  }
  // A file that was being created when its writer was killed has no whole head, and nothing else.
  if (length < SEGMENT_HEAD_BYTES) {
    return MAGIC.startsWith(head.toString('latin1', 0, Math.min(length, MAGIC.length)))
  }
  return (
    head.toString('latin1', 0, MAGIC.length) === MAGIC &&
    head.readUIntLE(MAGIC.length, NUMBER_BYTES) === first
  )
}

function readHead(path: string, head: Buffer): number {
  // Not to wait for a writer, should it be a pipe.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return readSync(descriptor, head, 0, head.length, 0)
  } finally {
    closeSync(descriptor)
  }
}

async function findEnd(segment: Segment): Promise<void> {
  const size = segment.bytes
  segment.bytes = Math.min(size, SEGMENT_HEAD_BYTES)
  await using handle = await open(segment.path, 'r')
  const cursor = createRecordCursor(handle, SEGMENT_HEAD_BYTES)
  while (size - cursor.offset >= RECORD_HEAD_BYTES) {
    const record = cursor.take(size, Infinity)
    if (record.kind === 'damaged' || record.kind === 'full') return
    if (record.kind === 'more') {
      if (!(await cursor.fill(record.bytes, size))) return
      continue
    }
    segment.count += 1
    segment.bytes = cursor.offset
  }
}
