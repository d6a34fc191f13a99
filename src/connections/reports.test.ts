import { expect, test } from 'vitest'
import { dnsResponse } from '../../test/support/dns-messages.ts'
import { processOf } from '../../test/tls-recording.ts'
import { source } from '../base/index.ts'
import { type CaptureEvent, type Process, SKIP, type SocketOpened } from '../capture/index.ts'
import { followConnections } from './follow.ts'
import type { ConnectionReport } from './report.ts'
import { reportConnections } from './reports.ts'
import { openTlsSessions } from './tls/sessions.ts'

const SECOND_NS = 1e9
const TICK_NS = 100e6
const OPENED: SocketOpened = {
  kind: 'opened',
  key: 1,
  at: 0,
  role: 'client',
  local: { ip: '10.0.0.5', port: 40_000 },
  remote: { ip: '192.0.2.1', port: 80 },
  joinedLate: false,
  process: undefined,
}
const RESOLVER = { ip: '10.0.0.2', port: 53 } as const

function openReports({ auditIncludeDns = false, connectionsMax = 10_000 } = {}) {
  const captured = source<CaptureEvent>({})
  let ids = 0
  const nextId = () => {
    ids += 1
    return String(ids)
  }
  const ids0 = { nextId }
  const streams = followConnections(captured, { ...ids0, tls: openTlsSessions(), connectionsMax })
  const reports = reportConnections(streams, { ...ids0, auditIncludeDns })
  const told: ConnectionReport[] = []
  reports.listen((report) => told.push(report))
  return { ...captured, streams, reports, told, lines, pass, dns }

  /** Connection, part, second and whether it is the last one, of what was told since. */
  function lines(): string[] {
    return told
      .splice(0)
      .map(
        ({ connection, part, at, finalized }) =>
          `${connection.id}.${part} ${at / SECOND_NS}${finalized ? ' final' : ''}`,
      )
  }

  /** Time as it is told, ten times a second. */
  function pass(from: number, to: number): void {
    for (let at = Math.round((from * SECOND_NS) / TICK_NS); at <= (to * SECOND_NS) / TICK_NS; at += 1)
      captured.emit({ kind: 'time', at: at * TICK_NS })
  }

  function dns(at: number, direction: 'sent' | 'received', id: number, process = processOf(1), port = 5_000) {
    const bytes = dnsResponse('example.com', ['192.0.2.1'], { id, isResponse: direction === 'received' })
    const ends = { local: { ip: '10.0.0.5', port }, remote: RESOLVER }
    captured.emit({
      kind: 'dns',
      at: at * SECOND_NS,
      process,
      ...ends,
      direction,
      length: bytes.length,
      bytes,
    })
  }
}

function closedAt(key: number, at: number): CaptureEvent {
  return { kind: 'closed', key, at: at * SECOND_NS, sentBytes: 1, receivedBytes: 2 }
}

test('a connection is reported after 0.5 s, every 10 s, and at its end', () => {
  const { emit, pass, lines } = openReports()
  emit(OPENED)
  pass(0, 0.4)
  expect(lines()).toEqual([])
  pass(0.5, 25)
  expect(lines()).toEqual(['1.0 0.5', '1.1 10.5', '1.2 20.5'])
  emit(closedAt(1, 25.25))
  expect(lines()).toEqual(['1.3 25.25 final'])
  pass(25.3, 60)
  expect(lines()).toEqual([])
})

test('a connection shorter than 0.5 s is reported once', () => {
  const { emit, pass, lines, told } = openReports()
  emit(OPENED)
  pass(0, 0.4)
  emit(closedAt(1, 0.45))
  expect(told[0]?.connection).toMatchObject({
    closedAt: 0.45 * SECOND_NS,
    totals: { sentBytes: 1, receivedBytes: 2 },
  })
  pass(0.5, 30)
  expect(lines()).toEqual(['1.0 0.45 final'])
})

test('one that joined late counts from when it was first seen', () => {
  const { emit, pass, lines } = openReports()
  emit({ ...OPENED, at: 7 * SECOND_NS, joinedLate: true })
  pass(7, 18)
  expect(lines()).toEqual(['1.0 7.5', '1.1 17.5'])
})

test('who is let go of gets a last report that is not final', () => {
  const { emit, pass, lines, streams } = openReports({ connectionsMax: 1 })
  emit(OPENED)
  pass(0, 1)
  emit({ ...OPENED, key: 2, at: 1.5 * SECOND_NS })
  expect(lines()).toEqual(['1.0 0.5', '1.1 1.5'])
  streams.close()
  expect(lines()).toEqual(['2.0 1.5'])
})

test('after a pause of all there is one report, and the next 10 s later', () => {
  const { emit, pass, lines } = openReports()
  emit(OPENED)
  pass(0, 1)
  pass(45, 60)
  expect(lines()).toEqual(['1.0 0.5', '1.1 45', '1.2 55'])
})

test('of many that are due at once the rest waits for the next times', () => {
  const { emit, pass, told, reports } = openReports()
  for (let key = 1; key <= 2_500; key += 1) emit({ ...OPENED, key })
  pass(0.5, 0.5)
  expect(told.length).toBe(1_000)
  pass(0.6, 0.7)
  expect(told.length).toBe(2_500)
  expect(reports.stats['reportsWaited']).toBe(2)
  pass(0.8, 11)
  expect(told.length).toBe(5_000)
  expect(new Set(told.map(({ connection, part }) => `${connection.id} ${part}`)).size).toBe(5_000)
})

