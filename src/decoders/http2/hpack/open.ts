import type { Header } from '../../message.ts'
import { ENTRY_OVERHEAD_BYTES, entryAt, forget, insert, mayHave, openTable, resize } from './dynamic-table.ts'
import type { FieldBlock, Hpack } from './hpack.ts'
import { BROKEN, type Cursor, readInteger } from './integers.ts'
import { DYNAMIC_FROM, STATIC_TABLE } from './static-table.ts'
import { readString } from './strings.ts'

export interface HpackOptions {
  readonly joinedLate: boolean
  /** Of one block, counted as RFC 9113 §6.5.2 counts: 32 bytes a field besides its name and value. */
  readonly fieldsBytesMax?: number
  /** Held of the dynamic table, however large a table the peers agree on. */
  readonly tableBytesMax?: number
}

const FIELDS_BYTES_MAX = 256 * 1024
const TABLE_BYTES_MAX = 1024 * 1024
/** Initial value of SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §6.5.2). */
const FIRST_TABLE_BYTES_MAX = 4096
const NO_BLOCK = new Uint8Array(0)
const NO_FIELDS: Header[] = []
const NONE: readonly string[] = Object.freeze([])

// RFC 7541 §6: how a representation begins, and which bits of its first byte begin its integer.
const INDEXED = 0x80
const INDEXED_MASK = 0x7f
const INSERTED = 0x40
const INSERTED_MASK = 0x3f
const RESIZED = 0x20
const RESIZED_MASK = 0x1f
/** Of literals that are not inserted, with or without leave to index them elsewhere (§6.2.2, §6.2.3). */
const PASSING_MASK = 0x0f

/**
 * A field is given only when its name and value are known for certain. That is so for a literal, for the
 * static table, and for a dynamic entry whose insertion was seen since listening began, or since the last
 * loss: dynamic indices count from the newest entry (RFC 7541 §2.3.3), so what came before cannot move it.
 * All else is an unknown field. A literal whose name is indexed and unknown is one as well, and so is later
 * the entry that it makes.
 *
 * What could make a wrong value, and why it does not:
 *
 * - An insertion that was not seen. The caller tells of a lost block by `lose`, and a broken one counts as
 *   lost: everything held is forgotten.
 * - An entry held here that the encoder has evicted, or one too large for its table: see `DynamicTable`.
 * - A table size that is not known, after a late start or a loss. Then the table is taken to be as large as
 *   the decoder's SETTINGS allow, or of any size when those were not seen either, until the encoder says its
 *   size. There is no assumption of 4096 bytes, because no byte of a connection that was joined late proves
 *   it.
 * - An update of the table size that does not follow SETTINGS that ask for one (§4.2). What the encoder
 *   refers to lies in the table as it has it, and that is the table followed here.
 */
