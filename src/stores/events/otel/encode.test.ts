import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonRequest, logsRequest } from '../../../otlp/index.ts'
import { EVENTS, type Event } from '../../../outputs/index.ts'
import { encodeEvent } from './encode.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 5)
const NOW = String(BigInt(NOW_MS) * 1_000_000n)

interface Sent {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly severityText?: string
  readonly body: { readonly stringValue: string }
  readonly attributes: readonly Attribute[]
}

interface Attribute {
  readonly key: string
  readonly value: { readonly kvlistValue?: { readonly values: readonly Attribute[] } }
}

/** The record as a receiver reads it. */
function sent(event: Event, nowMs = NOW_MS) {
  const { bytes, cut } = encodeEvent(event, nowMs)
  const request = logsRequest({ resource: [], scope: 'test', schemaUrl: '' }, [bytes])
  const record: Sent = JSON.parse(jsonRequest('logs', request, false)).resourceLogs[0].scopeLogs[0]
    .logRecords[0]
  const { event: map, ...attributes } = Object.fromEntries(
    record.attributes.map(({ key, value }) => [key, value]),
  )
  const entries = map?.kvlistValue?.values ?? []
  return {
    record,
    body: JSON.parse(record.body.stringValue),
    attributes,
    event: Object.fromEntries(entries.map(({ key, value }) => [key, value])),
    count: record.attributes.length - 1 + entries.length,
    bytes: bytes.length,
    cut,
  }
}

const text = (stringValue: string) => ({ stringValue })
const int = (value: number) => ({ intValue: String(value) })
const list = (...values: readonly string[]) => ({ arrayValue: { values: values.map(text) } })

const record: Event = { kind: 'artifact_record', document: EVENTS.artifact_record.example }
const connection: Event = { kind: 'connection', document: EVENTS.connection.example }
const TAGS = list('ip:192.168.3.218', 'bin:curl', 'strategy:observe', 'host:qpoint', 'protocol:http2')

test('an artifact record, field by field', () => {
  const { document } = record
  const url = 'https://objects.internal.example.com/qpoint/35a712233f2a70e4842d83eb017f952ae09bf74c'
  const got = sent(record)
  expect(got.record).toMatchObject({
    timeUnixNano: '1767323045731000000',
    observedTimeUnixNano: NOW,
    severityNumber: 9,
  })
  expect(got.record.severityText).toBeUndefined()
  expect(got.body).toEqual(document)
  expect(got.attributes).toEqual({
    'event.type': text('artifact_record'),
    'connection.id': text('d654d887p3qnd27vfhag'),
    request_method: text('GET'),
    request_host: text('httpbin.org'),
    request_scheme: text('https'),
    request_path: text('/status/500'),
    response_status: int(500),
    duration_ms: int(580),
    process_exe: text('/usr/bin/curl'),
    direction: text('egress-external'),
    digest: text('35a712233f2a70e4842d83eb017f952ae09bf74c'),
    url: text(url),
    type: text('http_transaction'),
  })
  expect(got.event).toEqual({
    'process.exe': text('/usr/bin/curl'),
    connectionId: text('d654d887p3qnd27vfhag'),
    endpointId: text('httpbin.org'),
    requestId: text('d654d8g7p3qnd27vfhb0'),
    tags: TAGS,
    timestamp: text('2026-01-02T03:04:05.731Z'),
    digest: text('35a712233f2a70e4842d83eb017f952ae09bf74c'),
    url: text(url),
    'summary.duration_ms': int(580),
    'summary.direction': text('egress-external'),
    'summary.process_exe': text('/usr/bin/curl'),
    'summary.connection_id': text('d654d887p3qnd27vfhag'),
    'summary.request_method': text('GET'),
    'summary.request_scheme': text('https'),
    'summary.request_host': text('httpbin.org'),
    'summary.request_path': text('/status/500'),
    'summary.request_protocol': text('http2'),
    'summary.response_status': int(500),
    'summary.response_content_type': text('text/html; charset=utf-8'),
  })
})

