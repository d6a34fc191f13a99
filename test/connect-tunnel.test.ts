import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { source } from '../src/base/index.ts'
import type { CaptureEvent, Role } from '../src/capture/index.ts'
import { followConnections, openTlsSessions, type Side, type StreamEvent } from '../src/connections/index.ts'
import { type Decoded, decode } from '../src/decoders/index.ts'
import { EXCHANGE_LIMITS, type Exchange, pairExchanges } from '../src/exchanges/index.ts'
import {
  type Chunk,
  type KeyLogLine,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from './tls-recording.ts'

const REQUEST = 'GET /inside HTTP/1.1\r\nHost: localhost\r\n\r\n'
const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ninside'
const CONNECT = 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n'
const GRANTED = 'HTTP/1.1 200 Connection established\r\n\r\n'
const OUTER = 'http://localhost:443 200 http1'
const INNER = 'https://localhost/inside 200 http1'
const PROCESS = processOf(7)
const PORT = 3128

let recordings: readonly Recording[]
beforeAll(async () => {
  const identity = selfSigned()
  const client = { ALPNProtocols: ['http/1.1'] }
  const turns = [[Buffer.from(REQUEST), Buffer.from(RESPONSE)]] as const
  recordings = [
    await recordSession({ server: { ...identity, maxVersion: 'TLSv1.2' }, client, turns }),
    await recordSession({ server: { ...identity, minVersion: 'TLSv1.3' }, client, turns }),
  ]
})

test.each(['client', 'server'] as const)('TLS inside a tunnel is opened, seen from its %s', (role) => {
  for (const { chunks, keyLog } of recordings) {
    const { urls, opaque, connections } = run([...tunnel(), ...chunks], { role, keyLog })
    expect(urls).toEqual([OUTER, INNER])
    expect(opaque).toEqual([])
    expect(connections).toMatchObject([{ tls: { serverName: 'localhost', opened: true } }])
  }
})

test('it does not matter how the bytes are cut', () => {
  for (const { chunks, keyLog } of recordings)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
        expect(run(recut([...tunnel(), ...chunks], sizes), { keyLog }).urls).toEqual([OUTER, INNER])
      }),
      { numRuns: 50 },
    )
})

test('a client that sends its ClientHello before the proxy answers is understood', () => {
  for (const { chunks, keyLog } of recordings) {
    const [hello, ...later] = chunks
    if (hello === undefined) throw new Error('nothing was recorded')
    const [asks, grants] = tunnel()
    expect(run([asks, hello, grants, ...later], { keyLog }).urls).toEqual([OUTER, INNER])
    const glued = { from: 'client', bytes: Buffer.concat([asks.bytes, hello.bytes]) } as const
    expect(run([glued, grants, ...later], { keyLog }).urls).toEqual([OUTER, INNER])
  }
})

test('without its secrets TLS inside a tunnel is unreadable, and the CONNECT is told of', () => {
  for (const { chunks } of recordings) {
    const { urls, opaque, connections, unreadable } = run([...tunnel(), ...chunks], { keyLog: [] })
    expect(urls).toEqual([OUTER])
    expect(opaque).toEqual([])
    expect(unreadable).toBe(1)
    expect(connections).toMatchObject([{ tls: { unreadable: 'no secret' } }])
  }
})

test('a tunnel through a tunnel is followed to its end', () => {
  for (const { chunks, keyLog } of recordings)
    expect(run([...tunnel(), ...tunnel(), ...chunks], { keyLog }).urls).toEqual([OUTER, OUTER, INNER])
})

test('plain HTTP inside a tunnel is read, whatever is held of it at first', () => {
  const inside: Chunk[] = [said('client', REQUEST), said('server', RESPONSE)]
  const url = 'http://localhost/inside 200 http1'
  expect(run([...tunnel(), ...inside, ...inside]).urls).toEqual([OUTER, url, url])
  expect(run(recut([...tunnel(), ...inside], [1])).urls).toEqual([OUTER, url])
})

