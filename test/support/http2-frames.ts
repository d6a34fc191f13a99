import { STATIC_TABLE } from '../../src/decoders/http2/hpack/static-table.ts'
import type { Header } from '../../src/decoders/index.ts'
import { type FieldChoice, type HpackEncoder, openEncoder } from './hpack-encoder.ts'

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const PRIORITISED = 0x20

const TYPES = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

/** RFC 9113 §4.1, in Latin-1 text as steps have it. A number stands for a type that has no name here. */
export function frame(
  type: keyof typeof TYPES | number,
  flags: number,
  streamId: number,
  payload = '',
): string {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = typeof type === 'number' ? type : TYPES[type]
  header[4] = flags
  header.writeUInt32BE(streamId, 5)
  return header.toString('latin1') + payload
}

export function uint32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes.toString('latin1')
}

/** SETTINGS of names and values; without any, as most send it first. */
export function settings(...pairs: readonly (readonly [name: number, value: number])[]): string {
  return frame(
    'SETTINGS',
    0,
    0,
    pairs.map(([name, value]) => `\0${String.fromCharCode(name)}${uint32(value)}`).join(''),
  )
}

export const SETTINGS_ACK = frame('SETTINGS', ACK, 0)

/** One side's header blocks, encoded as usual programs do: what was sent before is an index. */
export interface FieldWriter {
  block(headers: readonly Header[]): string
  readonly encoder: HpackEncoder
}

export function openFieldWriter(huffman = true): FieldWriter {
  const encoder = openEncoder()
  return { block, encoder }

  function block(headers: readonly Header[]): string {
    // One at a time, because each may be the entry that the next one refers to.
    return headers
      .map((header) => encoder.encode({ sizes: [], fields: [choiceOf(encoder, header, huffman)] }))
      .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
      .join('')
  }
}

export function get(path: string, ...headers: readonly Header[]): readonly Header[] {
  return [[':method', 'GET'], [':scheme', 'https'], [':authority', 'x.example'], [':path', path], ...headers]
}

export function status(code: number, ...headers: readonly Header[]): readonly Header[] {
  return [[':status', String(code)], ...headers]
}

function choiceOf(encoder: HpackEncoder, [name, value]: Header, huffman: boolean): FieldChoice {
  const entry = encoder.entries.findIndex(({ header }) => header[0] === name && header[1] === value)
  if (entry !== -1) return { kind: 'indexed', pick: entry * 2 }
  const same = STATIC_TABLE.findIndex((header) => header?.[0] === name && header[1] === value)
  if (same > 0) return { kind: 'indexed', pick: staticPick(same) }
  const named = STATIC_TABLE.findIndex((header) => header?.[0] === name)
  const how = name === 'authorization' ? 'never' : 'inserted'
  if (named > 0) return { kind: 'literal', how, name: staticPick(named), value, huffman }
  const dynamic = encoder.entries.findIndex(({ header }) => header[0] === name)
  return { kind: 'literal', how, name: dynamic === -1 ? name : dynamic * 2, value, huffman }
}

function staticPick(index: number): number {
  return (index - 1) * 2 + 1
}