test('a connection, field by field; its time is exact to the nanosecond', () => {
  const got = sent(connection, Date.parse('2025-10-24T18:54:55Z'))
  expect(got.record).toMatchObject({ timeUnixNano: '1761332094510499628', severityNumber: 9 })
  expect(got.body).toEqual(connection.document)
  expect(got.attributes).toEqual({
    'event.type': text('connection'),
    'connection.id': text('d3tsmvg7p3qggmf8pdi0'),
    direction: text('egress-external'),
  })
  expect(got.event).toMatchObject({
    'meta.connectionId': text('d3tsmvg7p3qggmf8pdi0'),
    'meta.endpointId': text('httpbin.org'),
    'meta.tlsProbeIntrospected': { boolValue: true },
    'tags.bin': list('curl'),
    labels: list('user-shell'),
    finalized: { boolValue: true },
    createdAt: text('2025-10-24T18:54:54.510499628Z'),
    socketProtocol: text('tcp'),
    l7Protocol: text('http2'),
    tlsVersion: int(772),
    'process.exe': text('/usr/bin/curl'),
    'system.hostname': text('qpoint'),
    'source.address.port': int(51_622),
    'source.exe': text('/usr/bin/curl'),
    'source.container.pod.namespace': text('shop'),
    'destination.address.ip': text('54.87.109.59'),
    bytesReceived: int(5872),
  })
})

test('an event of a connection that is open for long bears the time of the event', () => {
  const openedMs = Date.parse('2025-10-24T18:54:54.510Z')
  expect(sent(connection, openedMs + 29 * 60_000).record.timeUnixNano).toBe('1761332094510499628')
  const laterMs = openedMs + 31 * 60_000
  expect(sent(connection, laterMs).record.timeUnixNano).toBe(`${laterMs}000000`)
})

test('requests and issues have the same flat names; an issue is an error', () => {
  const request = sent({ kind: 'request', document: EVENTS.request.example })
  expect(request.record.severityNumber).toBe(9)
  expect(request.attributes).toEqual({
    'event.type': text('request'),
    'connection.id': text('d654d887p3qnd27vfhag'),
    request_method: text('GET'),
    request_host: text('httpbin.org'),
    request_scheme: text('https'),
    request_path: text('/status/500'),
    response_status: int(500),
    duration_ms: int(767),
    direction: text('egress-external'),
    url: text('https://httpbin.org/status/500'),
  })
  const issue = sent({ kind: 'issue', document: EVENTS.issue.example })
  expect(issue.record.severityNumber).toBe(17)
  expect(issue.attributes).toMatchObject({ 'event.type': text('issue'), response_status: int(500) })
  expect(issue.event).toMatchObject({ error: text('Server errors') })
})

test('the map of the event has no key `type`, which would hide the type of the event', () => {
  for (const event of [record, connection]) {
    expect(sent(event).event).not.toHaveProperty('type')
  }
})

test('of too many entries some are left out, and it is said', () => {
  const tags = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`tag-${index}`, ['value']]))
  const got = sent({ kind: 'connection', document: { ...EVENTS.connection.example, tags } })
  expect(got.count).toBeLessThan(116)
  expect(got.cut).toBe(true)
  const tagsKept = Object.keys(got.event).filter((key) => key.startsWith('tags.')).length
  expect(got.event['entries_left_out']).toEqual(int(300 - tagsKept))
  expect(got.event).toMatchObject({ 'destination.address.port': int(443), bytesSent: int(798) })
  expect(Object.keys(got.body.tags)).toHaveLength(300)
})

test('a record that is too large is shortened, and says so; what identifies it stays', () => {
  const path = `/${'päth'.repeat(30_000)}`
  const document = { ...EVENTS.request.example, path, url: `https://httpbin.org${path}` }
  const got = sent({ kind: 'request', document })
  expect(got.bytes).toBeLessThanOrEqual(60 << 10)
  expect(got.cut).toBe(true)
  expect(got.body).toMatchObject({ truncated: true, method: 'GET', requestId: document.requestId })
  expect(path.startsWith(got.body.path)).toBe(true)
  expect(got.body.path.length).toBeGreaterThan(1000)
  expect(got.event['truncated']).toEqual({ boolValue: true })
  expect(got.attributes['connection.id']).toEqual(text(document.connectionId))
})

test('whatever an event holds, it stays within 128 entries and 60 KiB', () => {
  const long = fc.string({ unit: 'binary', maxLength: 1024, size: 'max' })
  const tags = fc.dictionary(long, fc.array(long, { minLength: 1, maxLength: 8 }), { maxKeys: 80 })
  fc.assert(
    fc.property(tags, long, fc.nat(200_000), (some, exe, repeated) => {
      const { example } = EVENTS.connection
      const source = { ...example.source, exe: exe.repeat(1 + repeated / 1024) }
      const got = sent({ kind: 'connection', document: { ...example, tags: some, source } })
      expect(got.bytes).toBeLessThanOrEqual(60 << 10)
      expect(got.count).toBeLessThan(120)
      expect(Object.keys(got.event)).not.toContain('')
    }),
    { numRuns: 60 },
  )
})
