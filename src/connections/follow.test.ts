import { expect, test } from 'vitest'
import { source } from '../base/index.ts'
import type { CaptureEvent } from '../capture/index.ts'
import { followConnections } from './follow.ts'
import { openTlsSessions } from './tls/sessions.ts'

const OPENED = {
  kind: 'opened',
  key: 7,
  at: 1,
  role: 'client',
  local: { ip: '127.0.0.1', port: 1 },
  remote: { ip: '127.0.0.1', port: 2 },
  joinedLate: false,
} as const satisfies CaptureEvent

test('a key that is opened again ends its former connection', () => {
  const captured = source<CaptureEvent>({})
  let ids = 0
  const streams = followConnections(captured, {
    nextId: () => {
      ids += 1
      return String(ids)
    },
    bootEpochMs: 0,
    tls: openTlsSessions(),
    connectionsMax: 10,
  })
  const seen: string[] = []
  streams.listen(({ kind, connection }) => seen.push(`${kind} ${connection.id}`))
  captured.emit(OPENED)
  captured.emit({ ...OPENED, at: 2 })
  streams.close()
  expect(seen).toEqual(['opened 1', 'closed 1', 'opened 2', 'closed 2'])
})

test('time is passed on, and ends what is still open', () => {
  const captured = source<CaptureEvent>({})
  const streams = followConnections(captured, {
    nextId: String,
    bootEpochMs: 0,
    tls: openTlsSessions(),
    connectionsMax: 10,
  })
  const times: number[] = []
  const closed: number[] = []
  streams.time.listen(({ at }) => times.push(at))
  streams.listen(({ kind, at }) => {
    if (kind === 'closed') closed.push(at)
  })
  captured.emit({ ...OPENED, at: 5 })
  captured.emit({ kind: 'time', at: 9 })
  captured.emit({ ...OPENED, key: 8, at: 12 })
  // Read before what was captured at 12, and given after it.
  captured.emit({ kind: 'time', at: 11 })
  expect(times).toEqual([9, 11])
  streams.close()
  expect(closed).toEqual([12, 12])
})
