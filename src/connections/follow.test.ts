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
