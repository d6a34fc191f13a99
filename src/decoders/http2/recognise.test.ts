import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from '../../../test/support/decoder-script.ts'
import {
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  SETTINGS_ACK,
  settings,
  uint32,
} from '../../../test/support/http2-frames.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { http2 } from './decoder.ts'

const RUNS = { noise: runs(5000) } as const
const HEADERS = frame('HEADERS', END_HEADERS | END_STREAM, 1, '\x82\x84\x87')
const ANSWER = frame('HEADERS', END_HEADERS, 1, '\x88')
const WINDOW = frame('WINDOW_UPDATE', 0, 0, uint32(1000))

test.for<readonly [string, 'client' | 'server', string, 'yes' | 'no' | 'more']>([
  ['the preface', 'client', PREFACE, 'yes'],
  ['the preface and more', 'client', PREFACE + settings(), 'yes'],
  ['a part of the preface', 'client', PREFACE.slice(0, 16), 'more'],
  ['another PRI', 'client', 'PRI / HTTP/1.1\r\n\r\n', 'no'],
  ['nothing', 'client', '', 'more'],
  ['the preface from the server', 'server', PREFACE, 'no'],
  ['settings, then another frame', 'server', settings([3, 100]) + WINDOW, 'yes'],
  ['settings alone', 'server', settings([3, 100]), 'more'],
  ['settings and their acknowledgement', 'server', settings() + SETTINGS_ACK, 'yes'],
  ['empty settings twice', 'server', settings() + settings(), 'no'],
  ['two requests', 'client', HEADERS + HEADERS.replace('\x01\x82', '\x03\x82'), 'yes'],
  ['a request alone', 'client', HEADERS, 'more'],
  ['a part of a request', 'client', HEADERS.slice(0, 11), 'more'],
  [
    'a response and the header of its content',
    'server',
    ANSWER + frame('DATA', 0, 1, 'abc').slice(0, 9),
    'yes',
  ],
  ['long content', 'server', frame('DATA', 0, 1, 'a'.repeat(16_384)) + WINDOW, 'yes'],
  ['longer content than is usual', 'server', frame('DATA', 0, 1, 'a'.repeat(16_385)) + WINDOW, 'no'],
  ['content on stream 0', 'server', frame('DATA', 0, 0, 'a') + WINDOW, 'no'],
  ['a flag without meaning', 'server', frame('DATA', 0x40, 1, 'a') + WINDOW, 'no'],
  ['a type without meaning', 'server', frame(0x60, 0, 1, 'a') + WINDOW, 'no'],
  ['a window of nothing', 'server', frame('WINDOW_UPDATE', 0, 0, uint32(0)) + WINDOW, 'no'],
  ['an unfinished block and no more of it', 'client', frame('HEADERS', 0, 1, '\x82') + WINDOW, 'no'],
  ['a promise of the client', 'client', frame('PUSH_PROMISE', 4, 1, `${uint32(2)}\x82`) + WINDOW, 'no'],
  ['HTTP/1.1', 'client', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'no'],
  ['a response of HTTP/1.1', 'server', 'HTTP/1.1 200 OK\r\n\r\n', 'no'],
  ['TLS', 'client', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'no'],
  ['TLS content', 'server', '\x17\x03\x03\0\x20'.padEnd(200, '\x01'), 'no'],
  ['SSH', 'server', 'SSH-2.0-OpenSSH_9.2\r\n', 'no'],
  ['PostgreSQL', 'client', '\0\0\0\x08\x04\xd2\x16\x2f', 'more'],
  [
    'PostgreSQL, and what follows',
    'client',
    `\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x52${'user\0x\0'.repeat(4)}`,
    'no',
  ],
  ['MySQL', 'server', '\x4a\0\0\0\x0a8.0.36\0\x0b\0\0\0abcdefgh', 'no'],
  ['Kafka', 'client', '\0\0\0\x2b\0\x12\0\x03\0\0\0\x01\0\x10consumer-group-1\0', 'no'],
  ['yamux', 'client', '\0\x01\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x10', 'no'],
  ['HTTP/2 inside yamux', 'client', `\0\0\0\x01\0\0\0\x01\0\0\0\x18${PREFACE}${settings()}`, 'no'],
  ['WebSocket', 'client', '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58', 'no'],
  ['zeros', 'server', '\0'.repeat(100), 'no'],
])('%s from the %s', ([, from, start, recognition]) => {
  expect(http2.recognise(from, bytesOf(start))).toBe(recognition)
})

test('noise is never taken for frames', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 18, maxLength: 100 }),
    // Small numbers, as binary protocols are full of.
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 2, 4, 8, 255), { minLength: 18, maxLength: 60 })
      .map((list) => Uint8Array.from(list)),
    // Lengths in front of what they count.
    fc
      .array(fc.uint8Array({ maxLength: 20 }), { minLength: 2, maxLength: 5 })
      .map((list) => Uint8Array.from(list.flatMap((payload) => [0, 0, 0, payload.length, ...payload]))),
  )
  let taken = 0
  fc.assert(
    fc.property(bytes, fc.constantFrom('client' as const, 'server' as const), (start, from) => {
      if (http2.recognise(from, start) === 'yes') taken += 1
    }),
    { numRuns: RUNS.noise },
  )
  expect(taken).toBeLessThanOrEqual(1 + RUNS.noise / 10_000)
})