test('many connections of any length are each reported as if they were alone', () => {
  const { emit, told } = openReports()
  // Four a tick, for 20 s; each lives for some time up to 30 s.
  const lives = Array.from({ length: 800 }, (_, key) => {
    const begin = Math.floor(key / 4)
    return { key, begin, end: begin + ((key * 7919) % 300) }
  })
  for (let tick = 0; tick < 520; tick += 1) {
    for (const { key, begin, end } of lives) {
      if (begin === tick) emit({ ...OPENED, key, at: tick * TICK_NS })
      if (end === tick) emit({ kind: 'closed', key, at: tick * TICK_NS + 1, sentBytes: 0, receivedBytes: 0 })
    }
    emit({ kind: 'time', at: tick * TICK_NS + 2 })
  }
  for (const { key, begin, end } of lives) {
    const own = told.filter(({ connection }) => connection.key === key)
    const between = Math.max(0, Math.ceil((end - begin - 5) / 100))
    expect(own.map(({ part }) => part)).toEqual(Array.from({ length: between + 1 }, (_, part) => part))
    expect(own.map(({ finalized }) => finalized)).toEqual(own.map((_, part) => part === between))
  }
})

test('who is left out by a filter is not reported, until it is lifted', () => {
  const { emit, pass, lines } = openReports()
  const process: Process = { ...processOf(1), skips: SKIP.all }
  emit({ ...OPENED, process })
  pass(0, 15)
  expect(lines()).toEqual([])
  process.skips = SKIP.http | SKIP.tls | SKIP.data
  pass(15, 21)
  expect(lines()).toEqual(['1.0 20.5'])
  process.skips = SKIP.all
  emit(closedAt(1, 22))
  expect(lines()).toEqual([])
})

test('connections to port 53 are reported only when asked for', () => {
  const { emit, pass, lines, reports } = openReports()
  emit({ ...OPENED, remote: RESOLVER })
  emit({ ...OPENED, key: 2, remote: RESOLVER, role: 'server' })
  pass(0, 1)
  expect(lines()).toEqual(['2.0 0.5'])
  reports.reconfigure({ auditIncludeDns: true })
  pass(1, 11)
  expect(lines()).toEqual(['1.0 10.5', '2.1 10.5'])
})

test('a look-up over UDP is reported with its answer', () => {
  const { pass, lines, told, dns } = openReports({ auditIncludeDns: true })
  dns(1, 'sent', 7)
  dns(1, 'sent', 8)
  dns(1.001, 'received', 8)
  expect(told[0]).toMatchObject({
    part: 0,
    finalized: true,
    connection: {
      socketProtocol: 'udp',
      protocol: 'dns',
      role: 'client',
      remote: RESOLVER,
      openedAt: SECOND_NS,
      closedAt: 1.001 * SECOND_NS,
      totals: { sentBytes: 45, receivedBytes: 45 },
      process: { pid: 1 },
    },
  })
  dns(1.002, 'received', 7, processOf(2))
  dns(1.002, 'received', 7, processOf(1), 5_001)
  dns(1.003, 'received', 7)
  dns(1.004, 'received', 7)
  pass(1, 20)
  expect(lines()).toEqual(['2.0 1.001 final', '1.0 1.003 final'])
})

test('a question that nobody answers is reported 5 s after it was asked last', () => {
  const { pass, lines, told, dns, reports, streams } = openReports({ auditIncludeDns: true })
  dns(1, 'sent', 7)
  pass(1, 4)
  dns(4, 'sent', 7)
  pass(4, 10)
  expect(told[0]?.connection.totals).toEqual({ sentBytes: 90, receivedBytes: 0 })
  expect(lines()).toEqual(['1.0 9'])
  dns(10, 'sent', 9)
  streams.close()
  reports.close()
  expect(lines()).toEqual(['2.0 10'])
  expect(reports.stats).toMatchObject({ lookups: 2, lookupsUnanswered: 2 })
})

test('past the limit the question asked longest ago is given up', () => {
  const { told, dns, reports } = openReports({ auditIncludeDns: true })
  for (let id = 0; id < 4_100; id += 1) dns(1, 'sent', id)
  expect(told.map(({ connection, finalized }) => `${connection.id} ${finalized}`)).toEqual([
    '1 false',
    '2 false',
    '3 false',
    '4 false',
  ])
  for (let id = 0; id < 4_100; id += 1) dns(1.1, 'received', id)
  expect(told.length).toBe(4_100)
  expect(reports.stats).toMatchObject({ lookupsEvicted: 4, answersUnasked: 4 })
})

test('look-ups are left alone unless asked for, and where a filter says so', () => {
  const off = openReports()
  off.dns(1, 'sent', 7)
  off.dns(1, 'received', 7)
  const on = openReports({ auditIncludeDns: true })
  for (const skips of [SKIP.dns, SKIP.all]) {
    on.dns(1, 'sent', 7, { ...processOf(1), skips })
    on.dns(1, 'received', 7, { ...processOf(1), skips })
  }
  expect([...off.lines(), ...on.lines()]).toEqual([])
})
