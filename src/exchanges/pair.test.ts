import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { body, end, openScript } from '../../test/support/exchange-script.ts'
import { someConnection } from '../../test/support/some-connection.ts'
import { source } from '../base/index.ts'
import type { Connection, Side, StreamEvent } from '../connections/index.ts'
import { decode, type Header } from '../decoders/index.ts'
import type { Exchange } from './exchange.ts'
import { EXCHANGE_LIMITS, type PairOptions, pairExchanges } from './pair.ts'

type What = readonly [Side, string | Uint8Array] | readonly ['gap', Side, number | undefined] | 'close'

test('an exchange holds what both sides said, when, and where it went', () => {
  const [exchange] = run([
    ['client', 'POST /a/b?c=d HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Length: 2\r\n\r\nhi'],
    ['server', 'HTTP/1.1 201 Made\r\nContent-Length: 3\r\nX: 1\r\nX: 2\r\n\r\n'],
    ['server', 'yes'],
  ])
  expect(exchange).toMatchObject({
    id: 'id-1',
    protocol: 'http1',
    startedAt: 1_000_000,
    respondedAt: 2_000_000,
    endedAt: 3_000_000,
    durationMs: 1,
    completeness: 'complete',
    request: {
      method: 'POST',
      target: '/a/b?c=d',
      scheme: 'http',
      authority: 'shop.example:8080',
      path: '/a/b',
      url: 'http://shop.example:8080/a/b?c=d',
      wireBytes: 72,
    },
    response: {
      status: 201,
      reason: 'Made',
      headers: [
        ['Content-Length', '3'],
        ['X', '1'],
        ['X', '2'],
      ],
      wireBytes: 55,
    },
  })
  expect(text(exchange?.request.body.bytes)).toBe('hi')
  expect(text(exchange?.response?.body.bytes)).toBe('yes')
})

test.for([
  ['GET', '/a', [], 'client', 'http://10.0.0.2:80/a', '/a'],
  ['GET', '/a', [], 'server', 'http://[::1]:4000/a', '/a'],
  ['GET', '/a?b#c', ['Host: x'], 'client', 'http://x/a?b#c', '/a'],
  ['GET', 'https://user:pass@y:1/p?q', ['Host: x'], 'client', 'https://y:1/p?q', '/p'],
  ['GET', 'http://y', ['Host: x'], 'client', 'http://y/', '/'],
  ['OPTIONS', '*', ['Host: x'], 'client', 'http://x', '*'],
  ['CONNECT', 'y:443', ['Host: x'], 'client', 'http://y:443', ''],
] as const)('%s %s with %j, seen by the %s', ([method, target, fields, role, url, path]) => {
  const head = [`${method} ${target} HTTP/1.1`, ...fields, '', ''].join('\r\n')
  const [exchange] = run([['client', head], 'close'], { connection: { role } })
  expect(exchange?.request).toMatchObject({ url, path, target })
})

