import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
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
import type { Side } from '../connection.ts'
import { type Aead, nodeAead, opensslAead } from './aead.ts'
import { openTlsSessions, TLS_LIMITS } from './sessions.ts'

const FROM = { pid: 7, session: 1 }
const TURNS = [
  [randomBytes(100), randomBytes(90_000)],
  [randomBytes(70_000), randomBytes(3)],
] as const
const SUITES = [
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305'],
] as const

describe.each(SUITES)('%s %s', (version, ciphers) => {
  let recording: Recording
  beforeAll(async () => {
    const server = { ...selfSigned(), minVersion: version, maxVersion: version, ciphers }
    recording = await recordSession({ server, client: {}, turns: TURNS })
  })

  test('what nobody wants is left sealed, and all the rest is read at its place', () => {
    fc.assert(
      fc.property(fc.nat(90_000), fc.nat(90_000), (one, other) => {
        const [begin, end] = [Math.min(one, other), Math.max(one, other)]
        const { stats, read } = replay(recording, begin, end, opensslAead())
        for (const from of ['client', 'server'] as const) {
          const plain = recording.plain[from]
          expect(read[from].length).toBe(plain.length)
          for (const [at, byte] of read[from].entries()) {
            if (byte === undefined ? at < begin || at >= end : byte !== plain[at])
              expect.fail(`byte ${at} of the ${from} is wrong`)
          }
        }
        // Two records of full size lie in a stretch of three.
        if (end - begin > 3 * 16_384) expect(stats.recordsPassed).toBeGreaterThan(0)
        expect(stats.recordsFailed).toBe(0)
      }),
      { numRuns: 20 },
    )
  })

  test('where the end of a record cannot be looked at, a record of TLS 1.3 is opened', () => {
    const { stats } = replay(recording, 0, 100_000, nodeAead())
    expect(stats.recordsPassed > 0).toBe(version === 'TLSv1.2')
  })
})

/** Reads the session while nobody wants the plain bytes from `begin` to `end` of either side. */
function replay(recording: Recording, begin: number, end: number, aead: Aead) {
  const sessions = openTlsSessions(TLS_LIMITS, aead)
  const read: Record<Side, (number | undefined)[]> = { client: [], server: [] }
  const stream = sessions.follow(someConnection(), {
    ...keepPlain(),
    plain(from, bytes) {
      for (const byte of bytes) read[from].push(byte)
    },
    unwantedAhead: (from) => (read[from].length < begin ? 0 : Math.max(0, end - read[from].length)),
    passed(from, bytes) {
      for (let passed = 0; passed < bytes; passed += 1) read[from].push(undefined)
    },
  })
  for (const line of recording.keyLog) sessions.secret(secretEvent(line, FROM))
  for (const { from, bytes } of recording.chunks) stream.bytes(from, bytes, processOf(FROM.pid), FROM.pid)
  stream.closed()
  return { stats: sessions.stats, read }
}
