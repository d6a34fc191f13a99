/*
 * As much of the protobuf wire format as the questions to container runtimes and their answers need
 * (https://protobuf.dev/programming-guides/encoding/).
 */

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const VARINT_BYTES_MAX = 10
const NOTHING = new Uint8Array(0)

/** The fields of one message. Those that are not there, or are of another kind, read as empty. */
export interface Fields {
  readonly text: (number: number) => string
  readonly number: (number: number) => number
  readonly bytes: (number: number) => Uint8Array
  readonly message: (number: number) => Fields
  readonly messages: (number: number) => readonly Fields[]
  readonly texts: (number: number) => readonly string[]
  /** Of a field of the type `map<string, string>`. */
  readonly pairs: (number: number) => readonly (readonly [key: string, value: string])[]
}

type Value = number | Uint8Array

/** Reads one message; where it is damaged, what stands before the damage. */
export function readFields(bytes: Uint8Array): Fields {
  const values = new Map<number, Value[]>()
  const cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor)
    const value = tag === undefined ? undefined : readValue(cursor, tag % 8)
    if (tag === undefined || value === undefined) break
    const field = Math.floor(tag / 8)
    const before = values.get(field)
    if (before) before.push(value)
    else values.set(field, [value])
  }
  return fieldsOf(values)
}

function fieldsOf(values: ReadonlyMap<number, readonly Value[]>): Fields {
  return {
    text: (field) => textOf(last(field)),
    number: (field) => numberOf(last(field)),
    bytes: (field) => bytesOf(last(field)),
    message: (field) => readFields(bytesOf(last(field))),
    messages: (field) => all(field).map((value) => readFields(bytesOf(value))),
    texts: (field) => all(field).map(textOf),
    pairs: (field) =>
      all(field).map((value) => {
        const pair = readFields(bytesOf(value))
        return [pair.text(1), pair.text(2)]
      }),
  }

  function all(field: number): readonly Value[] {
    return values.get(field) ?? []
  }

  /** Of several values of a field that holds one, the last counts. */
  function last(field: number): Value | undefined {
    return values.get(field)?.at(-1)
  }
}

function textOf(value: Value | undefined): string {
  return Buffer.from(bytesOf(value)).toString('utf8')
}

function bytesOf(value: Value | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : NOTHING
}

function numberOf(value: Value | undefined): number {
  return typeof value === 'number' ? value : 0
}

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

function readValue(cursor: Cursor, wireType: number): Value | undefined {
  switch (wireType) {
    case VARINT:
      return readVarint(cursor)
    case FIXED64:
      return take(cursor, 8)
    case BYTES: {
      const length = readVarint(cursor)
      return length === undefined ? undefined : take(cursor, length)
    }
    case FIXED32:
      return take(cursor, 4)
    default:
      return undefined
  }
}

function take(cursor: Cursor, length: number): Uint8Array | undefined {
  const end = cursor.at + length
  if (end > cursor.bytes.length) return undefined
  const taken = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return taken
}

/** Exact up to 2^53; nothing that is read here comes near it. */
function readVarint(cursor: Cursor): number | undefined {
  let value = 0
  let scale = 1
  for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
    const byte = cursor.bytes[cursor.at]
    if (byte === undefined) return undefined
    cursor.at += 1
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
    scale *= 128
  }
  return undefined
}

/** A message of these fields. */
export function message(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(fields)
}

export function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text))
}

export function numberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)])
}

export function messageField(field: number, ...fields: readonly Uint8Array[]): Buffer {
  return bytesField(field, Buffer.concat(fields))
}

/** A field of the type `map<string, string>`. */
export function pairsField(field: number, pairs: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(pairs)
  return Buffer.concat(
    entries.map(([key, value]) => messageField(field, textField(1, key), textField(2, value))),
  )
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + BYTES), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
