import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { type Log, source } from '../base/index.ts'
import type { StreamEvent, TlsUnreadable } from './connection.ts'
import { reportUnreadable } from './report-unreadable.ts'

function reported(...reasons: readonly TlsUnreadable[]) {
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const streams = source<StreamEvent>({})
  const { stats } = reportUnreadable(streams, log)
  const { connection } = sampleExchange()
  for (const unreadable of reasons) {
    const tls = connection.tls && { ...connection.tls, unreadable }
    streams.emit({ kind: 'unreadable', connection: { ...connection, tls }, at: 0 })
  }
  return { said, stats }
}

test('each program and reason is told of once, and counted every time', () => {
  const { said, stats } = reported('no secret', 'no secret', 'suite not supported')
  expect(said).toEqual(['TLS not readable: no secret', 'TLS not readable: suite not supported'])
  expect(stats).toMatchObject({ 'no secret': 2, 'suite not supported': 1 })
})

test('what the operator left out is counted, and nothing is said of it', () => {
  const { said, stats } = reported('left out by a filter')
  expect(said).toEqual([])
  expect(stats['left out by a filter']).toBe(1)
})
