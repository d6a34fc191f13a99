import { createCipheriv, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { someConnection } from '../../../test/support/some-connection.ts'
import {
  keepPlain,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../../../test/tls-recording.ts'
import { nextTrafficSecret, trafficKeys } from './key-schedule.ts'
import { openTlsSessions } from './sessions.ts'
import { type Suite, suiteOf } from './suites.ts'

const FROM = { pid: 7, session: 1 }
const PROCESS = processOf(7)
const RESPONSE = randomBytes(200_000)
const TURNS = [
  [Buffer.from('first'), RESPONSE],
  [Buffer.from('second'), Buffer.from('the end')],
] as const

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a gap in %s', (maxVersion) => {
  let recording: Recording
  let stream: Record<'client' | 'server', Uint8Array>
  beforeAll(async () => {
    recording = await recordSession({ server: { ...selfSigned(), maxVersion }, client: {}, turns: TURNS })
    stream = { client: whole('client'), server: whole('server') }
  })

  test.each([10, 2_000, 20_000, 60_000])(
    'of %i bytes is told once, and what follows is read',
    (missingBytes) => {
      const from = 30_000
      const { kept, sessions } = replayWithout(from, from + missingBytes, true)
      expect(kept.gaps).toHaveLength(1)
      const [gap] = kept.gaps
      const plain = kept.all('server')
      const lostBytes = recording.plain.server.length - plain.length
      const before = gap?.atByte ?? 0
      expect(plain.subarray(0, before).equals(recording.plain.server.subarray(0, before))).toBe(true)
      expect(plain.subarray(before).equals(recording.plain.server.subarray(before + lostBytes))).toBe(true)
      expect(lostBytes).toBeGreaterThan(0)
      expect(lostBytes).toBeLessThan(missingBytes + 2 * 16_384)
      const isExact = maxVersion === 'TLSv1.2' && missingBytes < 20_000
      expect(gap?.missingBytes).toBe(isExact ? lostBytes : undefined)
      expect(kept.all('client').equals(recording.plain.client)).toBe(true)
      expect(sessions.stats.recordsFailed).toBe(0)
    },
  )

  test('while secrets are awaited is found again when they come', () => {
    const { kept } = replayWithout(30_000, 50_000, false)
    const plain = kept.all('server')
    expect(kept.gaps).toHaveLength(1)
    expect(plain.subarray(-7).toString()).toBe('the end')
    const before = kept.gaps[0]?.atByte ?? 0
    const lostBytes = recording.plain.server.length - plain.length
    expect(plain.subarray(before).equals(recording.plain.server.subarray(before + lostBytes))).toBe(true)
  })

  test('gives no plain text whose tag does not verify: a changed byte costs its record only', () => {
    const changed = Uint8Array.from(stream.server)
    changed[30_000] = (changed[30_000] ?? 0) ^ 1
    const kept = keepPlain()
    const sessions = openTlsSessions()
    const tls = sessions.follow(someConnection(), kept)
    for (const line of recording.keyLog) sessions.secret(secretEvent(line, FROM))
    tls.bytes('client', stream.client, PROCESS, 7)
    tls.bytes('server', changed, PROCESS, 7)
    expect(kept.gaps).toHaveLength(1)
    expect(sessions.stats.recordsFailed).toBe(1)
    expect(kept.all('server').length).toBeLessThan(recording.plain.server.length)
    expect(kept.all('server').length).toBeGreaterThanOrEqual(recording.plain.server.length - 16_384)
    expect(kept.all('server').subarray(-7).toString()).toBe('the end')
  })

  test('before any hello leaves nothing to open with', () => {
    const kept = keepPlain()
    const tls = openTlsSessions().follow(someConnection(), kept)
    tls.gap('server', 5_000)
    tls.bytes('server', stream.server.subarray(5_000), PROCESS, 7)
    expect(kept.reasons).toEqual(['joined late'])
    expect(kept.order).toEqual([])
  })

  function replayWithout(from: number, to: number, secretsFirst: boolean) {
    const kept = keepPlain()
    const sessions = openTlsSessions()
    const tls = sessions.follow(someConnection(), kept)
    if (secretsFirst) giveSecrets()
    tls.bytes('client', stream.client, PROCESS, 7)
    for (let at = 0; at < from; at += 1_000)
      tls.bytes('server', stream.server.slice(at, at + 1_000), PROCESS, 7)
    tls.gap('server', to - from)
    for (let at = to; at < stream.server.length; at += 1_000) {
      tls.bytes('server', stream.server.slice(at, at + 1_000), PROCESS, 7)
    }
    if (!secretsFirst) giveSecrets()
    tls.closed()
    return { kept, sessions }

    function giveSecrets(): void {
      for (const line of recording.keyLog) sessions.secret(secretEvent(line, FROM))
    }
  }

  function whole(from: 'client' | 'server'): Uint8Array {
    const pieces = recording.chunks.filter((chunk) => chunk.from === from)
    return Uint8Array.from(Buffer.concat(pieces.map((chunk) => chunk.bytes)))
  }
})

