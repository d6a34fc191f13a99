import { expect, test } from 'vitest'
import { recordedSpans } from '../../../test/support/recorded-spans.ts'
import { traceNames } from '../../../test/support/recorded-streams.ts'
import { someConnection } from '../../../test/support/some-connection.ts'
import { source, unixNanos } from '../../base/index.ts'
import { SKIP } from '../../capture/index.ts'
import type { Connection, StreamEvent } from '../../connections/index.ts'
import type { Decoded } from '../../decoders/index.ts'
import type { Attributes, Span } from '../../otlp/index.ts'
import { traceConnections } from './connection-spans.ts'
import { connectionTraceIds } from './trace-ids.ts'

/** The seconds from the beginning of the span, what happened then, and its attributes. */
function timelineOf({ start, events }: Span): readonly string[] {
  return events.map(({ time, name, attributes }) => {
    const said = attributes.map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
    return `${(Number(time - start) / 1e9).toFixed(1)} ${name}${said.join('')}`
  })
}

function attributeOf(attributes: Attributes, wanted: string) {
  return attributes.find(([key]) => key === wanted)?.[1]
}

test.for(traceNames())('%s: one span for each connection, with the times of the kernel', (name) => {
  const { spans, connections, exchanges, bootEpochMs, stats } = recordedSpans(name)
  const ids = spans.map(({ attributes }) => attributeOf(attributes, 'connection.id'))
  expect(ids).toHaveLength(connections.length)
  expect(new Set(ids)).toEqual(new Set(connections.map(({ id }) => id)))
  for (const connection of connections) {
    const span = spans.find(({ attributes }) => attributeOf(attributes, 'connection.id') === connection.id)
    if (span === undefined) throw new Error(`no span of ${connection.id}`)
    expect(span).toMatchObject({ ...connectionTraceIds(connection.id), name: 'Connection', kind: 1 })
    expect(span.start).toBe(unixNanos(bootEpochMs, connection.openedAt))
    expect(span.attributes).toEqual([
      ['connection.id', connection.id],
      ['connection.cookie', { int: connection.key }],
      ['connection.handler', 'raw'],
      ['connection.strategy', 'observe'],
    ])
    expect(span.events.length).toBeLessThanOrEqual(128)
    const times = span.events.map(({ time }) => time)
    expect(times).toEqual(times.toSorted((one, other) => Number(one - other)))
    const names = span.events.map((event) => event.name)
    expect(names[0] === 'OpenEvent').toBe(!connection.joinedLate)
    expect(names.at(-1) === 'CloseEvent').toBe(connection.closedAt !== undefined)
    if (connection.closedAt !== undefined) {
      expect(span.end).toBe(unixNanos(bootEpochMs, connection.closedAt))
      expect(times.at(-1)).toBe(span.end)
    }
    expect(names.includes('TLSClientHelloEvent')).toBe(connection.tls !== undefined)
    expect(
      attributeOf(span.events.find((event) => event.name === 'ProtocolEvent')?.attributes ?? [], 'protocol'),
    ).toBe(connection.protocol)
    // Each exchange begins and ends where data passed.
    const ofIt = exchanges.filter((exchange) => exchange.connection === connection)
    const dataTimes = new Set(
      span.events.filter((event) => event.name === 'DataEvent').map(({ time }) => time),
    )
    const first = unixNanos(bootEpochMs, Math.min(...ofIt.map(({ startedAt }) => startedAt)))
    if (!connection.joinedLate) expect(dataTimes).toContain(first)
  }
  expect(stats).toMatchObject({ turns: 0, spans: connections.length })
})

test('HTTP/2 over TLS: what is said before the request counts with it', () => {
  const { spans } = recordedSpans('http2-tls')
  expect(spans.map(({ events }) => events.map(({ name }) => name))).toEqual(
    Array.from({ length: 2 }, () => [
      'OpenEvent',
      'TLSClientHelloEvent',
      'ProtocolEvent',
      'DataEvent',
      'DataEvent',
      'CloseEvent',
    ]),
  )
})

test('TLS that stays closed shows what passed behind the ClientHello, sealed', () => {
  const [opened, sealed] = [false, true].map((withoutSecrets) => recordedSpans('tls-1-2', { withoutSecrets }))
  const namesOf = (spans: readonly Span[] = []) => spans.map(({ events }) => events.map(({ name }) => name))
  for (const names of namesOf(sealed?.spans)) {
    expect(names.slice(0, 3)).toEqual(['OpenEvent', 'TLSClientHelloEvent', 'DataEvent'])
    expect(names).not.toContain('ProtocolEvent')
    expect(names.at(-1)).toBe('CloseEvent')
  }
  expect(namesOf(opened?.spans)[0]).toContain('ProtocolEvent')
})