test.each([
  ['the client', [said('client', 'SET a b\r\n'), said('server', '+OK\r\n')]],
  ['the server', [said('server', 'SSH-2.0-x\r\n'), said('client', 'SSH-2.0-y\r\n')]],
])('where %s speaks first of something else, the tunnel is left alone', (_, inside) => {
  const { urls, opaque } = run([...tunnel(), ...inside, ...inside])
  expect(urls).toEqual([OUTER])
  expect(opaque).toEqual(['unknown tunnel'])
})

test('a refused CONNECT changes nothing', () => {
  const refused = [said('client', CONNECT), said('server', 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n')]
  const { urls } = run([...refused, said('client', REQUEST), said('server', RESPONSE)])
  expect(urls).toEqual(['http://localhost:443 407 http1', 'http://localhost/inside 200 http1'])
})

function tunnel(): [Chunk, Chunk] {
  return [said('client', CONNECT), said('server', GRANTED)]
}

function said(from: Side, text: string): Chunk {
  return { from, bytes: new Uint8Array(Buffer.from(text, 'latin1')) }
}

interface Seen {
  readonly role?: Role
  readonly keyLog?: readonly KeyLogLine[]
}

/** What the stages make of the chunks, in this order, of one connection. */
function run(chunks: readonly Chunk[], { role = 'client', keyLog = [] }: Seen = {}) {
  const captured = source<CaptureEvent>({})
  const tls = openTlsSessions()
  let ids = 0
  const options = { nextId }
  const streams = followConnections(captured, { ...options, tls, connectionsMax: 10 })
  const events: StreamEvent[] = []
  const decoded: Decoded[] = []
  const exchanges: Exchange[] = []
  streams.listen((event) => events.push(event))
  const messages = decode(streams)
  messages.listen((one) => decoded.push(one))
  pairExchanges(messages, { ...EXCHANGE_LIMITS, ...options }).listen((one) => exchanges.push(one))
  const ends = { local: { ip: '127.0.0.1', port: 4000 }, remote: { ip: '127.0.0.1', port: PORT } }
  captured.emit({ kind: 'opened', key: 1, at: 1, role, ...ends, joinedLate: false, process: undefined })
  for (const line of keyLog) captured.emit(secretEvent(line, { pid: PROCESS.pid, session: 1 }))
  const moved = { client: 0, server: 0 }
  for (const { from, bytes } of chunks) {
    const borrowed = Uint8Array.from(bytes)
    captured.emit({
      kind: 'bytes',
      key: 1,
      at: 2,
      direction: from === role ? 'sent' : 'received',
      position: moved[from],
      length: borrowed.length,
      bytes: borrowed,
      process: PROCESS,
      thread: PROCESS.pid,
    })
    moved[from] += borrowed.length
    borrowed.fill(0xee)
  }
  streams.close()
  const last = decoded.map(({ protocol, messages: of }) => [protocol, of.at(-1)] as const)
  return {
    urls: exchanges.map(
      ({ protocol, request, response }) => `${request.url} ${response?.status} ${protocol}`,
    ),
    opaque: last.flatMap(([protocol, one]) => (one?.kind === 'opaque' ? `${protocol} ${one.why}` : [])),
    connections: events.flatMap((event) => (event.kind === 'opened' ? event.connection : [])),
    unreadable: events.filter(({ kind }) => kind === 'unreadable').length,
  }

  function nextId(): string {
    ids += 1
    return String(ids)
  }
}

/** Each chunk in pieces of these sizes, in turn. */
function recut(chunks: readonly Chunk[], sizes: readonly number[]): Chunk[] {
  let turn = 0
  return chunks.flatMap(({ from, bytes }) => {
    const cut: Chunk[] = []
    for (let at = 0; at < bytes.length; ) {
      const size = sizes[turn % sizes.length] ?? 1
      cut.push({ from, bytes: bytes.subarray(at, at + size) })
      turn += 1
      at += size
    }
    return cut
  })
}
