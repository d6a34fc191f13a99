import fc from 'fast-check'
import { expect, test } from 'vitest'
import { body, end, openScript } from '../../test/support/exchange-script.ts'
import type { Header, Message } from '../decoders/index.ts'
import { type Grpc, MessageCounter } from './grpc.ts'

type RequestHead = Extract<Message, { kind: 'request' }>

const TYPE: Header = ['content-type', 'application/grpc+proto']

function call(changes: Partial<RequestHead> = {}): Message {
  return {
    kind: 'request',
    streamId: 1,
    version: 'HTTP/2',
    method: 'POST',
    target: '/shop.v1.Orders/Get',
    headers: [TYPE],
    ...changes,
  }
}

function answer(headers: readonly Header[] = [TYPE], status = 200): Message {
  return { kind: 'response', streamId: 1, version: 'HTTP/2', status, reason: '', headers }
}

function trailers(...headers: readonly Header[]): Message {
  return { kind: 'trailers', streamId: 1, from: 'server', headers }
}

function message(length: number, flag = 0): Uint8Array {
  const framed = Buffer.alloc(5 + length, 7)
  framed.writeUInt8(flag)
  framed.writeUInt32BE(length, 1)
  return framed
}

function grpcOf(...messages: readonly Message[]): Grpc | undefined {
  const { say, exchanges } = openScript()
  say(1, ...messages)
  expect(exchanges).toHaveLength(1)
  return exchanges[0]?.grpc
}

const OK = [trailers(['grpc-status', '0']), end('client'), end('server')]

test('a call has a service, a method, a status and its messages', () => {
  const grpc = grpcOf(
    call(),
    body('client', message(3)),
    answer(),
    body('server', Buffer.concat([message(0), message(10, 1)])),
    trailers(['grpc-status', '5'], ['grpc-message', 'no%20order%20%E2%9C%93 100%']),
    end('client'),
    end('server'),
  )
  expect(grpc).toEqual({
    service: 'shop.v1.Orders',
    method: 'Get',
    status: 5,
    statusName: 'NOT_FOUND',
    message: 'no order ✓ 100%',
    requestMessages: 1,
    responseMessages: 2,
    requestMessagesMissed: false,
    responseMessagesMissed: false,
  })
})

