import { describe, expect, test } from 'vitest'
import { grpcVerdict, httpVerdict, retryAfterMs } from './verdicts.ts'

const ANSWER = { endpoint: 'c:4317', text: '', sent: [] }
const CODES: readonly [code: number, kind: string][] = [
  [1, 'again'],
  [2, 'refused'],
  [3, 'refused'],
  [4, 'again'],
  [5, 'refused'],
  [6, 'refused'],
  [7, 'again'],
  [8, 'refused'],
  [9, 'refused'],
  [10, 'again'],
  [11, 'again'],
  [12, 'refused'],
  [13, 'refused'],
  [14, 'again'],
  [15, 'again'],
  [16, 'again'],
  [99, 'refused'],
]

test.for(CODES)('code %i of gRPC: %s', ([code, kind]) => {
  expect(grpcVerdict(ANSWER, code, undefined).kind).toBe(kind)
})

test('a receiver that names a time may recover, unless the batch is too large for it', () => {
  expect(grpcVerdict(ANSWER, 8, 1_500)).toEqual({
    kind: 'again',
    afterMs: 1_500,
    why: 'c:4317 answers RESOURCE_EXHAUSTED',
  })
  expect(grpcVerdict(ANSWER, 14, 200)).toMatchObject({ kind: 'again', afterMs: 200 })
  const text = 'grpc: received message larger than max (5 vs. 4)'
  expect(grpcVerdict({ ...ANSWER, text }, 8, 1_500)).toEqual({
    kind: 'refused',
    why: `c:4317 answers RESOURCE_EXHAUSTED: ${text}`,
  })
})

test('without an answer it is not known whether the batch arrived', () => {
  const text = 'Received RST_STREAM with code 0 (Call ended without gRPC status)'
  expect(grpcVerdict({ ...ANSWER, text }, 13, undefined).kind).toBe('again')
})

const STATUSES: readonly [status: number, kind: string][] = [
  [400, 'refused'],
  [404, 'refused'],
  [413, 'refused'],
  [415, 'refused'],
  [500, 'refused'],
  [408, 'again'],
  [429, 'again'],
  [502, 'again'],
  [503, 'again'],
  [504, 'again'],
  [301, 'again'],
  [401, 'again'],
  [403, 'again'],
]

test.for(STATUSES)('status %i of HTTP: %s', ([status, kind]) => {
  expect(httpVerdict(ANSWER, status, undefined).kind).toBe(kind)
})

test('what the operator must mend is not tried every second', () => {
  expect(httpVerdict(ANSWER, 401, undefined)).toMatchObject({ afterMs: 30_000 })
  expect(grpcVerdict(ANSWER, 16, undefined)).toMatchObject({ afterMs: 30_000 })
})

test('a time beyond reason is cut', () => {
  expect(httpVerdict(ANSWER, 503, 1e15)).toMatchObject({ afterMs: 3_600_000 })
})

describe('Retry-After', () => {
  const nowMs = Date.UTC(2026, 10, 21, 15, 0, 0)
  test.for([
    ['7', 7_000],
    [' 0 ', 0],
    ['Sat, 21 Nov 2026 15:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 15:00:30 GMT', 30_000],
    ['Sat Nov 21 15:00:30 2026 GMT', 30_000],
    ['Sat, 21 Nov 2026 14:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
    ['', undefined],
  ] as const)('"%s"', ([header, expected]) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected)
  })
})

test('what a receiver says is one short line, without what was sent', () => {
  const sent = [Buffer.from('body: {"password":"hunter2","n":12345}'), Buffer.from('Bearer tok3n')]
  const text = `bad\r\nentry "hunter2" 12345 of tok3n ${'x'.repeat(500)}`
  const { why } = { why: '', ...httpVerdict({ ...ANSWER, text, sent }, 400, undefined) }
  expect(why).toMatch(/^c:4317 answers with HTTP status 400: bad entry "…" … of … x+$/)
  expect(why.length).toBeLessThan(260)
})
