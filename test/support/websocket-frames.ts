import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import type { Side } from '../../src/connections/index.ts'
import type { Header, Message, PieceType, Switched } from '../../src/decoders/index.ts'

/** One frame (RFC 6455 §5.2) as somebody sends it. */
export interface FrameSent {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly final?: boolean
  /** RSV1 is 4. */
  readonly reserved?: number
  /** Masks the payload. */
  readonly key?: Uint8Array | undefined
  /** In more bytes than the length needs. */
  readonly lengthBytes?: 2 | 8
}

/** A message with all that belongs to it put together. */
export interface Heard {
  readonly from: Side
  readonly type: PieceType
  readonly bytes: Buffer
  readonly wireBytes: number
  readonly cut: boolean
  readonly ends: boolean
}

const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const WINDOW_BYTES = 32_768
export const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

export function frameBytes({
  opcode,
  payload,
  final = true,
  reserved = 0,
  key,
  lengthBytes,
}: FrameSent): Buffer {
  const { length } = payload
  const bytes = lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8)
  const head = Buffer.alloc(2 + bytes)
  head[0] = (final ? 0x80 : 0) | (reserved << 4) | opcode
  head[1] = (key === undefined ? 0 : 0x80) | (bytes === 0 ? length : bytes === 2 ? 126 : 127)
  if (bytes === 2) head.writeUInt16BE(length, 2)
  if (bytes === 8) head.writeBigUInt64BE(BigInt(length), 2)
  if (key === undefined) return Buffer.concat([head, payload])
  return Buffer.concat([head, key, payload.map((byte, index) => byte ^ (key[index & 3] ?? 0))])
}

/** What one side says: messages of any kind, in fragments, compressed or not. */
export interface Said {
  readonly type: PieceType
  readonly content: Uint8Array
  readonly compress: boolean
  /** Where a data message is cut into fragments, in thousandths of it. */
  readonly cuts: readonly number[]
  /** A ping stands before each fragment but the first. */
  readonly pings: boolean
}

export interface Framing {
  readonly from: Side
  /** How much of what came before a compressed message may point to; undefined without compression. */
  readonly contextBytes: number | undefined
}

/** The frames of all that one side says, in order, each as its bytes. */
export function framesOf(said: readonly Said[], { from, contextBytes }: Framing): Buffer[] {
  let before = Buffer.alloc(0)
  return said.flatMap((one) => {
    if (one.type !== 'text' && one.type !== 'binary')
      return [send({ opcode: OPCODES[one.type], payload: one.content.subarray(0, 125) })]
    if (contextBytes === undefined || !one.compress) return fragments(one, one.content, 0)
    const coded = deflated(one.content, before)
    if (contextBytes > 0) before = Buffer.concat([before, one.content]).subarray(-contextBytes)
    return fragments(one, coded, 4)
  })

  function fragments({ type, cuts, pings }: Said, payload: Uint8Array, reserved: number): Buffer[] {
    const places = cuts.map((cut) => Math.floor((cut * payload.length) / 1000)).sort((a, b) => a - b)
    const edges = [0, ...places, payload.length]
    return edges.slice(1).flatMap((end, index) => {
      const first = index === 0
      const frame = {
        opcode: first ? OPCODES[type] : 0,
        payload: payload.subarray(edges[index] ?? 0, end),
        final: index === edges.length - 2,
        reserved: first ? reserved : 0,
      }
      return pings && !first ? [send({ opcode: OPCODES.ping, payload: KEY }), send(frame)] : [send(frame)]
    })
  }

  function send(frame: FrameSent): Buffer {
    return frameBytes({ ...frame, key: from === 'client' ? KEY : undefined })
  }
}

/** RFC 7692 §7.2.1. */
export function deflated(content: Uint8Array, before: Uint8Array = new Uint8Array(0)): Buffer {
  const coded = deflateRawSync(content, {
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(before.length === 0 ? undefined : { dictionary: before.subarray(-WINDOW_BYTES) }),
  })
  return coded.subarray(0, -4)
}

/** What a listener should hear of it when all of it passed. */
export function expectedOf(said: readonly Said[]): { type: PieceType; content: string }[] {
  return said.flatMap(({ type, content, pings, cuts }) => {
    const isData = type === 'text' || type === 'binary'
    const between = isData && pings ? cuts.map(() => ({ type: 'ping' as const, content: latin1(KEY) })) : []
    return [...between, { type, content: latin1(isData ? content : content.subarray(0, 125)) }]
  })
}

/** The heads of an upgrade (RFC 6455 §1.3), with what both agreed on. */
export function upgrade(extensions?: string): Switched {
  const agreed: Header[] = extensions === undefined ? [] : [['Sec-WebSocket-Extensions', extensions]]
  return {
    to: 'websocket',
    request: {
      kind: 'request',
      streamId: 7,
      version: 'HTTP/1.1',
      method: 'GET',
      target: '/chat',
      headers: [
        ['Host', 'example.test'],
        ['Upgrade', 'websocket'],
      ],
    },
    response: {
      kind: 'response',
      streamId: 7,
      version: 'HTTP/1.1',
      status: 101,
      reason: 'Switching Protocols',
      headers: [['Upgrade', 'websocket'], ...agreed],
    },
  }
}

/** Pieces put together, in the order in which their messages ended; what did not end comes last. */
export function heardIn(messages: readonly Message[]): Heard[] {
  const heard: Heard[] = []
  const open = new Map<string, Heard>()
  for (const message of messages) {
    if (message.kind !== 'piece') continue
    const { from, type, bytes, wireBytes, cut, ends } = message
    const key = type === 'text' || type === 'binary' ? from : `${from} ${type}`
    const before = open.get(key)
    const one = {
      from,
      type,
      bytes: Buffer.concat([before?.bytes ?? new Uint8Array(0), bytes]),
      wireBytes: wireBytes + (before?.wireBytes ?? 0),
      cut: cut || before?.cut === true,
      ends,
    }
    if (ends) {
      open.delete(key)
      heard.push(one)
    } else {
      open.set(key, one)
    }
  }
  return [...heard, ...open.values()]
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

const CONTENT = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom('"id":', '42,', 'name', 'qtap '), { maxLength: 40 }).map(encoded),
  },
  { weight: 1, arbitrary: fc.constantFrom(125, 126, 127, 65_535, 65_536).map(longContent) },
)

const DATA = fc.record({
  type: fc.constantFrom('text' as const, 'binary' as const),
  content: CONTENT,
  compress: fc.boolean(),
  cuts: fc.array(fc.nat(1000), { maxLength: 3 }),
  pings: fc.boolean(),
})

const CONTROL = fc.record({
  type: fc.constantFrom('ping' as const, 'pong' as const),
  content: fc.uint8Array({ maxLength: 125 }),
  compress: fc.constant(false),
  cuts: fc.constant([]),
  pings: fc.constant(false),
})

export const SAID = fc.array(fc.oneof({ weight: 4, arbitrary: DATA }, { weight: 1, arbitrary: CONTROL }), {
  maxLength: 8,
})

function encoded(words: readonly string[]): Uint8Array {
  return new TextEncoder().encode(words.join(''))
}

function longContent(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
}