test.for([
  ['application/grpc', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc+json', true],
  ['Application/GRPC', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/grpcish', false],
  ['application/json', false],
] as const)('%s over HTTP/2: a call is %s', ([type, is]) => {
  expect(grpcOf(call({ headers: [['content-type', type]] }), answer(), ...OK) !== undefined).toBe(is)
})

test('HTTP/1 never is a call', () => {
  expect(grpcOf(call({ version: 'HTTP/1.1' }), answer(), ...OK)).toBeUndefined()
})

test('a request whose type was not seen is a call when the response says so', () => {
  const unseen = call({
    target: '',
    headers: [],
    doubts: { ambiguous: [], unknownFields: ['dynamic index 65'] },
  })
  expect(grpcOf(unseen, body('client', message(1)), answer(), ...OK)).toMatchObject({
    service: '',
    method: '',
    status: 0,
    requestMessages: 1,
  })
  expect(grpcOf(unseen, answer([['content-type', 'text/html']]), ...OK)).toBeUndefined()
  expect(grpcOf(call({ headers: [] }), answer(), ...OK)).toBeUndefined()
})

const OVER = [end('client'), end('server')]

test.for<readonly [string, readonly Message[], number | undefined, string]>([
  ['trailers', [answer(), trailers(['grpc-status', '16']), ...OVER], 16, 'UNAUTHENTICATED'],
  [
    'the head, when nothing else comes',
    [answer([TYPE, ['grpc-status', '12']]), ...OVER],
    12,
    'UNIMPLEMENTED',
  ],
  ['a number that has no name', [answer(), trailers(['grpc-status', '77']), ...OVER], 77, ''],
  ['no number', [answer(), trailers(['grpc-status', '-1']), ...OVER], undefined, ''],
  ['trailers without it', [answer(), trailers(['x', 'y']), ...OVER], undefined, ''],
  ['an end without trailers', [answer(), ...OVER], 1, 'CANCELLED'],
  ['a closed connection', [answer(), end('client'), end('server', 'closed')], 1, 'CANCELLED'],
  ['a reset stream', [answer(), end('client', 'reset'), end('server', 'reset')], 1, 'CANCELLED'],
  ['a reset before any answer', [end('client', 'reset'), end('server', 'reset')], 1, 'CANCELLED'],
  ['a gap', [answer(), end('client'), end('server', 'gap')], undefined, ''],
  ['a limit', [answer(), end('client'), end('server', 'limit')], undefined, ''],
  ['a proxy that answers in HTTP', [answer([['content-type', 'text/html']], 503), ...OVER], undefined, ''],
  [
    'a head with fields that are not known',
    [
      {
        kind: 'response',
        streamId: 1,
        version: 'HTTP/2',
        status: 200,
        reason: '',
        headers: [],
        doubts: { ambiguous: [], unknownFields: ['dynamic index 70'] },
      },
      ...OVER,
    ],
    undefined,
    '',
  ],
])('status from %s', ([, messages, status, statusName]) => {
  expect(grpcOf(call(), ...messages)).toMatchObject({ status, statusName })
})

test('messages are counted whatever the chunks are, and past what is kept of the body', () => {
  const sides = fc.array(fc.nat(300), { maxLength: 12 })
  fc.assert(
    fc.property(sides, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lengths, steps) => {
      const bytes = Buffer.concat(lengths.map((length) => message(length)))
      const { say, exchanges } = openScript({ bodyBytesMax: 16 })
      say(1, call(), answer())
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const step = steps[turn % steps.length] ?? 1
        say(1, body('server', bytes.subarray(at, at + step)))
        at += step
      }
      say(1, ...OK)
      expect(exchanges[0]?.grpc).toMatchObject({
        responseMessages: lengths.length,
        responseMessagesMissed: false,
      })
      expect(exchanges[0]?.response?.body.bytes.length).toBe(Math.min(16, bytes.length))
    }),
  )
})

test('a hole inside a message does no harm, one that may hold a beginning makes the count a lower bound', () => {
  const long = message(100)
  const inside = new MessageCounter()
  inside.add(long.subarray(0, 20))
  inside.pass(85)
  inside.add(message(4))
  expect([inside.count, inside.missed]).toEqual([2, false])

  for (const hole of [86, undefined]) {
    const over = new MessageCounter()
    over.add(long.subarray(0, 20))
    over.pass(hole)
    over.add(message(4))
    expect([over.count, over.missed]).toEqual([1, true])
  }
})

test('a gap, and content that was left unread, are told by the counts', () => {
  const grpc = grpcOf(
    call(),
    body('client', message(1)),
    { kind: 'passed', streamId: 1, from: 'client', bytes: 30 },
    answer(),
    { kind: 'missing', streamId: 1, from: 'server', bytes: undefined },
    body('server', message(1)),
    ...OK,
  )
  expect(grpc).toMatchObject({
    status: 0,
    requestMessages: 1,
    requestMessagesMissed: true,
    responseMessages: 0,
    responseMessagesMissed: true,
  })
})

test('what is not framed as messages is not counted on', () => {
  const counter = new MessageCounter()
  counter.add(Buffer.from('<html>'))
  expect([counter.count, counter.missed]).toEqual([0, true])
})

test('arbitrary bytes and holes never throw', () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.option(fc.nat(50), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const counter = new MessageCounter()
      for (const one of steps) {
        if (one instanceof Uint8Array) counter.add(one)
        else counter.pass(one)
      }
      expect(counter.count).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('a percent sign in what the server says never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('%', 'e', '2', '9', 'c', 'g', ' ', 'ä') }), (said) => {
      const grpc = grpcOf(call(), answer(), trailers(['grpc-status', '2'], ['grpc-message', said]), ...OVER)
      expect(typeof grpc?.message).toBe('string')
    }),
  )
})
