import { expect, test } from 'vitest'
import { bytesOf, play, playStep, type Step } from '../../../test/support/decoder-script.ts'
import { OPENING, openWriters, WHOLE } from '../../../test/support/http2-connection.ts'
import {
  END_HEADERS,
  END_STREAM,
  frame,
  get,
  openFieldWriter,
  PADDED,
  PREFACE,
  SETTINGS_ACK,
  settings,
  status,
  uint32,
} from '../../../test/support/http2-frames.ts'
import type { Message } from '../message.ts'
import { http2 } from './decoder.ts'

test('a table is as large as the other side asked once that is acknowledged (§6.5.3)', () => {
  const client = openFieldWriter()
  const fill = get('/fill', ['x-a', 'v'.repeat(3000)], ['x-b', 'w'.repeat(3000)])
  const first = client.block(fill)
  const { bytes } = client.encoder.encode({ settings: 10_000, sizes: [10_000], fields: [] })
  const grown = Buffer.from(bytes).toString('latin1') + client.block(fill) + client.block(fill)
  const messages = told([
    ['>', frame('HEADERS', WHOLE, 1, first)],
    // The acknowledgement is handed over before what it acknowledges.
    ['>', SETTINGS_ACK + frame('HEADERS', WHOLE, 3, grown)],
    ['<', settings([1, 10_000])],
  ])
  const requests = messages.filter((message) => message.kind === 'request')
  expect(requests.map(({ headers }) => headers.length)).toEqual([2, 4])
  expect(requests[1]?.headers[3]).toEqual(['x-b', 'w'.repeat(3000)])
  expect(requests[1]?.doubts?.unknownFields).toEqual([])
})

test('a server that speaks no HTTP/2 leaves the connection alone', () => {
  const log = play(http2.open({ joinedLate: false }), [
    ['>', PREFACE + settings() + frame('HEADERS', WHOLE, 1, openFieldWriter().block(get('/a')))],
    ['<', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['>', 'more'],
    ['x'],
  ])
  expect(log).toEqual([
    '#1 GET /a HTTP/2',
    expect.stringContaining('#1 > end'),
    '#1 < end closed',
    'opaque: not this protocol',
  ])
})

test('a request that asked for HTTP/2 by Upgrade is stream 1 (RFC 7540 §3.2)', () => {
  const payload = Buffer.from(`\0\x01${uint32(8192)}`, 'latin1').toString('base64url')
  const decoder = http2.open({
    joinedLate: false,
    switched: {
      to: 'h2c',
      request: {
        kind: 'request',
        streamId: 7,
        version: 'HTTP/1.1',
        method: 'GET',
        target: '/up',
        headers: [['HTTP2-Settings', payload]],
      },
      response: {
        kind: 'response',
        streamId: 7,
        version: 'HTTP/1.1',
        status: 101,
        reason: 'Switching Protocols',
        headers: [],
      },
    },
  })
  const server = openFieldWriter()
  const resized = Buffer.from(server.encoder.encode({ settings: 8192, sizes: [8192], fields: [] }).bytes)
  const { ask } = openWriters()
  expect(
    play(decoder, [
      ['<', settings() + frame('HEADERS', WHOLE, 1, resized.toString('latin1') + server.block(status(200)))],
      ['>', PREFACE + settings([1, 8192]) + ask(3)],
      ['<', SETTINGS_ACK + frame('HEADERS', WHOLE, 3, server.block(status(200)))],
    ]),
  ).toEqual([
    `#1 GET /up HTTP/1.1 HTTP2-Settings="${payload}"`,
    '#1 > end 0',
    '#1 HTTP/2 200 ',
    '#1 < end 13',
    '#3 GET /3 HTTP/2',
    expect.stringContaining('#3 > end'),
    '#3 HTTP/2 200 ',
    '#3 < end 10',
  ])
})

test('content ahead can be passed over', () => {
  const { ask, answer } = openWriters()
  const decoder = http2.open({ joinedLate: false })
  for (const step of [...OPENING, ['>', ask(1)] as const]) playStep(decoder, step)
  const data = frame('DATA', END_STREAM | PADDED, 1, `\x02${'a'.repeat(100)}\0\0`)
  expect(decoder.contentAhead('server')).toBe(0)
  decoder.bytes('server', bytesOf(answer(1, END_HEADERS) + data.slice(0, 30)))
  expect(decoder.contentAhead('client')).toBe(0)
  expect(decoder.contentAhead('server')).toBe(80)
  expect(decoder.pass('server', 50)).toEqual([{ kind: 'passed', streamId: 1, from: 'server', bytes: 50 }])
  expect(decoder.contentAhead('server')).toBe(30)
  expect(decoder.pass('server', 30)).toHaveLength(1)
  expect(decoder.contentAhead('server')).toBe(0)
  expect(decoder.bytes('server', bytesOf(data.slice(-2)))).toEqual([
    { kind: 'end', streamId: 1, from: 'server', wireBytes: 10 + data.length },
  ])
})

function told(steps: readonly Step[]): readonly Message[] {
  const decoder = http2.open({ joinedLate: false })
  return [...OPENING, ...steps].flatMap((step) => playStep(decoder, step))
}
