import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  deflated,
  expectedOf,
  type FrameSent,
  frameBytes,
  framesOf,
  heardIn,
  KEY,
  latin1,
  SAID,
  upgrade,
} from '../../../test/support/websocket-frames.ts'
import type { Side } from '../../connections/index.ts'
import { type Decoder, type DecoderShare, openShare } from '../decoder.ts'
import type { Message } from '../message.ts'
import { websocket } from './decoder.ts'

const DEFLATE = 'permessage-deflate'
const RUNS = { numRuns: 300 }

function open(extensions?: string, share: DecoderShare = openShare()): Decoder {
  return websocket.open({ joinedLate: false, share, switched: upgrade(extensions) })
}

/** What is told of the bytes of one side, behind the heads. */
function told(from: Side, bytes: Uint8Array, extensions?: string): readonly Message[] {
  return open(extensions).bytes(from, bytes).slice(2)
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

function piece(from: Side, type: string, text: string, wireBytes = text.length, marks = {}) {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'))
  return { kind: 'piece', streamId: 1, from, type, bytes, wireBytes, ends: true, cut: false, ...marks }
}

function plain(messages: readonly Message[]): readonly object[] {
  return messages.map((message) =>
    'bytes' in message && message.bytes instanceof Uint8Array
      ? { ...message, bytes: new Uint8Array(message.bytes) }
      : message,
  )
}

test('the first output begins with the heads of the upgrade, on a stream of its own', () => {
  const { request, response } = upgrade()
  const heads = [
    { ...request, streamId: 1 },
    { ...response, streamId: 1 },
  ]
  expect(open().bytes('server', hex('81'))).toEqual(heads)
  expect(open().gap('client', 3).slice(0, 2)).toEqual(heads)
  expect(open().closed()).toEqual([
    ...heads,
    { kind: 'end', streamId: 1, from: 'client', wireBytes: 0, cut: 'closed' },
    { kind: 'end', streamId: 1, from: 'server', wireBytes: 0, cut: 'closed' },
  ])
})

test('it recognises nothing: only an upgrade leads to it', () => {
  const decoder = websocket.open({ joinedLate: false })
  expect(websocket.recognise()).toBe('no')
  expect(decoder.bytes('client', hex('81'))).toEqual([{ kind: 'opaque', why: 'not this protocol' }])
  expect([...decoder.bytes('client', hex('81')), ...decoder.closed()]).toEqual([])
})

test.each<[string, Side, string, object[]]>([
  ['unmasked text', 'server', '81 05 48 65 6c 6c 6f', [piece('server', 'text', 'Hello')]],
  ['masked text', 'client', '81 85 37fa213d 7f9f4d5158', [piece('client', 'text', 'Hello')]],
  [
    'fragments',
    'server',
    '01 03 48656c 80 02 6c6f',
    [piece('server', 'text', 'Hel', 3, { ends: false }), piece('server', 'text', 'lo')],
  ],
  ['ping', 'server', '89 05 48656c6c6f', [piece('server', 'ping', 'Hello')]],
  ['pong', 'client', '8a 85 37fa213d 7f9f4d5158', [piece('client', 'pong', 'Hello')]],
])('RFC 6455 §5.7: %s', (_, from, text, messages) => {
  expect(plain(told(from, hex(text)))).toEqual(messages)
})

test('control frames may stand between the fragments of a message', () => {
  const text = '01 03 48656c 8a 00 89 01 21 00 00 80 02 6c6f'
  expect(heardIn(told('server', hex(text))).map(({ type, bytes }) => [type, latin1(bytes)])).toEqual([
    ['pong', ''],
    ['ping', '!'],
    ['text', 'Hello'],
  ])
})

test('a message without content is a message', () => {
  expect(plain(told('server', hex('82 00')))).toEqual([piece('server', 'binary', '')])
  expect(plain(told('server', hex('01 00 80 00')))).toEqual([piece('server', 'text', '')])
  expect(plain(told('server', hex('c1 01 00'), DEFLATE))).toEqual([piece('server', 'text', '', 1)])
})

test('RFC 7692 §7.2.3.1, §7.2.3.2: compressed, in fragments, and with what was said before', () => {
  const text = 'c1 07 f248cdc9c90700 41 03 f20011 80 02 0000'
  const heard = heardIn(told('server', hex(text), DEFLATE))
  expect(heard.map(({ bytes, wireBytes, cut }) => [latin1(bytes), wireBytes, cut])).toEqual([
    ['Hello', 7, false],
    ['Hello', 5, false],
  ])
})

test('a Close ends its side, and what follows it is passed over', () => {
  const share = openShare()
  const decoder = open(undefined, share)
  const close = Buffer.concat([hex('03e8'), Buffer.from('bye')])
  const first = decoder.bytes(
    'client',
    Buffer.concat([frameBytes({ opcode: 8, payload: close, key: KEY }), KEY]),
  )
  expect(plain(first.slice(2))).toEqual([
    piece('client', 'close', `\u0003\u00e8bye`),
    { kind: 'end', streamId: 1, from: 'client', wireBytes: 11 },
  ])
  expect(decoder.bytes('client', hex('ffff'))).toEqual([])
  expect(share.skippedBytes).toBe(6)
  expect(decoder.bytes('server', hex('88 00')).map(({ kind }) => kind)).toEqual(['piece', 'end'])
  expect(decoder.closed()).toEqual([])
})

test('a connection that ends inside a message cuts it', () => {
  const decoder = open(DEFLATE)
  const coded = deflated(Buffer.from('some words, some words, some words'))
  const frame = frameBytes({ opcode: 1, payload: coded, reserved: 4 })
  decoder.bytes('server', frame.subarray(0, -3))
  decoder.bytes('client', hex('82 85 37fa213d 7f'))
  const [client, end, server] = heardIn(decoder.closed()).map((one) => [one.from, one.cut, latin1(one.bytes)])
  expect([client, end]).toEqual([
    ['client', true, ''],
    ['server', true, expect.stringMatching(/^some words/)],
  ])
  expect(server).toBeUndefined()
})

test.each<[string, string, Side, FrameSent]>([
  ['an extension nobody knows', 'x-snappy', 'server', { opcode: 1, payload: KEY, reserved: 4 }],
  ['one that sets no bit', 'x-snappy', 'server', { opcode: 2, payload: KEY }],
  ['one beside compression', `${DEFLATE}, mux`, 'client', { opcode: 2, payload: KEY, key: KEY }],
])('%s: a message is told of without content', (_, extensions, from, frame) => {
  expect(plain(told(from, frameBytes(frame), extensions))).toEqual([
    piece(from, frame.opcode === 1 ? 'text' : 'binary', '', 4, { cut: true }),
  ])
})

test('with an extension nobody knows, opcodes nobody knows are passed over, and frames go on behind', () => {
  const frames = [
    { opcode: 1, payload: KEY, final: false },
    { opcode: 3, payload: KEY },
    { opcode: 11, payload: KEY },
    { opcode: 9, payload: KEY },
    { opcode: 9, payload: KEY, reserved: 2 },
    { opcode: 0, payload: KEY },
  ].map(frameBytes)
  const heard = heardIn(told('server', Buffer.concat(frames), 'x-snappy'))
  expect(heard.map(({ type, wireBytes, bytes, cut }) => [type, wireBytes, bytes.length, cut])).toEqual([
    ['ping', 4, 4, false],
    ['ping', 4, 0, true],
    ['text', 8, 0, true],
  ])
})

test.each<[string, Side, Uint8Array]>([
  ['a reserved bit', 'server', frameBytes({ opcode: 1, payload: KEY, reserved: 2 })],
  ['compression nobody agreed on', 'server', frameBytes({ opcode: 1, payload: KEY, reserved: 4 })],
  ['a reserved opcode', 'server', frameBytes({ opcode: 3, payload: KEY })],
  ['a masked server', 'server', frameBytes({ opcode: 1, payload: KEY, key: KEY })],
  ['an unmasked client', 'client', frameBytes({ opcode: 1, payload: KEY })],
  ['a ping in fragments', 'server', frameBytes({ opcode: 9, payload: KEY, final: false })],
  ['a long ping', 'server', frameBytes({ opcode: 9, payload: new Uint8Array(126) })],
  ['a length beyond all', 'server', hex('82 7f ff00000000000000')],
])('%s: what follows is not taken for frames', (_, from, bytes) => {
  const share = openShare()
  const decoder = open(undefined, share)
  expect(decoder.bytes(from, bytes).slice(2)).toEqual([
    { kind: 'missing', streamId: 1, from, bytes: undefined },
  ])
  expect(share.resyncs).toBe(1)
  expect(decoder.closed().filter((message) => message.kind === 'end' && message.cut === 'gap')).toHaveLength(
    1,
  )
})

test('compressed content past the limit is cut, by the same place in any split', () => {
  const incompressible = randomBytes(1_300_000)
  const frame = frameBytes({ opcode: 2, payload: deflated(incompressible), reserved: 4 })
  const [whole] = heardIn(told('server', frame, DEFLATE))
  const decoder = open(DEFLATE)
  const messages: Message[] = []
  for (let at = 0; at < frame.length; at += 65_536)
    messages.push(...decoder.bytes('server', frame.subarray(at, at + 65_536)))
  expect(heardIn(messages)).toEqual([whole])
  expect(whole?.cut).toBe(true)
  expect(whole?.bytes.length).toBeGreaterThan(900_000)
  expect(whole?.bytes.equals(incompressible.subarray(0, whole.bytes.length))).toBe(true)
})

test('past the bound of what all connections hold, a compressed message is cut, and all is given back', () => {
  const share = openShare(50)
  const decoder = open(DEFLATE, share)
  const frame = frameBytes({ opcode: 2, payload: deflated(randomBytes(120)), reserved: 4 })
  const messages = [
    ...decoder.bytes('server', frame.subarray(0, 70)),
    ...decoder.bytes('server', frame.subarray(70)),
  ]
  expect(heardIn(messages)).toMatchObject([{ cut: true, ends: true, wireBytes: frame.length - 4 }])
  decoder.closed()
  expect(share.heldBytes).toBe(0)
})

test('content that nobody wants is passed over, and reading goes on behind it', () => {
  const decoder = open()
  const frames = ['first', 'second!'].map((text) =>
    frameBytes({ opcode: 1, payload: Buffer.from(text), key: KEY }),
  )
  const all = Buffer.concat(frames)
  decoder.bytes('client', all.subarray(0, 7))
  expect([decoder.contentAhead('client'), decoder.contentAhead('server')]).toEqual([4, 0])
  expect(plain(decoder.pass('client', 2))).toEqual([
    piece('client', 'text', '', 2, { ends: false, cut: true }),
  ])
  expect(plain(decoder.bytes('client', all.subarray(9, 10)))).toEqual([
    piece('client', 'text', 's', 1, { ends: false }),
  ])
  expect(plain(decoder.pass('client', 1))).toEqual([piece('client', 'text', '', 1, { cut: true })])
  expect(decoder.contentAhead('client')).toBe(0)
  expect(plain(decoder.bytes('client', all.subarray(11)))).toEqual([piece('client', 'text', 'second!')])
})

test('neither compressed content nor a control frame is content ahead', () => {
  const decoder = open(DEFLATE)
  decoder.bytes('server', hex('c1 07 f2'))
  decoder.bytes('client', hex('89 85 37fa213d'))
  expect([decoder.contentAhead('server'), decoder.contentAhead('client')]).toEqual([0, 0])
  expect(decoder.pass('server', 5)).toEqual([])
})

const EXTENSIONS = fc.constantFrom(
  [undefined, undefined] as const,
  [DEFLATE, 32_768] as const,
  [`${DEFLATE}; server_max_window_bits=9; client_max_window_bits=9`, 512] as const,
  [`${DEFLATE}; server_no_context_takeover; client_no_context_takeover`, 0] as const,
)

test('any split of any frames gives what was said', () => {
  fc.assert(
    fc.property(
      SAID,
      EXTENSIONS,
      fc.constantFrom('client' as const, 'server' as const),
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      (said, [extensions, contextBytes], from, sizes) => {
        const share = openShare()
        const decoder = open(extensions, share)
        const bytes = Buffer.concat(framesOf(said, { from, contextBytes }))
        const messages: Message[] = []
        for (const chunk of split(bytes, sizes)) messages.push(...copied(decoder.bytes(from, chunk)))
        const heard = heardIn(messages)
        expect(heard.map((one) => ({ type: one.type, content: latin1(one.bytes) }))).toEqual(expectedOf(said))
        expect(heard.every(({ cut, ends }) => ends && !cut)).toBe(true)
        const end = decoder.closed().find((message) => message.kind === 'end' && message.from === from)
        expect(end).toMatchObject({ wireBytes: bytes.length })
        expect(share.heldBytes).toBe(0)
      },
    ),
    RUNS,
  )
})

test('bytes that were changed, cut, passed or lost throw nothing and hold nothing in the end', () => {
  const change = fc.record({ at: fc.nat(), with: fc.uint8Array({ maxLength: 3 }), without: fc.nat(3) })
  const fate = fc.constantFrom('bytes', 'bytes', 'bytes', 'bytes', 'pass', 'gap', 'hole')
  fc.assert(
    fc.property(
      SAID,
      SAID,
      EXTENSIONS,
      fc.array(change, { maxLength: 4 }),
      fc.infiniteStream(fc.tuple(fc.constantFrom(1, 2, 7, 30, 80, 20_000), fate, fc.boolean())),
      (client, server, [extensions, contextBytes], changes, turns) => {
        const share = openShare(4_096)
        const decoder = open(extensions, share)
        const left = {
          client: changed(Buffer.concat(framesOf(client, { from: 'client', contextBytes })), changes),
          server: changed(Buffer.concat(framesOf(server, { from: 'server', contextBytes })), changes),
        }
        const messages: Message[] = []
        for (const [size, what, isClient] of turns) {
          const from =
            left[isClient ? 'client' : 'server'].length > 0
              ? isClient
                ? 'client'
                : 'server'
              : isClient
                ? 'server'
                : 'client'
          const chunk = left[from].subarray(0, size)
          if (chunk.length === 0) break
          left[from] = left[from].subarray(chunk.length)
          const ahead = decoder.contentAhead(from)
          if (what === 'gap') messages.push(...decoder.gap(from, chunk.length))
          else if (what === 'hole') messages.push(...decoder.gap(from, undefined))
          else if (what === 'pass' && ahead >= chunk.length)
            messages.push(...decoder.pass(from, chunk.length))
          else messages.push(...decoder.bytes(from, chunk))
          expect(share.heldBytes).toBeLessThanOrEqual(share.heldBytesMax)
        }
        messages.push(...decoder.closed())
        expect(share.heldBytes).toBe(0)
        expectWellFormed(messages)
      },
    ),
    { numRuns: 1000 },
  )
})

/** Heads first, one end a side and nothing of it behind, every message begun is ended. */
function expectWellFormed(messages: readonly Message[]): void {
  expect(messages.slice(0, 2).map(({ kind }) => kind)).toEqual(['request', 'response'])
  for (const from of ['client', 'server'] as const) {
    const own = messages.filter((message) => 'from' in message && message.from === from)
    expect(own.findIndex(({ kind }) => kind === 'end')).toBe(own.length - 1)
  }
  expect(heardIn(messages).every(({ ends }) => ends)).toBe(true)
}

function changed(
  bytes: Buffer,
  changes: readonly { readonly at: number; readonly with: Uint8Array; readonly without: number }[],
): Buffer {
  return changes.reduce((before, change) => {
    const at = change.at % (before.length + 1)
    return Buffer.concat([before.subarray(0, at), change.with, before.subarray(at + change.without)])
  }, bytes)
}

/** Each chunk in memory of its own, as chunks are: nothing outlives the call by chance. */
function* split(bytes: Buffer, sizes: Iterator<number>): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size: number = bytes.length > 5_000 ? sizes.next().value * 997 : sizes.next().value
    yield new Uint8Array(bytes.subarray(at, at + size))
    at += size
  }
}

function copied(messages: readonly Message[]): Message[] {
  return messages.map((message) =>
    message.kind === 'piece' ? { ...message, bytes: new Uint8Array(message.bytes) } : message,
  )
}