// TLS 1.3 records made here.
const suite = suiteOf(0x0304, 0x1303)
if (!suite) throw new Error('the suite is missing from the table')
const secret = randomBytes(32)
const next = Buffer.from(nextTrafficSecret(suite, secret))

test('a KeyUpdate of one side changes that side only', () => {
  const { kept, client } = begin()
  client(seal(suite, secret, 0, 23, 'before'))
  client(seal(suite, secret, 1, 22, Buffer.from('1800000100', 'hex')))
  client(seal(suite, next, 0, 23, 'after', 100))
  client(seal(suite, next, 1, 22, Buffer.from('1800000101', 'hex')))
  client(seal(suite, Buffer.from(nextTrafficSecret(suite, next)), 0, 23, ' and after'))
  expect(kept.all('client').toString()).toBe('beforeafter and after')
  expect(kept.gaps).toEqual([])
})

test('a KeyUpdate behind a ticket, in pieces, is not missed', () => {
  const { kept, client } = begin()
  const messages = Buffer.from('040000050102030405' + '1800000100', 'hex')
  client(seal(suite, secret, 0, 22, messages.subarray(0, 7)))
  client(seal(suite, secret, 1, 22, messages.subarray(7)))
  client(seal(suite, next, 0, 23, 'after'))
  expect(kept.all('client').toString()).toBe('after')
})

test('padding, alerts and empty records are no plain text', () => {
  const { kept, client } = begin()
  client(seal(suite, secret, 0, 23, 'data', 1_000))
  client(seal(suite, secret, 1, 23, ''))
  client(seal(suite, secret, 2, 23, '\0\0', 3))
  client(seal(suite, secret, 3, 21, Buffer.from('0100', 'hex')))
  expect(kept.pieces.client.map((piece) => Buffer.from(piece).toString())).toEqual(['data', '\0\0'])
})

