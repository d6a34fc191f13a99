import { randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import {
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../../test/tls-recording.ts'
import { source } from '../base/index.ts'
import { type CaptureEvent, type Process, SKIP } from '../capture/index.ts'
import type { Connection } from './connection.ts'
import { followConnections } from './follow.ts'
import { openTlsSessions } from './tls/sessions.ts'

const PROCESS = processOf(7)

let recording: Recording
beforeAll(async () => {
  const turns = [[randomBytes(100), randomBytes(40_000)]] as const
  recording = await recordSession({ server: selfSigned(), client: {}, turns })
})

/** The session as a client of this host had it; from the chunk `skipsFrom` on its process is left out. */
function replay(skips: number, skipsFrom: number, hasSecrets = true) {
  const captured = source<CaptureEvent>({})
  const tls = openTlsSessions()
  const streams = followConnections(captured, { nextId: String, tls, connectionsMax: 10 })
  const process: Process = { ...PROCESS }
  const kinds: string[] = []
  let plainBytes = 0
  let connection: Connection | undefined
  streams.listen((event) => {
    connection = event.connection
    if (kinds.at(-1) !== event.kind) kinds.push(event.kind)
    if (event.kind === 'bytes') plainBytes += event.bytes.length
  })
  const ends = { local: { ip: '10.0.0.5', port: 1 }, remote: { ip: '192.0.2.1', port: 443 } }
  captured.emit({ kind: 'opened', key: 1, at: 1, role: 'client', ...ends, joinedLate: false, process })
  const secrets = hasSecrets ? recording.keyLog : []
  for (const line of secrets) captured.emit(secretEvent(line, { pid: process.pid, session: 1 }))
  const moved = { sent: 0, received: 0 }
  for (const [index, { from, bytes }] of recording.chunks.entries()) {
    if (index === skipsFrom) process.skips = skips
    const direction = from === 'client' ? 'sent' : 'received'
    const what = { direction, position: moved[direction], length: bytes.length, bytes } as const
    captured.emit({ kind: 'bytes', key: 1, at: 2, ...what, process, thread: 1 })
    moved[direction] += bytes.length
  }
  captured.emit({ kind: 'closed', key: 1, at: 3, sentBytes: moved.sent, receivedBytes: moved.received })
  return { kinds, plainBytes, connection, stats: tls.stats }
}

test('a session is read unless a filter leaves it out', () => {
  const { kinds, plainBytes, connection } = replay(0, 0)
  expect(kinds).toEqual(['opened', 'bytes', 'closed'])
  expect(plainBytes).toBe(40_100)
  expect(connection?.tls).toMatchObject({ unreadable: undefined, opened: true })
})

test.each([SKIP.tls, SKIP.http, SKIP.data, SKIP.all])(
  'TLS that a filter leaves out (%i) stays sealed, whether its secrets are known or not',
  (skips) => {
    for (const hasSecrets of [true, false]) {
      const { kinds, connection, stats } = replay(skips, 0, hasSecrets)
      expect(kinds).toEqual(['opened', 'unreadable', 'closed'])
      expect(connection?.tls).toMatchObject({
        serverName: 'localhost',
        version: 0x0304,
        unreadable: 'left out by a filter',
        opened: false,
      })
      expect(stats).toMatchObject({ recordsOpened: 0, unreadableNoSecret: 0, unreadableByFilter: 1 })
    }
  },
)

test('a filter that comes in the middle of a session seals it from there on', () => {
  for (let skipsFrom = 0; skipsFrom < recording.chunks.length; skipsFrom += 1) {
    const { kinds, connection } = replay(SKIP.tls, skipsFrom)
    expect(kinds.slice(-2)).toEqual(['unreadable', 'closed'])
    expect(connection?.tls?.unreadable).toBe('left out by a filter')
  }
})

test('a filter for the DNS alone leaves TLS as it is', () => {
  expect(replay(SKIP.dns, 0).plainBytes).toBe(40_100)
})