export function openHpack(options: HpackOptions): Hpack {
  const { joinedLate, fieldsBytesMax = FIELDS_BYTES_MAX, tableBytesMax = TABLE_BYTES_MAX } = options
  const cursor: Cursor = { block: NO_BLOCK, at: 0 }
  /** What the decoder allows, Infinity when nobody saw it. */
  let allowedBytes = joinedLate ? Number.POSITIVE_INFINITY : FIRST_TABLE_BYTES_MAX
  /** The encoder's own choice is known: its last update was seen, or there was none. */
  let sizeKnown = !joinedLate
  const table = openTable(allowedBytes, joinedLate, tableBytesMax)

  let fields = NO_FIELDS
  let unknownFields: string[] | undefined
  let roomBytes = 0
  let cut = false
  return {
    decode,
    setTableBytesMax,
    lose,
    get exact() {
      return !table.hasOlder && table.nameless === 0
    },
  }

  function decode(block: Uint8Array): FieldBlock {
    fields = []
    roomBytes = fieldsBytesMax
    cut = false
    cursor.block = block
    cursor.at = 0
    const broken = !readBlock()
    if (broken) lose()
    const said: FieldBlock = { fields, unknownFields: unknownFields ?? NONE, broken, cut }
    // Between blocks nothing of the last one is held but its table.
    cursor.block = NO_BLOCK
    fields = NO_FIELDS
    unknownFields = undefined
    return said
  }

  function setTableBytesMax(bytes: number): void {
    allowedBytes = bytes
    // An encoder announces a size that it changes to, so one that is known stays until then (§4.2).
    if (sizeKnown) return
    if (bytes < table.bytesMax) resize(table, bytes)
    else if (bytes === Number.POSITIVE_INFINITY) table.bytesMax = bytes
  }

  function lose(): void {
    forget(table, allowedBytes)
    sizeKnown = false
  }

  /** False when what stands at the cursor is no representation; the fields before it are told. */
  function readBlock(): boolean {
    const { block } = cursor
    while (cursor.at < block.length && isResize(block[cursor.at] ?? 0)) {
      if (!readResize()) return false
    }
    while (cursor.at < block.length) {
      const first = block[cursor.at] ?? 0
      // A change of size is allowed at a block's beginning only (§4.2).
      if (!(first >= INDEXED ? readIndexed() : !isResize(first) && readLiteral(first))) return false
    }
    return true
  }

  function isResize(first: number): boolean {
    return (first & ~RESIZED_MASK) === RESIZED
  }

  /** RFC 7541 §6.3 */
  function readResize(): boolean {
    const bytes = readInteger(cursor, RESIZED_MASK)
    if (bytes === BROKEN || bytes > allowedBytes) return false
    resize(table, bytes)
    sizeKnown = true
    return true
  }

  /** RFC 7541 §6.1 */
  function readIndexed(): boolean {
    const index = readInteger(cursor, INDEXED_MASK)
    if (index <= 0) return false
    const entry = index < DYNAMIC_FROM ? STATIC_TABLE[index] : entryAt(table, index - DYNAMIC_FROM)
    if (entry !== undefined) tell(entry, bytesOf(entry))
    else if (mayHave(table, index - DYNAMIC_FROM)) tellUnknown(`dynamic index ${index}`)
    else return false
    return true
  }

  /** RFC 7541 §6.2 */
  function readLiteral(first: number): boolean {
    const inserted = first >= INSERTED
    const index = readInteger(cursor, inserted ? INSERTED_MASK : PASSING_MASK)
    if (index === BROKEN) return false
    const name = index === 0 ? readString(cursor) : nameAt(index)
    if (name === undefined && (index === 0 || !mayHave(table, index - DYNAMIC_FROM))) return false
    const value = readString(cursor)
    if (value === undefined) return false
    if (name === undefined) {
      tellUnknown(`dynamic index ${index} (name)`)
      if (inserted) insert(table, undefined, value.length + ENTRY_OVERHEAD_BYTES)
      return true
    }
    const header: Header = [name, value]
    const bytes = bytesOf(header)
    tell(header, bytes)
    if (inserted) insert(table, header, bytes)
    return true
  }

  function nameAt(index: number): string | undefined {
    const entry = index < DYNAMIC_FROM ? STATIC_TABLE[index] : entryAt(table, index - DYNAMIC_FROM)
    return entry?.[0]
  }

  /** Once a field did not fit, none that follows is told, so that what is told has no hole. */
  function tell(field: Header, bytes: number): void {
    roomBytes -= bytes
    if (roomBytes < 0) cut = true
    else fields.push(field)
  }

  function tellUnknown(field: string): void {
    roomBytes -= ENTRY_OVERHEAD_BYTES
    if (roomBytes < 0) cut = true
    else if (unknownFields === undefined) unknownFields = [field]
    else unknownFields.push(field)
  }
}

/** RFC 7541 §4.1 */
function bytesOf(field: Header): number {
  return field[0].length + field[1].length + ENTRY_OVERHEAD_BYTES
}
