import { Buffer } from 'node:buffer'

/*
 * Reads protobuf into the values that its JSON form has (https://protobuf.dev/programming-guides/json/), with
 * the exceptions of OTLP: identifiers in hex, enums as numbers.
 */

export type JsonValue = string | number | boolean | readonly JsonValue[] | JsonMessage
export interface JsonMessage {
  readonly [name: string]: JsonValue
}

/** `int64` and `fixed64` are text in JSON, for a number would lose digits. */
type ScalarKind = 'text' | 'bytes' | 'hex' | 'bool' | 'int64' | 'uint32' | 'fixed64' | 'double'

export interface FieldSchema {
  readonly name: string
  /** A function for a message, because messages hold themselves. */
  readonly kind: ScalarKind | (() => MessageSchema)
  readonly repeated?: true
}

/** Fields by their number. */
export type MessageSchema = Readonly<Record<number, FieldSchema>>

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5
const VARINT_BYTES_MAX = 10
/** Of messages in messages; the same as in other readers. */
const NESTING_MAX = 100

const WIRE_TYPES: Readonly<Record<ScalarKind, number>> = {
  text: LENGTH,
  bytes: LENGTH,
  hex: LENGTH,
  bool: VARINT,
  int64: VARINT,
  uint32: VARINT,
  fixed64: FIXED64,
  double: FIXED64,
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/** Where the bytes are damaged, what stands before the damage. Unknown fields are passed over. */
export function readMessage(bytes: Uint8Array, schema: MessageSchema): JsonMessage {
  return readNested(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), schema, 0)
}

function readNested(bytes: Buffer, schema: MessageSchema, depth: number): JsonMessage {
  const message: Record<string, JsonValue> = {}
  const cursor = { bytes, at: 0 }
  while (cursor.at < bytes.length) {
    const key = readVarint(cursor)
    if (key === undefined) break
    const wireType = Number(key & 7n)
    const field = schema[Number(key >> 3n)]
    const payload = readPayload(cursor, wireType)
    if (payload === undefined) break
    if (field === undefined || wireType !== wireTypeOf(field)) continue
    const value = readValue(payload, field, depth)
    if (value === undefined) continue
    const before = message[field.name]
    if (field.repeated !== true) message[field.name] = value
    else if (Array.isArray(before)) before.push(value)
    else message[field.name] = [value]
  }
  return message
}

function wireTypeOf({ kind }: FieldSchema): number {
  return typeof kind === 'function' ? LENGTH : WIRE_TYPES[kind]
}

function readValue(payload: bigint | Buffer, { kind }: FieldSchema, depth: number): JsonValue | undefined {
  if (typeof payload === 'bigint') {
    if (kind === 'bool') return payload !== 0n
    return kind === 'int64' ? String(BigInt.asIntN(64, payload)) : Number(BigInt.asUintN(32, payload))
  }
  if (typeof kind === 'function') {
    return depth < NESTING_MAX ? readNested(payload, kind(), depth + 1) : undefined
  }
  if (kind === 'double') return jsonDouble(payload.readDoubleLE(0))
  if (kind === 'fixed64') return String(payload.readBigUInt64LE(0))
  if (kind === 'text') return payload.toString('utf8')
  return payload.toString(kind === 'hex' ? 'hex' : 'base64')
}

/** JSON has no number for these. */
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function readPayload(cursor: Cursor, wireType: number): bigint | Buffer | undefined {
  switch (wireType) {
    case VARINT:
      return readVarint(cursor)
    case FIXED64:
      return take(cursor, 8)
    case LENGTH: {
      const length = readVarint(cursor)
      return length === undefined ? undefined : take(cursor, Number(length))
    }
    case FIXED32:
      return take(cursor, 4)
    default:
      return undefined
  }
}

function take(cursor: Cursor, length: number): Buffer | undefined {
  const end = cursor.at + length
  if (end > cursor.bytes.length) return undefined
  const taken = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return taken
}

function readVarint(cursor: Cursor): bigint | undefined {
  let value = 0n
  for (let count = 0; count < VARINT_BYTES_MAX; count += 1) {
    const byte = cursor.bytes[cursor.at]
    if (byte === undefined) return undefined
    cursor.at += 1
    value |= BigInt(byte & 0x7f) << BigInt(7 * count)
    if (byte < 0x80) return BigInt.asUintN(64, value)
  }
  return undefined
}
