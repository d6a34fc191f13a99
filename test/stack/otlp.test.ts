import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching } from '../support/watching-agent.ts'
import { type Collector, startCollector } from './support/collector.ts'
import { type AnyDocument, flattened } from './support/flattened.ts'
import { otelConfig, type Way } from './support/otel-config.ts'
import { type ReadRecord, textOf } from './support/otlp-json.ts'
import { startTimedOrigin, type TimedOrigin } from './support/timed-origin.ts'

const CURL = pathOf('curl')
const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const TOKEN = 'of-the-stack'
const SECOND_NS = 1_000_000_000n

let workshop: Workshop
let certificate: Certificate
let origin: TimedOrigin
let plain: Collector
let sealed: Collector
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startTimedOrigin(certificate)
  plain = await startCollector(workshop)
  sealed = await startCollector(workshop, { certificate, token: TOKEN })
})
afterAll(async () => {
  origin.close()
  await workshop.close()
})

const WAYS = (['grpc', 'http'] as const).flatMap((protocol) =>
  [false, true].flatMap((tls) => [false, true].map((gzip) => ({ protocol, tls, gzip }))),
)

test.for(WAYS)(
  'an exchange reaches the Collector whole: $protocol, TLS $tls, gzip $gzip',
  async ({ protocol, tls, gzip }) => {
    const collector = tls ? sealed : plain
    const way: Way = {
      protocol,
      endpoint: `localhost:${collector.ports[protocol]}`,
      gzip,
      ...(tls && { caFile: certificate.certificateFile, headers: { Authorization: `Bearer ${TOKEN}` } }),
    }
    const before = BigInt(Date.now() - 1) * 1_000_000n
    const agent = await startWatching(workshop, {
      config: otelConfig({ ...way, level: 'full' }),
    })
    const path = `/status/500/${protocol}-${tls}-${gzip}`
    const options = ['-sS', '--http1.1', '--cacert', certificate.certificateFile]
    const asked = ['-d', 'what is asked', '-H', 'x-of-the-request: yes', `${origin.tls}${path}?secret=1`]
    await workshop.run(CURL, [...options, ...asked])
    const ofPath = () => collector.records().filter(({ attributes }) => attributes['request_path'] === path)
    await expect.poll(ofPath, { timeout: 20_000 }).toHaveLength(1)
    const [record] = ofPath()
    const connectionId = record?.attributes['connection.id']
    const ofConnection = () =>
      collector.records().filter(({ attributes }) => attributes['connection.id'] === connectionId)
    await expect.poll(() => ofConnection().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4)
    await agent.stop()
    const all = ofConnection()
    const after = BigInt(Date.now() + 1) * 1_000_000n
    for (const { observedTime } of all) {
      expect(observedTime).toBeGreaterThan(before)
      expect(observedTime).toBeLessThan(after)
    }
    const objects = all.filter(({ scope }) => scope === 'qtap.objectstore')
    const connections = all.filter(({ attributes }) => attributes['event.type'] === 'connection')
    expect(all).toHaveLength(1 + objects.length + connections.length)
    const digest = expectArtifactRecord(record, path, way.endpoint)
    expectConnection(connections.at(-1), textOf(connectionId))
    expectObjects(objects, { digest, path, record })
  },
)

const RESOURCE = { 'service.name': 'qtap', 'service.version': version, environment: 'stack-test' }

/** Gives the digest. */
function expectArtifactRecord(record: ReadRecord | undefined, path: string, endpoint: string): string {
  const document = documentOf(record)
  const { digest, summary } = document
  const { duration_ms: duration } = summary
  expect(digest).toMatch(/^[0-9a-f]{40}$/)
  expect(duration).toBeLessThan(10_000)
  const { type, ...withoutType } = document
  expect(document).toEqual({
    connectionId: expect.stringMatching(/^[0-9a-v]{20}$/),
    endpointId: 'localhost',
    requestId: expect.stringMatching(/^[0-9a-v]{20}$/),
    tags: expect.arrayContaining(['bin:curl', 'protocol:http1']),
    timestamp: expect.stringMatching(/Z$/),
    type: 'http_transaction',
    digest,
    url: `otel://${endpoint}/${digest}`,
    summary: {
      duration_ms: expect.any(Number),
      direction: 'egress-external',
      process_exe: CURL,
      connection_id: document.connectionId,
      request_method: 'POST',
      request_scheme: 'https',
      request_host: `localhost:${origin.ports.tls}`,
      request_path: path,
      request_protocol: 'http1',
      request_content_type: 'application/x-www-form-urlencoded',
      response_status: 500,
      response_content_type: 'application/json',
    },
  })
  expect(record).toMatchObject({ resource: RESOURCE, scope: 'qtap.eventstore', severity: 9 })
  expect(record?.schemaUrls).toContain('https://opentelemetry.io/schemas/1.24.0')
  expect(record?.time).toBe(BigInt(Date.parse(document.timestamp)) * 1_000_000n)
  expect(record?.attributes).toEqual({
    'event.type': 'artifact_record',
    event: { ...flattened(withoutType), 'process.exe': CURL },
    'connection.id': document.connectionId,
    request_method: 'POST',
    request_host: `localhost:${origin.ports.tls}`,
    request_scheme: 'https',
    request_path: path,
    response_status: 500n,
    duration_ms: BigInt(duration ?? -1),
    process_exe: CURL,
    direction: 'egress-external',
    digest,
    url: document.url,
    type,
  })
  return digest
}

