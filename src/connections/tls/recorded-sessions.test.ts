import { randomBytes } from 'node:crypto'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { someConnection } from '../../../test/support/some-connection.ts'
import {
  type Chunk,
  keepPlain,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../../../test/tls-recording.ts'
import { nodeAead, opensslAead } from './aead.ts'
import { openTlsSessions, TLS_LIMITS } from './sessions.ts'

const FROM = { pid: 7, session: 0x1000 }
const TURNS = [
  [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), randomBytes(40_000)],
  [randomBytes(70_000), Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')],
  [randomBytes(1), randomBytes(16_384)],
] as const
const SUITES = [
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 0x1301],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 0x1302],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 0x1303],
  ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256', 0xc02f],
  ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384', 0xc030],
  ['TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305', 0xcca8],
  ['TLSv1.2', 'DHE-RSA-AES128-GCM-SHA256', 0x009e],
  ['TLSv1.2', 'AES256-GCM-SHA384', 0x009d],
] as const

let identity: ReturnType<typeof selfSigned>
beforeAll(() => {
  identity = selfSigned()
})

describe.each(SUITES)('%s %s', (version, ciphers, number) => {
  let recording: Recording
  beforeAll(async () => {
    recording = await record({ minVersion: version, maxVersion: version, ciphers })
  })

  test('gives the plain text of both sides, whichever AEAD opens it', () => {
    for (const aead of [opensslAead(), nodeAead()]) {
      const { kept, connection } = replay(recording, recording.chunks, { aead, secretsBefore: 0 })
      expectAll(kept, recording)
      expect(connection.tls).toMatchObject({
        version: version === 'TLSv1.3' ? 0x0304 : 0x0303,
        suite: number,
        serverName: 'localhost',
        protocols: ['http/1.1'],
        unreadable: undefined,
        opened: true,
      })
    }
  })

  test('does not mind how the stream is cut, nor when the secrets come', () => {
    const total = recording.chunks.length
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }),
        fc.nat(total),
        (cuts, at) => {
          const chunks = recut(recording.chunks, cuts)
          const secretsBefore = Math.floor((at / total) * chunks.length)
          const { kept } = replay(recording, chunks, { secretsBefore })
          expectAll(kept, recording)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('opens nothing with the secrets of another session', async () => {
    const other = await record({ minVersion: version, maxVersion: version, ciphers })
    const strange = { ...recording, keyLog: other.keyLog }
    const { kept, connection, sessions } = replay(strange, recording.chunks, { secretsBefore: 3 })
    expect(kept.order).toEqual([])
    expect(kept.reasons).toEqual(['no secret'])
    expect(connection.tls?.unreadable).toBe('no secret')
    expect(sessions.stats).toMatchObject({ sessionsBound: 0, recordsOpened: 0, unreadableNoSecret: 1 })
  })
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a resumed %s session is read like a first one',
  async (version) => {
    const ticketKeys = randomBytes(48)
    const first = await record({ minVersion: version, maxVersion: version, ticketKeys })
    const again = await record(
      { minVersion: version, maxVersion: version, ticketKeys },
      { session: first.ticket },
    )
    expect(first.ticket).toBeDefined()
    const firstFlightBytes = (from: Recording) =>
      from.chunks.find((chunk) => chunk.from === 'server')?.bytes.length ?? 0
    expect(firstFlightBytes(again)).toBeLessThan(firstFlightBytes(first))
    expectAll(replay(again, again.chunks, { secretsBefore: 0 }).kept, again)
  },
)

test('a server that asks for another key share first is read all the same', async () => {
  const recording = await record({ ecdhCurve: 'P-384' }, { ecdhCurve: 'X25519:P-384' })
  const hellos = recording.chunks.filter((chunk) => chunk.from === 'client' && chunk.bytes.includes(1, 5))
  expect(hellos.length).toBeGreaterThan(1)
  expectAll(replay(recording, recording.chunks, { secretsBefore: 0 }).kept, recording)
})

test('a suite with CBC says so, once, and holds nothing', async () => {
  const cbc = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' } as const
  const recording = await record(cbc)
  const { kept, connection, sessions } = replay(recording, recording.chunks, { secretsBefore: 0 })
  expect(kept.reasons).toEqual(['suite not supported'])
  expect(kept.order).toEqual([])
  expect(connection.tls).toMatchObject({ suite: 0xc027, unreadable: 'suite not supported', opened: false })
  expect(sessions.stats).toMatchObject({ unreadableSuite: 1, recordsOpened: 0 })
})

test('a renegotiated session is read up to the new keys, and what follows is a gap', async () => {
  const recording = await recordSession({
    server: { ...identity, maxVersion: 'TLSv1.2' },
    client: {},
    turns: TURNS,
    renegotiateBefore: 1,
  })
  const { kept, sessions } = replay(recording, recording.chunks, { secretsBefore: 0 })
  const [[request, response]] = TURNS
  expect(kept.all('client').equals(request)).toBe(true)
  expect(kept.all('server').equals(response)).toBe(true)
  expect(kept.gaps.map((gap) => gap.from).toSorted()).toEqual(['client', 'server'])
  expect(sessions.stats).toMatchObject({ directionsGivenUp: 2, recordsFailed: 0 })
})

test('application secrets alone are enough: the handshake records are passed over', async () => {
  const recording = await record({ minVersion: 'TLSv1.3' })
  const keyLog = recording.keyLog.filter((line) => line.label.endsWith('TRAFFIC_SECRET_0'))
  const { kept } = replay({ ...recording, keyLog }, recording.chunks, { secretsBefore: 0 })
  expectAll(kept, recording)
  expect(keyLog.length).toBe(2)
})

function record(server: TlsOptions, client: ConnectionOptions = {}): Promise<Recording> {
  const offered = { ALPNProtocols: ['http/1.1'], ...client }
  const dhparam = 'auto' as const
  return recordSession({ server: { ...identity, dhparam, ...server }, client: offered, turns: TURNS })
}

function replay(
  recording: Recording,
  chunks: readonly Chunk[],
  how: { readonly secretsBefore: number; readonly aead?: ReturnType<typeof nodeAead> },
) {
  const sessions = openTlsSessions({ ...TLS_LIMITS, heldBytesMax: 1_000_000 }, how.aead)
  const kept = keepPlain()
  const connection = someConnection()
  const stream = sessions.follow(connection, kept)
  const process = processOf(FROM.pid)
  chunks.forEach((chunk, index) => {
    if (index === how.secretsBefore) giveSecrets()
    const borrowed = Uint8Array.from(chunk.bytes)
    stream.bytes(chunk.from, borrowed, process, FROM.pid)
    borrowed.fill(0xee)
  })
  if (how.secretsBefore >= chunks.length) giveSecrets()
  stream.closed()
  sessions.close()
  return { kept, connection, sessions }

  function giveSecrets(): void {
    for (const line of recording.keyLog) sessions.secret(secretEvent(line, FROM))
  }
}

function expectAll(kept: ReturnType<typeof keepPlain>, recording: Recording): void {
  expect(kept.gaps).toEqual([])
  expect(kept.reasons).toEqual([])
  for (const from of ['client', 'server'] as const) {
    expect(kept.all(from).equals(recording.plain[from])).toBe(true)
  }
}

function recut(chunks: readonly Chunk[], cuts: readonly number[]): readonly Chunk[] {
  let turn = 0
  return chunks.flatMap(({ from, bytes }) => {
    const pieces: Chunk[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + (cuts[turn % cuts.length] ?? 1) + (cuts.length < 3 ? 500 : 0)
      pieces.push({ from, bytes: bytes.subarray(at, end) })
      turn += 1
      at = end
    }
    return pieces
  })
}
