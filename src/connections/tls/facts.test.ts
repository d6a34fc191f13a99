import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { runs } from '../../../test/support/run-counts.ts'
import { someConnection } from '../../../test/support/some-connection.ts'
import {
  alpn,
  chosenVersion,
  clientHello,
  EXTENSION,
  type Extension,
  handshakeRecords,
  offeredVersions,
  serverHello,
  serverName,
} from '../../../test/support/tls-hellos.ts'
import {
  keepPlain,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../../../test/tls-recording.ts'
import type { Side, TlsFacts } from '../connection.ts'
import { openTlsSessions } from './sessions.ts'

const PROCESS = processOf(7)

interface Part {
  readonly from: Side
  readonly bytes: Uint8Array
}

/** What the handshake shows of itself, without any secret. */
function factsOf(parts: readonly Part[]): TlsFacts | undefined {
  const connection = someConnection()
  const stream = openTlsSessions().follow(connection, keepPlain())
  for (const { from, bytes } of parts) stream.bytes(from, bytes, PROCESS, 1)
  stream.closed()
  return connection.tls
}

/** Both hellos, cut into records and segments of these lengths. */
function parts(client: Uint8Array, server: Uint8Array, records: number[], segments: number[]): Part[] {
  return [
    ...segmentsOf('client', handshakeRecords(client, records), segments),
    ...segmentsOf('server', handshakeRecords(server, records), segments),
  ]
}

function segmentsOf(from: Side, bytes: Uint8Array, lengths: readonly number[]): Part[] {
  const found: Part[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? bytes.length
    found.push({ from, bytes: bytes.slice(at, at + length) })
    at += length
  }
  return found
}

const OFFER: readonly Extension[] = [
  [0x1a1a, new Uint8Array(1)],
  serverName('api.example.com'),
  alpn(['ZZ', 'h2', 'http/1.1', '\u008a\u008a']),
  offeredVersions([0xfafa, 0x7f1c, 0x0304, 0x0303]),
]

test('any cut into records and segments, at any length of the key share, shows the same', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12_000 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 16_384 })), {
        minLength: 1,
      }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3_000 })), {
        minLength: 1,
      }),
      fc.nat(OFFER.length),
      (keyShareBytes, records, segments, place) => {
        const keyShare: Extension = [EXTENSION.keyShare, new Uint8Array(keyShareBytes).fill(22)]
        const client = clientHello(OFFER.toSpliced(place, 0, keyShare))
        const server = serverHello(
          [[EXTENSION.keyShare, new Uint8Array(1_120)], chosenVersion(0x0304)],
          0x1301,
        )
        expect(factsOf(parts(client, server, records, segments))).toMatchObject({
          offeredVersion: 0x0304,
          serverName: 'api.example.com',
          protocols: ['h2', 'http/1.1'],
          version: 0x0304,
          suite: 0x1301,
          protocol: undefined,
          unreadable: undefined,
        })
      },
    ),
    { numRuns: runs(150) },
  )
})

test('TLS 1.2 says in the clear what it chose, and old clients say their version alone', () => {
  const client = clientHello([alpn(['h2', 'http/1.1'])], 0x0302)
  const server = serverHello([alpn(['http/1.1'])], 0xc02f)
  expect(factsOf(parts(client, server, [3], [5]))).toMatchObject({
    offeredVersion: 0x0302,
    version: 0x0303,
    suite: 0xc02f,
    protocol: 'http/1.1',
  })
  const drafts = clientHello([offeredVersions([0x7f1c, 0x2a2a])])
  expect(factsOf(segmentsOf('client', handshakeRecords(drafts, [9_000]), []))).toMatchObject({
    offeredVersion: 0x0303,
    version: undefined,
  })
})

test('the second hello after a retry changes nothing that the first said', () => {
  const retry = serverHello([chosenVersion(0x0304)], 0x1301, true)
  const again = clientHello([serverName('other.example.com'), offeredVersions([0x0303])])
  const last = serverHello([chosenVersion(0x0304)], 0x1301)
  const flow = [
    ...segmentsOf('client', handshakeRecords(clientHello(OFFER), [100]), [7]),
    ...segmentsOf('server', handshakeRecords(retry, [50]), [11]),
    ...segmentsOf('client', handshakeRecords(again, [16_384]), [13]),
    ...segmentsOf('server', handshakeRecords(last, [16_384]), [17]),
  ]
  expect(factsOf(flow)).toMatchObject({
    offeredVersion: 0x0304,
    serverName: 'api.example.com',
    protocols: ['h2', 'http/1.1'],
    version: 0x0304,
  })
})

test('no byte of a hello that is another one, or missing, throws', () => {
  const client = handshakeRecords(clientHello(OFFER), [16_384])
  for (let at = 0; at < client.length; at += 1) {
    for (const value of [0, 1, 127, 255]) {
      const changed = client.slice()
      changed[at] = value
      factsOf([{ from: 'client', bytes: changed }])
    }
    factsOf([{ from: 'client', bytes: client.slice(0, at) }])
  }
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
  let recording: Recording
  beforeAll(async () => {
    const server = { ...selfSigned(), minVersion: version, maxVersion: version, ALPNProtocols: ['http/1.1'] }
    const turns = [[randomBytes(100), randomBytes(40_000)]] as const
    const client = { ALPNProtocols: ['h2', 'http/1.1'] }
    recording = await recordSession({ server, client, turns })
  })

  function replay(leaveAt: number, hasSecrets: boolean) {
    const connection = someConnection()
    const sessions = openTlsSessions()
    const kept = keepPlain()
    const stream = sessions.follow(connection, kept)
    const secrets = hasSecrets ? recording.keyLog : []
    for (const line of secrets) sessions.secret(secretEvent(line, { pid: PROCESS.pid, session: 1 }))
    let readBytes = 0
    for (const [index, { from, bytes }] of recording.chunks.entries()) {
      if (index === leaveAt) {
        readBytes = kept.all('server').length
        stream.leaveSealed()
      }
      stream.bytes(from, bytes, PROCESS, 1)
    }
    stream.closed()
    return { connection, kept, readBytes, stats: sessions.stats }
  }

  test('the protocol that both chose is known: of TLS 1.3 once the handshake is read', () => {
    const offered = { serverName: 'localhost', protocols: ['h2', 'http/1.1'] }
    expect(replay(-1, true).connection.tls).toMatchObject({ ...offered, protocol: 'http/1.1' })
    const chosen = version === 'TLSv1.2' ? 'http/1.1' : undefined
    expect(replay(-1, false).connection.tls).toMatchObject({
      ...offered,
      protocol: chosen,
      unreadable: 'no secret',
    })
  })

  test('what is left out stays sealed from there on, and its hellos are read all the same', () => {
    for (let leaveAt = 0; leaveAt < recording.chunks.length; leaveAt += 1) {
      const { connection, kept, readBytes, stats } = replay(leaveAt, true)
      expect(kept.reasons).toEqual(['left out by a filter'])
      expect(stats).toMatchObject({ unreadableByFilter: 1, unreadableNoSecret: 0, heldBytesDropped: 0 })
      expect(kept.all('server').length).toBe(readBytes)
      expect(connection.tls).toMatchObject({
        serverName: 'localhost',
        version: version === 'TLSv1.2' ? 0x0303 : 0x0304,
        unreadable: 'left out by a filter',
      })
      if (leaveAt === 0) expect(connection.tls?.opened).toBe(false)
    }
  })
})