test('of a long connection the first and the last turns are kept, and the others counted', () => {
  const { spans, exchanges, bootEpochMs, stats } = recordedSpans('keep-alive-plain')
  for (const { events, droppedEvents, attributes } of spans) {
    expect(events.filter(({ name }) => name === 'DataEvent')).toHaveLength(120)
    expect(droppedEvents).toBe(280)
    const id = attributeOf(attributes, 'connection.id')
    const starts = exchanges.flatMap(({ connection, startedAt }) =>
      connection.id === id ? [unixNanos(bootEpochMs, startedAt)] : [],
    )
    const times = events.map(({ time }) => time)
    expect(starts).toHaveLength(200)
    expect(starts.map((start) => times.includes(start))).toEqual(
      starts.map((_, index) => index < 30 || index >= 170),
    )
  }
  expect(stats).toMatchObject({ turns: 0, turnsDropped: 560 })
})

/** A connection as the stages before tell of it, without a socket. */
function scripted(changes: Partial<Connection> = {}) {
  const streams = source<StreamEvent>({})
  const decoded = source<Decoded>({})
  const clock = { bootEpochMs: 1000 }
  const spans: Span[] = []
  traceConnections(streams, decoded, clock).listen((span) => spans.push(span))
  const connection = someConnection({ openedAt: 1e9, ...changes })
  streams.emit({ kind: 'opened', connection, at: 1e9 })
  return { connection, streams, decoded, clock, spans, bytes, close }

  function bytes(seconds: number, from: 'client' | 'server', length: number): void {
    streams.emit({ kind: 'bytes', connection, at: seconds * 1e9, from, bytes: new Uint8Array(length) })
  }

  function close(seconds: number): readonly string[] {
    connection.closedAt = seconds * 1e9
    streams.emit({ kind: 'closed', connection, at: seconds * 1e9 })
    const [span] = spans
    return span === undefined ? [] : timelineOf(span)
  }
}

test('what nobody knows is told of as it passes, in turns', () => {
  const { connection, decoded, bytes, close } = scripted()
  const messages = [{ kind: 'opaque', why: 'not this protocol' }] as const
  decoded.emit({ connection, at: 1e9, protocol: 'unknown', messages })
  bytes(1.1, 'client', 10)
  bytes(1.15, 'client', 5)
  bytes(1.2, 'server', 7)
  bytes(3.2, 'server', 8)
  bytes(3.25, 'server', 1)
  expect(close(4)).toEqual([
    '0.0 OpenEvent',
    '0.1 DataEvent bytes={"int":15}',
    '0.2 DataEvent bytes={"int":7}',
    '2.2 DataEvent bytes={"int":9}',
    '3.0 CloseEvent',
  ])
})

test('what is not yet known at the end is told of by when it began', () => {
  const { bytes, close } = scripted()
  bytes(1.5, 'client', 3)
  bytes(2.5, 'client', 3)
  expect(close(4)).toEqual(['0.0 OpenEvent', '0.5 DataEvent bytes={"int":6}', '3.0 CloseEvent'])
})

test('bytes that were not seen count, and begin no turn', () => {
  const { connection, streams, bytes, decoded, close } = scripted()
  const messages = [{ kind: 'opaque', why: 'not this protocol' }] as const
  decoded.emit({ connection, at: 1e9, protocol: 'unknown', messages })
  bytes(1.5, 'server', 10)
  streams.emit({ kind: 'gap', connection, at: 2e9, from: 'server', missingBytes: 1000 })
  streams.emit({ kind: 'gap', connection, at: 3e9, from: 'client', missingBytes: 1 })
  streams.emit({ kind: 'gap', connection, at: 3e9, from: 'client', missingBytes: undefined })
  expect(close(4)).toEqual(['0.0 OpenEvent', '0.5 DataEvent bytes={"int":1010}', '3.0 CloseEvent'])
})

test('a clock that was set moves the whole span', () => {
  const { clock, spans, close } = scripted()
  clock.bootEpochMs = 5000
  expect(close(3)).toEqual(['0.0 OpenEvent', '2.0 CloseEvent'])
  expect(spans).toMatchObject([{ start: 6_000_000_000n, end: 8_000_000_000n }])
})

test('a connection that only the agent let go of has no end of its own', () => {
  const { connection, streams, spans } = scripted({ joinedLate: true, key: 2 ** 63 })
  streams.emit({ kind: 'closed', connection, at: 9e9 })
  expect(spans).toMatchObject([{ start: 2_000_000_000n, end: 10_000_000_000n, events: [] }])
  const keys = spans[0]?.attributes.map(([key]) => key)
  expect(keys).toEqual(['connection.id', 'connection.handler'])
})

test('of a process that a filter leaves out there is no span', () => {
  const all = recordedSpans('keep-alive-plain').connections[0]?.process
  if (all === undefined) throw new Error('the trace has no process')
  const { spans, close } = scripted({ process: { ...all, skips: SKIP.all } })
  expect(close(3)).toEqual([])
  expect(spans).toEqual([])
})
