import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleBody, sampleExchange, sampleWebSocket } from '../../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../../exchanges/index.ts'
import { jsonRequest, logsRequest } from '../../../otlp/index.ts'
import {
  type Artifact,
  createArtifact,
  createCanonicalNames,
  createPartArtifact,
  NO_TAG_RULES,
} from '../../../outputs/index.ts'
import { OTLP_BATCH_BYTES_MAX } from '../../otlp/limits.ts'
import { encodeObject } from './encode.ts'
import { joinRecords, splitRecords } from './record-group.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const NOW_MS = AT_MS + 20

interface Sent {
  readonly timeUnixNano: string
  readonly severityNumber: number
  readonly body: { readonly stringValue: string }
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

function artifactOf(exchange: Exchange, format: 'json' | 'text' = 'json'): Artifact {
  const settings = { level: 'full', format, objectStore: undefined, tags: NO_TAG_RULES } as const
  return createArtifact(exchange, settings, AT_MS, createCanonicalNames())
}

/** The records as a receiver reads them. */
function sent(artifact: Artifact, bytesMax = OTLP_BATCH_BYTES_MAX) {
  const { records, cut } = encodeObject(artifact, NOW_MS, bytesMax)
  const request = logsRequest({ resource: [], scope: 'test', schemaUrl: '' }, records)
  const read: readonly Sent[] = JSON.parse(jsonRequest('logs', request, false)).resourceLogs[0].scopeLogs[0]
    .logRecords
  return {
    cut,
    bytes: records.reduce((sum, { length }) => sum + length, 0),
    records: read.map(({ attributes, ...record }) => ({
      ...record,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
    })),
  }
}

function dataOf(record: ReturnType<typeof sent>['records'][number] | undefined): string {
  const { stringValue } = record?.attributes['artifact.data'] ?? {}
  return typeof stringValue === 'string' ? stringValue : ''
}

const text = (stringValue: string) => ({ stringValue })
const SHARED = {
  'artifact.content_type': text('application/json'),
  'connection.id': text('d654d887p3qnd27vfhag'),
  'connection.endpoint_id': text('api.example.com'),
  'connection.request_id': text('d654d8g7p3qnd27vfhb0'),
  'artifact.summary.duration_ms': text('12'),
  'artifact.summary.direction': text('egress-external'),
  'artifact.summary.process_exe': text('/usr/bin/curl'),
  'artifact.summary.connection_id': text('d654d887p3qnd27vfhag'),
  'artifact.summary.request_method': text('GET'),
  'artifact.summary.request_scheme': text('https'),
  'artifact.summary.request_host': text('api.example.com'),
  'artifact.summary.request_path': text('/v1/items'),
  'artifact.summary.request_protocol': text('http2'),
  'artifact.summary.response_status': text('200'),
  'artifact.summary.response_content_type': text('application/json'),
}

test('a transaction is two records, field by field', () => {
  const artifact = artifactOf(sampleExchange())
  const { records, cut } = sent(artifact)
  expect(cut).toBe(false)
  expect(records).toHaveLength(2)
  for (const [index, type] of ['http_request', 'http_response'].entries()) {
    const record = records[index]
    const size = Buffer.byteLength(dataOf(record))
    expect(record).toMatchObject({
      timeUnixNano: '1767323045678000000',
      observedTimeUnixNano: '1767323045698000000',
      severityNumber: 9,
      body: text(`Artifact: ${type} (application/json, ${size} bytes)`),
    })
    expect(record?.attributes).toEqual({
      ...SHARED,
      'artifact.type': text(type),
      'artifact.digest': text(artifact.digest),
      'artifact.size_bytes': { intValue: String(size) },
      'artifact.data': text(expect.any(String)),
    })
  }
  const whole = JSON.parse(Buffer.from(artifact.data).toString())
  const [request, response] = records.map((record) => JSON.parse(dataOf(record)))
  expect(request).toEqual({ ...whole, response: undefined })
  expect(response).toEqual({ ...whole, request: undefined })
})

test('any other object is one record; what is no text stays bytes', () => {
  const body = sampleBody(Uint8Array.of(0xff, 0, 1))
  const exchange = sampleExchange({ response: { body } })
  const part = createPartArtifact(exchange, 'res-body', NO_TAG_RULES, AT_MS, createCanonicalNames())
  const { records } = part ? sent(part) : { records: [] }
  expect(records.map(({ attributes }) => attributes)).toEqual([
    {
      ...SHARED,
      'artifact.type': text('res-body'),
      'artifact.digest': text(part?.digest ?? ''),
      'artifact.size_bytes': { intValue: '3' },
      'artifact.data': { bytesValue: '/wAB' },
    },
  ])
})

test('a transaction that is too large for a collector has shorter bodies, and says so', () => {
  const large = 'ä"\n'.repeat(1 << 19)
  const exchange = sampleExchange({
    request: { body: sampleBody('small') },
    response: { body: sampleBody(large, { sha256: 'abc' }) },
  })
  const artifact = artifactOf(exchange)
  const size = artifact.data.length
  const { records, bytes, cut } = sent(artifact, 1 << 20)
  expect(cut).toBe(true)
  expect(bytes).toBeLessThanOrEqual(1 << 20)
  const [request, response] = records
  expect(request?.attributes).not.toHaveProperty('artifact.truncated')
  expect(response?.attributes['artifact.truncated']).toEqual({ boolValue: true })
  expect(Number(response?.attributes['artifact.size_bytes']?.['intValue'])).toBeGreaterThan(size - 1000)
  expect(response?.attributes['artifact.digest']).toEqual(text(artifact.digest))
  const { body, body_truncated, body_sha256, headers } = JSON.parse(dataOf(response)).response
  expect(large.startsWith(body)).toBe(true)
  expect(body.length).toBeGreaterThan(100_000)
  expect(body_truncated).toEqual({ kept_bytes: Buffer.byteLength(body), original_bytes: 2 ** 21 })
  expect([body_sha256, headers['Server']]).toEqual(['abc', 'nginx'])
})

test('bytes in base64 stay whole bytes; a body that was cut before keeps its true length', () => {
  const content = new Uint8Array(1 << 20).fill(0xfe)
  const body = sampleBody(content, { truncated: true, decodedBytes: 5 << 20 })
  const { records } = sent(artifactOf(sampleExchange({ request: { body }, response: { body } })), 1 << 20)
  for (const [index, side] of ['request', 'response'].entries()) {
    const told = JSON.parse(dataOf(records[index]))[side]
    expect(told.body_encoding).toBe('base64')
    const kept = Buffer.from(told.body, 'base64')
    expect(kept.every((byte) => byte === 0xfe)).toBe(true)
    expect(told.body_truncated).toEqual({ kept_bytes: kept.length, original_bytes: 5 << 20 })
    expect(kept.length).toBeGreaterThan(300_000)
  }
})

test('of a long conversation there are the first messages', () => {
  const [message] = sampleWebSocket().conversation?.messages ?? []
  const messages = Array.from({ length: 1000 }, () => ({ ...message, bytes: Buffer.alloc(2000, 'x') }))
  const exchange = sampleWebSocket({ messages } as object)
  const { records, bytes } = sent(artifactOf(exchange), 200_000)
  expect(bytes).toBeLessThanOrEqual(200_000)
  const { websocket } = JSON.parse(dataOf(records[1]))
  expect(websocket.messages.length).toBeGreaterThan(50)
  expect(websocket.messages_truncated).toBe(true)
})

test('text and anything else ends early, at a whole character', () => {
  const body = sampleBody('ä'.repeat(100_000))
  const { records, bytes } = sent(artifactOf(sampleExchange({ response: { body } }), 'text'), 50_000)
  expect(bytes).toBeLessThanOrEqual(50_000)
  expect(dataOf(records[1])).toMatch(/ä$/)
  expect(records[1]?.attributes['artifact.truncated']).toEqual({ boolValue: true })
})

test('whatever the bodies are, the records fit', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.uint8Array({ minLength: 1 }),
      fc.nat(2000),
      fc.nat(2000),
      fc.constantFrom('json', 'text'),
      (one, other, ones, others, format) => {
        const exchange = sampleExchange({
          request: { body: sampleBody(one.repeat(ones)) },
          response: { body: sampleBody(Buffer.concat(Array.from({ length: others }, () => other))) },
        })
        expect(sent(artifactOf(exchange, format), 20_000).bytes).toBeLessThanOrEqual(20_000)
      },
    ),
    { numRuns: 30 },
  )
})

test('records of a group come back as they were; a damaged group ends before the damage', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { maxLength: 4 }), fc.nat(), (records, at) => {
      const group = joinRecords(records)
      expect(splitRecords(group).map((one) => Buffer.from(one))).toEqual(
        records.map((one) => Buffer.from(one)),
      )
      const beginning = splitRecords(group.subarray(0, at % (group.length + 1)))
      expect(beginning.length).toBeLessThanOrEqual(records.length)
    }),
  )
})
