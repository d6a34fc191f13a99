import type { Header } from '../../message.ts'

/** What an entry takes besides its name and value (RFC 7541 §4.1), and so the least that one can take. */
export const ENTRY_OVERHEAD_BYTES = 32
/** Held of a table of unknown size: the most that usual programs ask for. */
const UNTOLD_BYTES_MAX = 64 * 1024
const RING_SLOTS_MIN = 16

/**
 * The newest entries of the encoder's dynamic table, as far as they were seen (RFC 7541 §2.3.2).
 *
 * Entries are found by how many are newer, which is how HPACK counts them, so an entry's place is right
 * whatever is older than it. The real table is this one's newest part, or all of this one and older entries
 * behind it. Two things are kept on the safe side for that:
 *
 * - What is held may be more than the real table. `bytes` adds up what entries take at least (the length of
 *   a name that nobody saw counts nothing) and `bytesMax` is what the real table takes at most, so an entry
 *   that leaves here has left there. One that has left there and stays here is older than all that are left
 *   there; the encoder does not refer to it any more, and no new entry can get behind it. The same holds for
 *   an entry that was too large for the real table, which emptied that table instead (§4.4).
 * - What is held may be less than the real table: then `hasOlder` is set, and a place beyond the end is one
 *   that nobody knows. It is cleared only by proof: an entry held here was evicted for lack of room, so all
 *   older ones were evicted before it; or there is no room left behind what is held, even for an entry
 *   without name and value.
 */
export interface DynamicTable {
  /** A ring of a power of two slots. Undefined is the entry whose name is not known. */
  entries: (Header | undefined)[]
  /** What each entry takes at least. */
  sizes: number[]
  newest: number
  count: number
  bytes: number
  /** The real table's size is at most this: Infinity when nobody said. */
  bytesMax: number
  /** There may be entries older than those held. */
  hasOlder: boolean
  /** Entries held whose name is not known. */
  nameless: number
  /** What may be held, whatever the real table may. */
  readonly heldBytesMax: number
}

export function openTable(bytesMax: number, hasOlder: boolean, heldBytesMax: number): DynamicTable {
  return {
    entries: slots(RING_SLOTS_MIN, undefined),
    sizes: slots(RING_SLOTS_MIN, 0),
    newest: 0,
    count: 0,
    bytes: 0,
    bytesMax,
    hasOlder,
    nameless: 0,
    heldBytesMax,
  }
}

/** The entry than which `place` are newer; undefined when it, or its name, is not known. */
export function entryAt(table: DynamicTable, place: number): Header | undefined {
  return place < table.count ? table.entries[(table.newest - place) & (table.entries.length - 1)] : undefined
}

/** Whether the real table may have an entry at this place: a held one, or an older one it has room for. */
export function mayHave(table: DynamicTable, place: number): boolean {
  if (place < table.count) return true
  const olderBytes = (place - table.count + 1) * ENTRY_OVERHEAD_BYTES
  return table.hasOlder && table.bytes + olderBytes <= table.bytesMax
}

/** RFC 7541 §4.4. `bytes` is what the entry takes at least. */
export function insert(table: DynamicTable, entry: Header | undefined, bytes: number): void {
  if (table.bytes + bytes > table.bytesMax) {
    evict(table, table.bytesMax - bytes)
    table.hasOlder = false
    if (bytes > table.bytesMax) return
  }
  const heldMax = Math.min(
    table.heldBytesMax,
    table.bytesMax === Number.POSITIVE_INFINITY ? UNTOLD_BYTES_MAX : table.bytesMax,
  )
  if (table.bytes + bytes > heldMax) {
    evict(table, heldMax - bytes)
    table.hasOlder = true
    if (bytes > heldMax) return
  }
  push(table, entry, bytes)
  settle(table)
}

/** RFC 7541 §4.3: from now on the real table's size is at most `bytesMax`. */
export function resize(table: DynamicTable, bytesMax: number): void {
  table.bytesMax = bytesMax
  if (table.bytes > bytesMax) {
    evict(table, bytesMax)
    table.hasOlder = false
  }
  settle(table)
}

/** Nothing is known any more but the size that the real table may have. */
export function forget(table: DynamicTable, bytesMax: number): void {
  evict(table, 0)
  table.bytesMax = bytesMax
  table.hasOlder = true
}

function settle(table: DynamicTable): void {
  if (table.bytes + ENTRY_OVERHEAD_BYTES > table.bytesMax) table.hasOlder = false
}

/** The oldest leave, until those left take at most `bytesMax`. */
function evict(table: DynamicTable, bytesMax: number): void {
  const mask = table.entries.length - 1
  while (table.count > 0 && table.bytes > bytesMax) {
    const oldest = (table.newest - table.count + 1) & mask
    if (table.entries[oldest] === undefined) table.nameless -= 1
    table.entries[oldest] = undefined
    table.bytes -= table.sizes[oldest] ?? 0
    table.count -= 1
  }
}

function push(table: DynamicTable, entry: Header | undefined, bytes: number): void {
  if (table.count === table.entries.length) grow(table)
  table.newest = (table.newest + 1) & (table.entries.length - 1)
  table.entries[table.newest] = entry
  table.sizes[table.newest] = bytes
  table.bytes += bytes
  table.count += 1
  if (entry === undefined) table.nameless += 1
}

/** Only what `heldBytesMax` allows is ever in the ring, so there its growth ends. */
function grow(table: DynamicTable): void {
  const { entries, sizes, count, newest } = table
  const oldest = newest + 1
  table.entries = [...entries.slice(oldest), ...entries.slice(0, oldest), ...slots(count, undefined)]
  table.sizes = [...sizes.slice(oldest), ...sizes.slice(0, oldest), ...slots(count, 0)]
  table.newest = count - 1
}

function slots<Content>(count: number, content: Content): Content[] {
  return Array.from({ length: count }, () => content)
}