function expectConnection(record: ReadRecord | undefined, connectionId: string): void {
  const document = documentOf(record)
  expect(document).toMatchObject({
    meta: { connectionId, endpointId: 'localhost', tlsProbeIntrospected: true },
    finalized: true,
    direction: 'egress-external',
    socketProtocol: 'tcp',
    l7Protocol: 'http1',
    tlsVersion: 772,
    source: { exe: CURL, user: 'root', userId: 0 },
    destination: { address: { family: 'ipv4', ip: '127.0.0.1', port: origin.ports.tls } },
  })
  expect(record).toMatchObject({ resource: RESOURCE, scope: 'qtap.eventstore', severity: 9 })
  expect(record?.time).toBe(nanosOf(document.timestamp))
  expect(record?.attributes).toEqual({
    'event.type': 'connection',
    event: { ...flattened(document), 'process.exe': CURL },
    'connection.id': connectionId,
    direction: 'egress-external',
  })
  expect(record?.attributes['event']).toMatchObject({
    'meta.connectionId': connectionId,
    'source.exe': CURL,
    'source.userId': 0n,
    'destination.address.port': BigInt(origin.ports.tls),
    finalized: true,
    tlsVersion: 772n,
    'tags.bin': ['curl'],
  })
}

function expectObjects(
  objects: readonly ReadRecord[],
  asked: { readonly digest: string; readonly path: string; readonly record: ReadRecord | undefined },
): void {
  const { digest, path, record } = asked
  const { summary, endpointId, requestId, connectionId } = documentOf(record)
  expect(objects.map(({ attributes }) => textOf(attributes['artifact.type'])).sort()).toEqual([
    'http_request',
    'http_response',
  ])
  const summaryAttributes = Object.fromEntries(
    Object.entries(summary).map(([key, value]) => [`artifact.summary.${key}`, String(value)]),
  )
  for (const { attributes, ...object } of objects) {
    const content = textOf(attributes['artifact.data'])
    const isRequest = attributes['artifact.type'] === 'http_request'
    expect(object).toMatchObject({ resource: RESOURCE, severity: 9 })
    expect(attributes).toEqual({
      'artifact.type': isRequest ? 'http_request' : 'http_response',
      'artifact.content_type': 'application/json',
      'artifact.digest': digest,
      'artifact.size_bytes': BigInt(Buffer.byteLength(content)),
      'artifact.data': attributes['artifact.data'],
      'connection.id': connectionId,
      'connection.endpoint_id': endpointId,
      'connection.request_id': requestId,
      ...summaryAttributes,
    })
    const { request, response, ...rest }: Sides = JSON.parse(content)
    expect(rest).toMatchObject({ metadata: { connection_id: connectionId }, direction: 'egress-external' })
    if (isRequest) {
      expect(request).toMatchObject({
        method: 'POST',
        url: `${origin.tls}${path}?secret=1`,
        body: 'what is asked',
        headers: { 'X-Of-The-Request': 'yes' },
      })
      expect(response).toBeUndefined()
    } else {
      expect(request).toBeUndefined()
      expect(response).toMatchObject({ status: 500, body: '{"answer": 42}' })
    }
  }
}

/** The object of one side holds nothing of the other. */
interface Sides {
  readonly request?: object
  readonly response?: object
}

function documentOf(record: ReadRecord | undefined): AnyDocument {
  const document: AnyDocument = JSON.parse(textOf(record?.body))
  return document
}

function nanosOf(timestamp: string): bigint {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(timestamp) ?? []
  return BigInt(Date.parse(`${seconds}Z`) / 1000) * SECOND_NS + BigInt(fraction.padEnd(9, '0'))
}
