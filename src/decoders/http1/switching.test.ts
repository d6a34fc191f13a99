import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playStep, type Step } from '../../../test/support/decoder-script.ts'
import { type Case, testInPieces, testWhole } from '../../../test/support/http1-cases.ts'
import { pieces } from '../../../test/support/traffic.ts'
import { openShare } from '../decoder.ts'
import type { Message } from '../message.ts'
import { http1 } from './decoder.ts'

const get = (path: string) => `GET /${path} HTTP/1.1\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const CASES: Readonly<Record<string, Case>> = {
  'an upgrade ends the pair and the protocol': {
    steps: [
      ['>', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'],
      ['<', 'HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello'],
      ['>', '\x81\x05hello'],
      ['x'],
    ],
    log: [
      '#1 GET / HTTP/1.1 Upgrade="websocket"',
      '#1 > end 38',
      '#1 HTTP/1.1 101 Switching Protocols',
      '#1 < end 36',
      'switch: websocket',
      `< rest ${JSON.stringify('\x81\x05hello')}`,
      `> rest ${JSON.stringify('\x81\x05hello')}`,
    ],
  },
  'an upgrade whose client speaks before its request was seen to be answered': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nUpgrade: A/1\r\nUpgrade: b\r\nContent-Length: 2\r\n\r\nhi\x01'],
      ['>', '\x02'],
      ['<', 'HTTP/1.1 101 Go\r\nUpgrade: A/1\r\n\r\n\x03'],
      ['>', '\x04'],
      ['<?', 3],
      ['<', '\x05'],
    ],
    log: [
      '#1 POST / HTTP/1.1 Upgrade="A/1" Upgrade="b" Content-Length="2"',
      '#1 > body "hi"',
      '#1 > end 66',
      '#1 HTTP/1.1 101 Go Upgrade="A/1"',
      '#1 < end 33',
      'switch: a/1',
      `> rest ${JSON.stringify('\x01\x02')}`,
      `< rest ${JSON.stringify('\x03')}`,
      `> rest ${JSON.stringify('\x04')}`,
      `< rest ${JSON.stringify('\x05')}`,
    ],
  },
  'a hole that begins in the request and hides bytes behind the switch': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nUpgrade: a\r\nContent-Length: 5\r\n\r\n'],
      ['<', 'HTTP/1.1 101 Go\r\nUpgrade: a\r\n\r\n'],
      ['>?', 6],
      ['>', get('b')],
    ],
    log: [
      '#1 POST / HTTP/1.1 Upgrade="a" Content-Length="5"',
      '#1 HTTP/1.1 101 Go Upgrade="a"',
      '#1 < end 31',
      '#1 > missing 5',
      '#1 > end gap',
      'opaque: upgrade',
    ],
  },
  'an upgrade that is refused: what the client sent meanwhile is the next request': {
    steps: [
      ['>', `GET /a HTTP/1.1\r\nUpgrade: h2c\r\n\r\n${get('b')}`],
      ['<', ok('a')],
      ['<', ok('b')],
    ],
    log: [
      '#1 GET /a HTTP/1.1 Upgrade="h2c"',
      '#1 > end 33',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "b"',
      '#2 < end 39',
    ],
  },
  'an upgrade that is agreed to before the last of its request was seen': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nh'],
      ['<', 'HTTP/1.1 101 Go\r\n\r\n\x03'],
      ['>', 'i\x01'],
    ],
    log: [
      '#1 POST / HTTP/1.1 Upgrade="x" Content-Length="2"',
      '#1 > body "h"',
      '#1 HTTP/1.1 101 Go',
      '#1 < end 19',
      '#1 > body "i"',
      '#1 > end 52',
      'switch: x',
      `< rest ${JSON.stringify('\x03')}`,
      `> rest ${JSON.stringify('\x01')}`,
    ],
  },
  'an upgrade behind which bytes are missing is followed by nobody': {
    steps: [
      ['>', 'GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n\x01'],
      ['>?', 2],
      ['>', '\x02'],
      ['<', 'HTTP/1.1 101 Go\r\n\r\n\x03'],
      ['>', '\x04'],
    ],
    log: [
      '#1 GET / HTTP/1.1 Upgrade="x"',
      '#1 > end 30',
      '#1 HTTP/1.1 101 Go',
      '#1 < end 19',
      'opaque: upgrade',
    ],
  },
  'CONNECT refused, then granted while the client already speaks through the tunnel': {
    steps: [
      ['>', 'CONNECT a:443 HTTP/1.1\r\n\r\n'],
      ['<', 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n'],
      ['>', 'CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01'],
      ['<', 'HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03'],
    ],
    log: [
      '#1 CONNECT a:443 HTTP/1.1',
      '#1 > end 26',
      '#1 HTTP/1.1 407 Who Content-Length="0"',
      '#1 < end 39',
      '#2 CONNECT a:443 HTTP/1.1',
      '#2 > end 26',
      '#2 HTTP/1.1 200 OK',
      '#2 < end 19',
      'switch: tunnel',
      `> rest ${JSON.stringify('\x16\x03\x01')}`,
      `< rest ${JSON.stringify('\x16\x03\x03')}`,
    ],
  },
}

testWhole(CASES)
testInPieces(CASES)

const BYTES = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\0', 'G', ' '), maxLength: 40 })
const SIZES = fc.infiniteStream(fc.integer({ min: 1, max: 20 }))
const WAYS = fc.constantFrom(
  {
    request: 'GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n',
    response: 'HTTP/1.1 101 Go\r\nUpgrade: X\r\n\r\n',
    to: 'x',
  },
  {
    request: 'POST / HTTP/1.1\r\nUpgrade: x, y\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    response: 'HTTP/1.1 101 Go\r\nUpgrade: x\r\nUpgrade: y\r\n\r\n',
    to: 'x, y',
  },
  { request: 'CONNECT a:1 HTTP/1.1\r\n\r\n', response: 'HTTP/1.1 200 OK\r\n\r\n', to: 'tunnel' },
)

test('what lies behind a switch comes whole, however it was cut and whoever spoke first', () => {
  fc.assert(
    fc.property(
      WAYS,
      BYTES,
      BYTES,
      SIZES,
      fc.infiniteStream(fc.boolean()),
      (way, fromClient, fromServer, sizes, turns) => {
        const client = pieces(['>', way.request + fromClient], sizes)
        const server = pieces(['<', way.response + fromServer], sizes)
        const steps: Step[] = []
        while (client.length + server.length > 0) {
          const next = turns.next().value ? client.shift() : server.shift()
          if (next !== undefined) steps.push(next)
        }
        const share = openShare(10_000)
        const decoder = http1.open({ joinedLate: false, share })
        const messages = steps.flatMap((step) => playStep(decoder, step))
        expect(summaryOf(messages)).toEqual({ ends: [undefined, undefined], to: [way.to] })
        expect([restOf(messages, 'client'), restOf(messages, 'server')]).toEqual([fromClient, fromServer])
        expect(share.heldBytes).toBe(0)
      },
    ),
    { numRuns: 1000 },
  )
})

test('an unasked 101 with requests behind it cannot be followed', () => {
  const decoder = http1.open({ joinedLate: false })
  const steps: Step[] = [
    ['>', get('a') + get('b')],
    ['<', 'HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n\x01'],
  ]
  const messages = steps.flatMap((step) => playStep(decoder, step))
  expect(messages.at(-1)).toEqual({ kind: 'opaque', why: 'upgrade' })
})

test('where the answer can no longer be told from others, the client is not waited for', () => {
  const share = openShare()
  const decoder = http1.open({ joinedLate: true, share })
  const asks = 'GET /b HTTP/1.1\r\nUpgrade: x\r\n\r\n'
  const steps: Step[] = [
    ['>', get('1')],
    ['<', ok('')],
    ['>', get('a')],
    ['>', asks + get('c')],
    ['<', ok('')],
    ['>', get('d')],
  ]
  const messages = steps.flatMap((step) => playStep(decoder, step))
  const targets = messages.flatMap((message) => (message.kind === 'request' ? message.target : []))
  expect(targets).toEqual(['/1', '/a', '/b', '/d'])
  expect(share.heldBytes).toBe(0)
})

test('a client that says too much before the answer is looked for again', () => {
  const share = openShare()
  const decoder = http1.open({ joinedLate: false, share })
  const steps: Step[] = [
    ['>', 'GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n'],
    ['>', '\x01'.repeat(70_000)],
    ['<', 'HTTP/1.1 101 Go\r\n\r\n\x02'],
  ]
  const messages = steps.flatMap((step) => playStep(decoder, step))
  expect(messages.map(({ kind }) => kind)).toEqual(['request', 'end', 'response', 'end', 'opaque'])
  expect(share.heldBytes).toBe(0)
})

function summaryOf(messages: readonly Message[]) {
  return {
    ends: messages.flatMap((message) => (message.kind === 'end' ? [message.cut] : [])),
    to: messages.flatMap((message) => (message.kind === 'switch' ? message.switched.to : [])),
  }
}

function restOf(messages: readonly Message[], from: 'client' | 'server'): string {
  const rest = messages.flatMap((one) => (one.kind === 'rest' && one.from === from ? [one.bytes] : []))
  return Buffer.concat(rest).toString('latin1')
}