test('early data is a gap, and what follows the handshake is read', () => {
  const { kept, client } = begin({ earlyData: true, label: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET' })
  const early = randomBytes(32)
  client(seal(suite, early, 0, 23, 'early'))
  client(seal(suite, early, 1, 23, 'early'))
  client(seal(suite, secret, 0, 22, Buffer.from('14000000', 'hex')))
  client(seal(suite, next, 0, 23, 'after'))
  expect(kept.order).toEqual(['client gap', 'client'])
  expect(kept.all('client').toString()).toBe('after')
})

test('a Finished that was lost does not keep the application data closed', () => {
  const { kept, client, stream } = begin({ label: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET' })
  client(seal(suite, secret, 0, 22, Buffer.from('0b000000', 'hex')))
  stream.gap('client', 58)
  client(seal(suite, next, 0, 23, 'after'))
  expect(kept.all('client').toString()).toBe('after')
  expect(kept.gaps).toEqual([])
})

test('a connection whose ClientHello was missed is read, and its secret overwritten at the end', () => {
  const sessions = openTlsSessions()
  const kept = keepPlain()
  const stream = sessions.follow(someConnection(), kept)
  const event = secretEvent({ label: 'CLIENT_TRAFFIC_SECRET_0', secret }, FROM)
  stream.bytes('server', serverHello(0x1303), PROCESS, 7)
  sessions.secret(event)
  stream.bytes('client', seal(suite, secret, 0, 23, 'data'), PROCESS, 7)
  expect(kept.all('client').toString()).toBe('data')
  stream.closed()
  expect(event.secret.revealTo('tls').every((byte) => byte === 0)).toBe(true)
})

test('one side is read at the end though the secret of the other never came', () => {
  const { kept, client, stream } = begin()
  stream.bytes('server', seal(suite, randomBytes(32), 0, 23, 'closed'), PROCESS, 7)
  client(seal(suite, secret, 0, 23, 'open'))
  stream.closed()
  expect(kept.all('client').toString()).toBe('open')
  expect(kept.reasons).toEqual(['no secret'])
})

test('records lost with a KeyUpdate among them are found under the next keys', () => {
  const { kept, client, stream } = begin()
  client(seal(suite, secret, 0, 23, 'before'))
  stream.gap('client', 300)
  client(seal(suite, next, 2, 23, 'after'))
  client(seal(suite, next, 3, 23, ' and after'))
  expect(kept.all('client').toString()).toBe('beforeafter and after')
  expect(kept.gaps).toEqual([{ from: 'client', missingBytes: undefined, atByte: 6 }])
})

test('a direction that can never be found again costs a bounded number of trials', () => {
  const { kept, client, stream, sessions } = begin()
  client(seal(suite, secret, 0, 23, 'before'))
  stream.gap('client', 100_000)
  const strange = randomBytes(32)
  for (let sequence = 0; sequence < 200; sequence += 1) client(seal(suite, strange, sequence, 23, 'never'))
  expect(kept.order).toEqual(['client', 'client gap'])
  expect(sessions.stats.directionsGivenUp).toBe(1)
  expect(sessions.stats.resyncTrials).toBeLessThan(10_000)
})

/**
 * The application secret is `secret`; with the handshake's label, `secret` is that and `next` the
 * application's.
 */
function begin({
  earlyData = false,
  label = 'CLIENT_TRAFFIC_SECRET_0',
}: {
  earlyData?: boolean
  label?: 'CLIENT_TRAFFIC_SECRET_0' | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
} = {}) {
  const sessions = openTlsSessions()
  const kept = keepPlain()
  const stream = sessions.follow(someConnection(), kept)
  const client = (bytes: Uint8Array) => stream.bytes('client', bytes, PROCESS, 7)
  client(clientHello(earlyData))
  stream.bytes('server', serverHello(0x1303), PROCESS, 7)
  sessions.secret(secretEvent({ label, secret }, FROM))
  if (label !== 'CLIENT_TRAFFIC_SECRET_0') {
    sessions.secret(secretEvent({ label: 'CLIENT_TRAFFIC_SECRET_0', secret: next }, FROM))
  }
  return { sessions, kept, stream, client }
}

function clientHello(earlyData: boolean): Uint8Array {
  const tail = Buffer.from(`00000213030100${earlyData ? '0004002a0000' : '0000'}`, 'hex')
  const body = Buffer.concat([Buffer.of(3, 3), randomBytes(32), tail])
  return handshakeRecord(1, body)
}

function serverHello(suite: number): Uint8Array {
  const tail = Buffer.from(`00${suite.toString(16)}000006002b00020304`, 'hex')
  return handshakeRecord(2, Buffer.concat([Buffer.of(3, 3), randomBytes(32), tail]))
}

function handshakeRecord(type: number, body: Uint8Array): Uint8Array {
  const message = Buffer.concat([Buffer.of(type, 0, body.length >> 8, body.length & 255), body])
  return Buffer.concat([Buffer.of(22, 3, 3, message.length >> 8, message.length & 255), message])
}

function seal(
  suite: Suite,
  secret: Uint8Array,
  sequence: number,
  type: number,
  content: string | Uint8Array,
  paddingBytes = 0,
): Uint8Array {
  const keys = trafficKeys(suite, secret)
  const inner = Buffer.concat([Buffer.from(content), Buffer.of(type), Buffer.alloc(paddingBytes)])
  const length = inner.length + 16
  const header = Buffer.of(23, 3, 3, length >> 8, length & 255)
  const nonce = Buffer.from(keys.iv)
  nonce[11] = (nonce[11] ?? 0) ^ sequence
  const cipher = createCipheriv('chacha20-poly1305', keys.key, nonce, { authTagLength: 16 })
  cipher.setAAD(header, { plaintextLength: inner.length })
  return Buffer.concat([header, cipher.update(inner), cipher.final(), cipher.getAuthTag()])
}
