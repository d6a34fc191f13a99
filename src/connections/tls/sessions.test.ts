import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { someConnection } from '../../../test/support/some-connection.ts'
import {
  type Chunk,
  type KeyLogLine,
  keepPlain,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../../../test/tls-recording.ts'
import { openTlsSessions, TLS_LIMITS, type TlsSessions } from './sessions.ts'

const HALF = 3
const TURNS = [
  [Buffer.from('GET /a HTTP/1.1\r\n\r\n'), Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
  [Buffer.from('GET /b HTTP/1.1\r\n\r\n'), randomBytes(9_000)],
] as const

let one: Recording
let other: Recording
let tls12: Recording
beforeAll(async () => {
  const identity = selfSigned()
  const record = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    recordSession({ server: { ...identity, maxVersion }, client: {}, turns: TURNS })
  one = await record('TLSv1.3')
  other = await record('TLSv1.3')
  tls12 = await record('TLSv1.2')
})

test('a stream that comes byte by byte is read, and its sides keep their order while records are held', () => {
  for (const recording of [one, tls12]) {
    const sessions = openTlsSessions()
    const end = follow(sessions, recording)
    for (const chunk of recording.chunks) {
      for (const byte of chunk.bytes) end.give({ from: chunk.from, bytes: Uint8Array.of(byte) })
    }
    expect(end.kept.order).toEqual([])
    tell(sessions, recording.keyLog, { pid: 7, session: 1 })
    end.expectAll()
    expect(end.kept.order.filter((from, index, all) => from !== all[index - 1])).toEqual([
      'client',
      'server',
      'client',
      'server',
    ])
  }
})

test('two handshakes of one process at a time each find their own secrets', () => {
  const sessions = openTlsSessions()
  const first = follow(sessions, one)
  const second = follow(sessions, other)
  first.giveAll()
  second.giveAll()
  tell(sessions, other.keyLog, { pid: 7, session: 2 })
  tell(sessions, one.keyLog, { pid: 7, session: 1 })
  first.expectAll()
  second.expectAll()
  expect(sessions.stats).toMatchObject({ sessionsBound: 2, recordsFailed: 0, secretsUnused: 0 })
})

test('the handshake its thread used last is tried first', () => {
  const sessions = openTlsSessions()
  const near = follow(sessions, one, { thread: 70 })
  const far = follow(sessions, other, { thread: 71 })
  near.giveAll()
  far.giveAll()
  tell(sessions, one.keyLog.slice(0, 1), { pid: 7, session: 1, thread: 70 })
  expect(sessions.stats).toMatchObject({ sessionsBound: 1, trials: 1 })
})

test('a session object that serves a second handshake gives the second one its own secrets', () => {
  const sessions = openTlsSessions()
  for (const recording of [one, other, tls12, one]) {
    const end = follow(sessions, recording)
    tell(sessions, recording.keyLog, { pid: 7, session: 1 })
    end.giveAll()
    end.expectAll()
    end.stream.closed()
  }
  expect(sessions.stats.sessionsBound).toBe(4)
})

test('a secret told twice is one secret', () => {
  const sessions = openTlsSessions()
  const end = follow(sessions, one)
  for (const line of one.keyLog) {
    tell(sessions, [line], { pid: 7, session: 1 })
    tell(sessions, [line], { pid: 7, session: 1 })
  }
  end.giveAll()
  end.expectAll()
})

test('both ends on this host are read with the secrets of one, whichever has them', () => {
  for (const withSecrets of [7, 8]) {
    const sessions = openTlsSessions()
    const client = follow(sessions, one, { pid: 7 })
    const server = follow(sessions, one, { pid: 8 })
    for (const chunk of one.chunks.slice(0, HALF)) for (const end of [server, client]) end.give(chunk)
    tell(sessions, one.keyLog, { pid: withSecrets, session: 1 })
    for (const chunk of one.chunks.slice(HALF)) for (const end of [client, server]) end.give(chunk)
    client.expectAll()
    server.expectAll()
    expect(sessions.stats.sessionsBound).toBe(2)
  }
})

test('an end that is bound to the secrets of the other end does not wait for those it has itself', () => {
  const sessions = openTlsSessions()
  const client = follow(sessions, one, { pid: 7 })
  const server = follow(sessions, one, { pid: 8 })
  const isLast = ({ label }: KeyLogLine) => label === 'CLIENT_TRAFFIC_SECRET_0'
  const early = one.keyLog.filter((line) => !isLast(line))
  for (const chunk of one.chunks.slice(0, HALF)) for (const end of [server, client]) end.give(chunk)
  // A server has the last secret only once it has read the client's end of the handshake.
  tell(sessions, early, { pid: 8, session: 1 })
  expect(sessions.stats.sessionsBound).toBe(2)
  tell(sessions, one.keyLog, { pid: 7, session: 1 })
  for (const chunk of one.chunks.slice(HALF)) client.give(chunk)
  client.expectAll()
  for (const chunk of one.chunks.slice(HALF)) server.give(chunk)
  server.expectAll()
})

test('the end that lags behind is read after the other one has closed', () => {
  const sessions = openTlsSessions()
  const client = follow(sessions, one, { pid: 7 })
  const server = follow(sessions, one, { pid: 8 })
  server.give(one.chunks[0])
  client.giveAll()
  tell(sessions, one.keyLog, { pid: 7, session: 1 })
  client.stream.closed()
  for (const chunk of one.chunks.slice(1)) server.give(chunk)
  server.expectAll()
})

test('secrets that say their client random find their connection in any process, and only that one', () => {
  const sessions = openTlsSessions()
  const end = follow(sessions, one, { pid: 7 })
  const stranger = follow(sessions, other, { pid: 9 })
  end.giveAll()
  stranger.giveAll()
  for (const line of one.keyLog) sessions.secret(secretEvent(line, { pid: 9, session: 1 }, line.clientRandom))
  end.expectAll()
  expect(stranger.kept.order).toEqual([])
  expect(sessions.stats.trials).toBe(1)
})

test('a client random used by two sessions binds each to the secrets that verify', () => {
  const sessions = openTlsSessions()
  const imitation = withClientRandom(other, one)
  const first = follow(sessions, one)
  const second = follow(sessions, imitation)
  first.giveAll()
  second.giveAll()
  tell(sessions, one.keyLog, { pid: 7, session: 1 })
  expect(second.kept.order).toEqual([])
  tell(sessions, other.keyLog, { pid: 7, session: 2 })
  first.expectAll()
  second.expectAll()
})

test('secrets of another process bind nothing', () => {
  const sessions = openTlsSessions()
  const end = follow(sessions, one, { pid: 7 })
  end.giveAll()
  tell(sessions, one.keyLog, { pid: 8, session: 1 })
  expect(sessions.stats).toMatchObject({ sessionsBound: 0, trials: 0 })
  end.stream.closed()
  expect(end.kept.reasons).toEqual(['no secret'])
})

test('a connection that holds more than it may is given up, once, and its bytes are let go', () => {
  const sessions = openTlsSessions({ ...TLS_LIMITS, heldBytesMax: 5_000 })
  const end = follow(sessions, one)
  end.giveAll()
  expect(end.kept.reasons).toEqual(['no secret'])
  expect(end.connection.tls?.unreadable).toBe('no secret')
  expect(sessions.stats.heldBytesDropped).toBeGreaterThan(5_000)
  tell(sessions, one.keyLog, { pid: 7, session: 1 })
  end.stream.closed()
  expect(end.kept.reasons).toEqual(['no secret'])
  expect(end.kept.order).toEqual([])
})

test('when all together hold too much, the one that waits longest is given up', () => {
  const bytes = (recording: Recording) => recording.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
  const sessions = openTlsSessions({ ...TLS_LIMITS, heldBytesTotalMax: bytes(one) + bytes(other) / 2 })
  const first = follow(sessions, one)
  const second = follow(sessions, other)
  first.giveAll()
  second.giveAll()
  tell(sessions, other.keyLog, { pid: 7, session: 2 })
  expect(first.kept.reasons).toEqual(['no secret'])
  second.expectAll()
})

test('secrets nobody needs are dropped oldest first, and overwritten', () => {
  const sessions = openTlsSessions({ ...TLS_LIMITS, unboundSecretsMax: 10 })
  const line: KeyLogLine = { label: 'CLIENT_RANDOM', clientRandom: randomBytes(32), secret: randomBytes(48) }
  const events = Array.from({ length: 12 }, (_, session) => secretEvent(line, { pid: 7, session }))
  for (const event of events) sessions.secret(event)
  const isWiped = (index: number) => events[index]?.secret.revealTo('tls').every((byte) => byte === 0)
  expect([0, 1, 2, 11].map(isWiped)).toEqual([true, true, false, false])
  expect(sessions.stats.secretsUnused).toBe(2)
  sessions.close()
  expect([2, 11].map(isWiped)).toEqual([true, true])
})

test('the secrets of a connection are overwritten when its last end here closes', () => {
  const sessions = openTlsSessions()
  const client = follow(sessions, one, { pid: 7 })
  const server = follow(sessions, one, { pid: 8 })
  const events = one.keyLog.map((line) => secretEvent(line, { pid: 7, session: 1 }))
  client.giveAll()
  server.giveAll()
  for (const event of events) sessions.secret(event)
  const left = () => events.filter((event) => event.secret.revealTo('tls').some((byte) => byte !== 0)).length
  client.stream.closed()
  expect(left()).toBe(4)
  server.stream.closed()
  expect(left()).toBe(0)
})

test('a connection joined after its handshake says so, once', () => {
  const sessions = openTlsSessions()
  const end = follow(sessions, one)
  for (const chunk of one.chunks.slice(-2)) end.give(chunk)
  expect(end.kept.reasons).toEqual(['joined late'])
  expect(sessions.stats).toMatchObject({ unreadableJoinedLate: 1, heldBytesDropped: 0 })
})

test('a handshake that never got as far as sealed records is no unreadable connection', () => {
  const sessions = openTlsSessions()
  const end = follow(sessions, one)
  end.give(one.chunks[0])
  end.stream.closed()
  expect(end.kept.reasons).toEqual([])
})

function follow(sessions: TlsSessions, recording: Recording, by: { pid?: number; thread?: number } = {}) {
  const { pid = 7, thread = pid } = by
  const kept = keepPlain()
  const connection = someConnection()
  const stream = sessions.follow(connection, kept)
  const process = processOf(pid)
  return { kept, connection, stream, give, giveAll, expectAll }

  function give(chunk: Chunk | undefined): void {
    if (chunk) stream.bytes(chunk.from, Uint8Array.from(chunk.bytes), process, thread)
  }

  function giveAll(): void {
    for (const chunk of recording.chunks) give(chunk)
  }

  function expectAll(): void {
    expect(kept.gaps).toEqual([])
    for (const from of ['client', 'server'] as const) {
      expect(kept.all(from).equals(recording.plain[from])).toBe(true)
    }
  }
}

function tell(
  sessions: TlsSessions,
  keyLog: readonly KeyLogLine[],
  from: { pid: number; session: number; thread?: number },
): void {
  for (const line of keyLog) sessions.secret(secretEvent(line, from))
}

/** In TLS 1.3 the client random is in no key, so a hello with another one still opens. */
function withClientRandom(recording: Recording, from: Recording): Recording {
  const [hello, ...rest] = recording.chunks
  const [source] = from.chunks
  if (!hello || !source) throw new Error('the recording has no hello')
  const bytes = Uint8Array.from(hello.bytes)
  bytes.set(source.bytes.subarray(11, 43), 11)
  return { ...recording, chunks: [{ from: hello.from, bytes }, ...rest] }
}
