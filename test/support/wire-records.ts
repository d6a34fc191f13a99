/** Records as the kernel side writes them, each behind the eight bytes of the ring buffer's own header. */
import {
  wireAccepted,
  wireBytes,
  wireClosed,
  wireDns,
  wireExec,
  wireExit,
  wireFork,
  wireKind,
  wireMapped,
  wireOpened,
  wireSecret,
} from '../../src/capture/generated/wire.ts'

/** Where the record begins in what the functions below give. */
export const RECORD_AT = 8

type Layout = Readonly<Record<string, number>> & { readonly byteLength: number }
/** Numbers are as wide as their field, up to the next one; bigints have 64 bits; bytes are copied. */
type Fields = Readonly<Record<string, number | bigint | Uint8Array | string>>

export const records = {
  opened: (fields: Fields) => record(wireOpened, wireKind.opened, fields),
  bytes: (fields: Fields, payload: Uint8Array) => record(wireBytes, wireKind.bytes, fields, payload),
  accepted: (fields: Fields) => record(wireAccepted, wireKind.accepted, fields),
  dns: (fields: Fields, payload: Uint8Array) => record(wireDns, wireKind.dns, fields, payload),
  closed: (fields: Fields) => record(wireClosed, wireKind.closed, fields),
  secret: (fields: Fields) => record(wireSecret, wireKind.secret, fields),
  exec: (fields: Fields) => record(wireExec, wireKind.exec, fields),
  fork: (fields: Fields) => record(wireFork, wireKind.fork, fields),
  exit: (fields: Fields) => record(wireExit, wireKind.exit, fields),
  mapped: (fields: Fields) => record(wireMapped, wireKind.mapped, fields),
  unknown: (kind: number) => record(wireExit, kind, {}),
}

function record(
  layout: Layout,
  kind: number,
  fields: Fields,
  payload: Uint8Array = new Uint8Array(),
): DataView {
  const length = layout.byteLength + payload.length
  const view = new DataView(new ArrayBuffer((RECORD_AT + length + 7) & ~7))
  view.setUint32(0, length, true)
  for (const [name, value] of Object.entries({ ...fields, kind })) write(view, layout, name, value)
  new Uint8Array(view.buffer, RECORD_AT + layout.byteLength).set(payload)
  return view
}

function write(view: DataView, layout: Layout, name: string, value: Fields[string]): void {
  const offset = layout[name]
  if (offset === undefined) throw new Error(`there is no field ${name}`)
  const at = RECORD_AT + offset
  if (typeof value === 'bigint') view.setBigUint64(at, value, true)
  else if (typeof value !== 'number') new Uint8Array(view.buffer, at).set(Buffer.from(value))
  else writeNumber(view, at, roomOf(layout, offset), value)
}

function writeNumber(view: DataView, at: number, room: number, value: number): void {
  if (room >= 8) view.setBigUint64(at, BigInt(value), true)
  else if (room >= 4) view.setUint32(at, value, true)
  else if (room >= 2) view.setUint16(at, value, true)
  else view.setUint8(at, value)
}

/** Bytes from a field to the next one. */
function roomOf(layout: Layout, offset: number): number {
  const { byteLength, ...offsets } = layout
  return Math.min(...Object.values(offsets).filter((other) => other > offset), byteLength) - offset
}