test.for([
  ['truncated', ['close']],
  ['truncated', [['server', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'], 'close']],
  ['complete', [['server', 'HTTP/1.1 200 OK\r\n\r\nab'], 'close']],
  [
    'gap',
    [
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'],
      ['gap', 'server', 7],
    ],
  ],
  ['gap', [['gap', 'server', 7]]],
  ['complete', [['server', 'HTTP/1.1 101 Go\r\n\r\nframes']]],
] as const)('completeness is "%s" after %j', ([completeness, rest]) => {
  const exchanges = run([['client', 'GET / HTTP/1.1\r\n\r\n'], ...rest])
  expect(exchanges.map((exchange) => exchange.completeness)).toEqual([completeness])
})

test.for([
  ['HTTP/2', '5', 'closed', 'complete'],
  ['HTTP/2', '6', 'closed', 'truncated'],
  ['HTTP/2', '5', 'reset', 'truncated'],
  ['HTTP/2', undefined, 'closed', 'truncated'],
  ['HTTP/1.1', '5', 'closed', 'truncated'],
] as const)('five bytes in %s, of length %s, and then %s: %s', ([version, length, cut, completeness]) => {
  const { say, exchanges } = openScript()
  const headers: readonly Header[] = length === undefined ? [] : [['content-length', length]]
  say(1, { kind: 'request', streamId: 1, version, method: 'GET', target: '/', headers: [] }, end('client'))
  say(2, { kind: 'response', streamId: 1, version, status: 200, reason: '', headers })
  say(3, body('server', Buffer.from('12345')), end('server', cut))
  expect(exchanges[0]?.completeness).toBe(completeness)
  expect(exchanges[0]?.response?.body).toMatchObject({ wireBytes: 5, missing: completeness !== 'complete' })
})

const CONTENT = 'content that repeats, '.repeat(50)

test.for([
  ['gzip', gzipSync(CONTENT)],
  ['x-gzip', gzipSync(CONTENT)],
  ['deflate', deflateSync(CONTENT)],
  ['deflate', deflateRawSync(CONTENT)],
  ['br', brotliCompressSync(CONTENT)],
  ['zstd', zstdCompressSync(CONTENT)],
  ['gzip, identity, BR', brotliCompressSync(gzipSync(CONTENT))],
] as const)('%s is removed from content, also when the end is missing', ([coding, coded]) => {
  const body = responseBody(coding, coded)
  expect(text(body?.bytes)).toBe(CONTENT)
  expect(body).toMatchObject({
    wireBytes: coded.length,
    decodedBytes: CONTENT.length,
    codingsLeft: [],
    truncated: false,
  })

  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${coded.length}\r\n\r\n`
  const [cut] = run([
    ['client', 'GET / HTTP/1.1\r\n\r\n'],
    ['server', Buffer.concat([Buffer.from(head), coded.subarray(0, -1)])],
    'close',
  ])
  expect(cut?.response?.body).toMatchObject({ missing: true, codingsLeft: [] })
  expect(CONTENT.startsWith(text(cut?.response?.body.bytes))).toBe(true)
})

test('codings that are unknown, broken or too many stay on', () => {
  expect(responseBody('foo, gzip', gzipSync('x'))).toMatchObject({ codingsLeft: ['foo'], bytes: bytes('x') })
  expect(responseBody('gzip', bytes('not gzip'))).toMatchObject({
    codingsLeft: ['gzip'],
    bytes: bytes('not gzip'),
  })
  const many = 'gzip, gzip, gzip, gzip, gzip'
  expect(responseBody(many, gzipSync('x'))?.codingsLeft).toHaveLength(5)
})

test.for([
  ['gzip', gzipSync(Buffer.alloc(50_000_000))],
  ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
  ['zstd', zstdCompressSync(Buffer.alloc(50_000_000))],
] as const)('%s content that grows past the limit is cut at it', ([coding, coded]) => {
  const body = responseBody(coding, coded, { bodyBytesMax: 100_000 })
  expect(body?.truncated).toBe(true)
  expect(body?.bytes.length).toBeLessThanOrEqual(100_000)
  expect(body?.sha256).toBe(createHash('sha256').update(coded).digest('hex'))
})

test('of content over the limit the beginning is kept and the whole is hashed', () => {
  const parts = ['abcdef', 'ghij', 'klmnopqrst', 'uv']
  const whole = parts.join('')
  const body = run(
    [
      ['client', 'GET / HTTP/1.1\r\n\r\n'],
      ['server', `HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\n\r\n`],
      ...parts.map((part) => ['server', part] as const),
    ],
    { limits: { bodyBytesMax: 13 } },
  )[0]?.response?.body
  expect(body).toMatchObject({
    bytes: bytes(whole.slice(0, 13)),
    wireBytes: 22,
    truncated: true,
    missing: false,
    sha256: createHash('sha256').update(whole).digest('hex'),
  })
})

test('content not seen whole has no hash', () => {
  const [exchange] = run(
    [
      ['client', 'GET / HTTP/1.1\r\n\r\n'],
      ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n0123456789'],
      ['gap', 'server', 5],
      ['server', 'x'.repeat(25)],
    ],
    { limits: { bodyBytesMax: 13 } },
  )
  expect(exchange?.response?.body).toMatchObject({
    wireBytes: 40,
    truncated: true,
    missing: true,
    sha256: undefined,
  })
  expect(text(exchange?.response?.body.bytes)).toBe('0123456789xxx')
})

test('past the bound of all bodies together nothing more is kept, and it is given back', () => {
  const { emit, exchanges, stats } = open({ limits: { bodiesTotalBytesMax: 10 } })
  const post = 'POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\n12345678'
  emit([['client', post]], 1)
  emit([['client', post]], 2)
  expect(stats()).toMatchObject({ bodiesHeldBytes: 8, bodiesTruncated: 1 })
  emit(['close'], 1)
  emit(['close'], 2)
  expect(exchanges.map(({ request }) => request.body.bytes.length)).toEqual([8, 0])
  expect(stats()).toMatchObject({ bodiesHeldBytes: 0, exchangesOpen: 0, truncated: 2 })
})

test('past the bound of open exchanges the oldest comes out', () => {
  const { emit, exchanges, stats } = open({ limits: { exchangesOpenMax: 2 } })
  for (const key of [1, 2, 3]) emit([['client', `GET /${key} HTTP/1.1\r\n\r\n`]], key)
  expect(exchanges.map(({ request, completeness }) => [request.path, completeness])).toEqual([
    ['/1', 'truncated'],
  ])
  emit([['server', 'HTTP/1.1 204 No\r\n\r\n']], 1)
  expect(exchanges).toHaveLength(1)
  expect(stats()).toMatchObject({ exchangesEvicted: 1, exchangesOpen: 2, messagesWithoutRequest: 2 })
})

test('bodies that nobody wants are counted and not kept', () => {
  const { emit, exchanges, stats, wantBodies } = open({})
  wantBodies(false)
  emit(
    [
      ['client', 'POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'],
      ['server', 'HTTP/1.1 204 No\r\n\r\n'],
    ],
    1,
  )
  expect(exchanges[0]?.request.body).toMatchObject({ wireBytes: 3, bytes: bytes(''), truncated: true })
  expect(stats()).toMatchObject({ bodiesHeldBytes: 0, complete: 1 })
})

function responseBody(coding: string, coded: Uint8Array, limits: Partial<PairOptions> = {}) {
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${coded.length}\r\n\r\n`
  const steps: What[] = [
    ['client', 'GET / HTTP/1.1\r\n\r\n'],
    ['server', head],
    ['server', coded],
  ]
  return run(steps, { limits })[0]?.response?.body
}

test('what is ambiguous of heads and of what follows them goes with the exchange', () => {
  const [first, second] = run([
    ['client', 'POST /a HTTP/1.1\r\nA : b\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['client', 'GET /b HTTP/1.1\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;\n\r\n'],
  ])
  expect(first?.request.doubts).toEqual({
    ambiguous: ['space before a colon', 'bare line end in chunks'],
    unknownFields: [],
  })
  expect(first?.response?.doubts).toBeUndefined()
  expect(second?.request.doubts?.ambiguous).toEqual(['follows ambiguous framing'])
  expect(second?.response?.doubts?.ambiguous).toEqual(['bare line end in chunks'])
})

interface Setup {
  readonly limits?: Partial<PairOptions>
  readonly connection?: Partial<Connection>
}

function run(what: readonly What[], setup: Setup = {}): readonly Exchange[] {
  const { emit, exchanges } = open(setup)
  emit(what, 1)
  return exchanges
}

/** The real decoder in front: each thing that happens is a millisecond after the one before. */
function open({ limits, connection }: Setup) {
  const streams = source<StreamEvent>({})
  const paired = pairExchanges(decode(streams), {
    ...EXCHANGE_LIMITS,
    ...limits,
    nextId: (at) => `id-${at / 1e6}`,
  })
  const exchanges: Exchange[] = []
  const connections = new Map<number, Connection>()
  let at = 0
  paired.listen((exchange) => exchanges.push(exchange))
  return { emit, exchanges, stats: () => paired.stats, wantBodies: paired.wantBodies }

  function emit(what: readonly What[], key: number): void {
    const own = connections.get(key) ?? { ...CONNECTION, key, ...connection }
    connections.set(key, own)
    for (const one of what) {
      at += 1_000_000
      if (one === 'close') streams.emit({ kind: 'closed', connection: own, at })
      else if (one[0] === 'gap')
        streams.emit({ kind: 'gap', connection: own, at, from: one[1], missingBytes: one[2] })
      else streams.emit({ kind: 'bytes', connection: own, at, from: one[0], bytes: bytes(one[1]) })
    }
  }
}

const CONNECTION = someConnection({
  id: 'c',
  local: { ip: '::1', port: 4000 },
  remote: { ip: '10.0.0.2', port: 80 },
})

function bytes(content: string | Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.from(content))
}

function text(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? []).toString()
}
