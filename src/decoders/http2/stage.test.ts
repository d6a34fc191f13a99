import { expect, test } from 'vitest'
import { bytesOf } from '../../../test/support/decoder-script.ts'
import { openWriters, WHOLE } from '../../../test/support/http2-connection.ts'
import {
  END_HEADERS,
  frame,
  PREFACE,
  SETTINGS_ACK,
  settings,
  uint32,
} from '../../../test/support/http2-frames.ts'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import { source } from '../../base/index.ts'
import type { Side, StreamEvent } from '../../connections/index.ts'
import { decode } from '../decode.ts'

const { connection } = sampleExchange()
const UPGRADE = [
  'GET /up HTTP/1.1',
  'Host: x.example',
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABk',
  '',
  '',
].join('\r\n')
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
const WINDOW = frame('WINDOW_UPDATE', 0, 0, uint32(1000))

test('the preface of a client, with the settings of a server that spoke first', () => {
  const { ask, answer } = openWriters()
  expect(
    told(false, [
      ['server', settings([3, 100])],
      ['client', PREFACE.slice(0, 10)],
      ['client', PREFACE.slice(10) + settings() + ask(1)],
      ['server', SETTINGS_ACK + answer(1)],
    ]),
  ).toEqual(['http2 request', 'http2 end', 'http2 response', 'http2 end'])
})

test('an upgrade from HTTP/1.1 goes on in HTTP/2', () => {
  const { ask, answer } = openWriters()
  expect(
    told(false, [
      ['client', UPGRADE],
      ['server', SWITCHING + settings() + answer(1, END_HEADERS) + frame('DATA', 1, 1, 'up')],
      ['client', PREFACE + settings() + SETTINGS_ACK + ask(3)],
      ['server', SETTINGS_ACK + answer(3)],
    ]).filter((line) => !line.endsWith('switch')),
  ).toEqual([
    'http1 request',
    'http1 end',
    'http1 response',
    'http1 end',
    'http2 request',
    'http2 end',
    'http2 response',
    'http2 body',
    'http2 end',
    'http2 request',
    'http2 end',
    'http2 response',
    'http2 end',
  ])
})

test('joined late, by the frames of either side', () => {
  const { ask, answer } = openWriters()
  ask(1)
  answer(1)
  expect(
    told(true, [
      ['server', 'the tail of some content'],
      ['client', ask(3)],
      ['client', WINDOW],
      ['server', answer(3, END_HEADERS) + frame('DATA', 1, 3, 'ok')],
    ]),
  ).toEqual(['http2 request', 'http2 end', 'http2 response', 'http2 body', 'http2 end'])
  expect(
    told(true, [
      ['server', answer(5, END_HEADERS) + frame('DATA', 0, 5, 'a')],
      ['client', ask(7)],
      ['client', ask(9)],
      ['server', answer(7) + answer(9)],
    ]),
  ).toEqual([
    'http2 request',
    'http2 end',
    'http2 request',
    'http2 end',
    'http2 response',
    'http2 end',
    'http2 response',
    'http2 end',
  ])
})

test('a server that answers the preface in HTTP/1.1', () => {
  const { ask } = openWriters()
  expect(
    told(false, [
      ['client', PREFACE + settings() + ask(1, WHOLE)],
      ['server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
      ['client', 'anything'],
    ]),
  ).toEqual(['http2 request', 'http2 end', 'http2 end', 'http2 opaque'])
})

function told(joinedLate: boolean, said: readonly (readonly [Side, string])[]): readonly string[] {
  const one = { ...connection, joinedLate }
  const streams = source<StreamEvent>({})
  const kinds: string[] = []
  decode(streams).listen(({ protocol, messages }) => {
    for (const { kind } of messages) kinds.push(`${protocol} ${kind}`)
  })
  for (const [from, text] of said)
    streams.emit({ kind: 'bytes', connection: one, at: 0, from, bytes: bytesOf(text) })
  return kinds
}
