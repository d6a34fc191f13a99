import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sampleBody, sampleExchange } from '../../test/support/sample-exchange.ts'
import { type ArtifactSettings, createArtifact } from './artifact.ts'
import { createCanonicalNames } from './headers.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const RULES = { deployment: ['env:prod'], rules: [] }
const JSON_FULL: ArtifactSettings = { level: 'full', format: 'json', objectStore: undefined, tags: RULES }

function artifactOf(exchange = sampleExchange(), settings = JSON_FULL) {
  return createArtifact(exchange, settings, AT_MS, createCanonicalNames())
}

test('the digest is the SHA-1 of the data, so equal content has an equal key', () => {
  const artifact = artifactOf()
  expect(artifact.digest).toBe(createHash('sha1').update(artifact.data).digest('hex'))
  expect(artifactOf().digest).toBe(artifact.digest)
  expect(artifactOf(sampleExchange({ response: { status: 201 } })).digest).not.toBe(artifact.digest)
})

test('an artifact carries what its record will need', () => {
  expect(artifactOf(sampleExchange(), { ...JSON_FULL, objectStore: 'archive' })).toMatchObject({
    kind: 'artifact',
    type: 'http_transaction',
    contentType: 'application/json',
    connection: { id: 'd654d887p3qnd27vfhag' },
    endpointId: 'api.example.com',
    requestId: 'd654d8g7p3qnd27vfhb0',
    tags: ['ip:192.0.2.10', 'bin:curl', 'strategy:observe', 'host:web-1', 'protocol:http2', 'env:prod'],
    objectStore: 'archive',
    atMs: AT_MS,
  })
})

test('the summary has the documented fields in their types, and no query string', () => {
  const exchange = sampleExchange({ request: { headers: [['Content-Type', 'text/plain']] } })
  expect(artifactOf(exchange).summary).toEqual({
    duration_ms: 12,
    direction: 'egress-external',
    process_exe: '/usr/bin/curl',
    connection_id: 'd654d887p3qnd27vfhag',
    request_method: 'GET',
    request_scheme: 'https',
    request_host: 'api.example.com',
    request_path: '/v1/items',
    request_protocol: 'http2',
    request_content_type: 'text/plain',
    response_status: 200,
    response_content_type: 'application/json',
  })
})

test('the summary names a container and its pod', () => {
  const pod = { name: 'checkout-1', namespace: 'shop', uid: '1', labels: {}, annotations: {} }
  const facts = { runtime: 'cri', name: 'checkout', image: 'example/checkout:1', labels: {}, pod } as const
  const container = { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'known', facts } as const
  expect(artifactOf(sampleExchange({ process: { container } })).summary).toMatchObject({
    process_exe: '/usr/bin/curl',
    container_name: 'checkout',
    container_image: 'example/checkout:1',
    pod_name: 'checkout-1',
    pod_namespace: 'shop',
    connection_id: 'd654d887p3qnd27vfhag',
  })
})

test('a summary leaves out what is not known and says what was not seen', () => {
  const exchange = sampleExchange({
    exchange: { response: undefined, durationMs: undefined, completeness: 'gap' },
    connection: { process: undefined },
  })
  expect(Object.keys(artifactOf(exchange).summary)).toEqual([
    'direction',
    'connection_id',
    'request_method',
    'request_scheme',
    'request_host',
    'request_path',
    'request_protocol',
    'response_status',
    'completeness',
  ])
})

test('text objects have the documented layout', () => {
  const exchange = sampleExchange({ request: { body: sampleBody('ask\n') } })
  const { contentType, data } = artifactOf(exchange, { ...JSON_FULL, format: 'text' })
  expect(contentType).toBe('text/plain')
  expect(new TextDecoder().decode(data)).toBe(`HTTP Transaction
================

Metadata:
  Transaction Time: 2026-01-02T03:04:05Z
  Duration: 12ms
  Direction: egress-external
  Request ID: d654d8g7p3qnd27vfhb0
  Process ID: 4242
  Process: /usr/bin/curl
  Bytes Sent: 72
  Bytes Received: 127
  Tags: ip:192.0.2.10, bin:curl, strategy:observe, host:web-1, protocol:http2, env:prod

Request:
  Method: GET
  URL: https://api.example.com/v1/items?page=2
  Headers:
    :authority: api.example.com
    :method: GET
    :path: /v1/items
    :scheme: https
    User-Agent: curl/8.18.0
    Accept: */*
  Body:
ask


Response:
  Status: 200
  Content-Type: application/json
  Headers:
    :status: 200
    Content-Type: application/json
    Server: nginx
  Body:
{"items":[]}
`)
})

test('text objects say how much of a body they hold', () => {
  const asked = sampleBody('ask', { truncated: true, decodedBytes: 9_000_000 })
  const unseen = sampleBody('', { missing: true, wireBytes: 40, decodedBytes: 40 })
  const exchange = sampleExchange({ request: { body: asked }, response: { body: unseen } })
  const text = new TextDecoder().decode(artifactOf(exchange, { ...JSON_FULL, format: 'text' }).data)
  expect(text).toContain('\n  Body (3 of 9000000 bytes):\nask\n')
  expect(text).toMatch(/\n {2}Body \(0 of 40 bytes\):\n$/)
})

test('text objects hold binary bodies byte by byte, and only at level full', () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x0a, 0xfe)
  const exchange = sampleExchange({ response: { body: sampleBody(bytes) } })
  const full = Buffer.from(artifactOf(exchange, { ...JSON_FULL, format: 'text' }).data)
  expect(full.subarray(-5)).toEqual(Buffer.from([...bytes, 0x0a]))
  const headers = artifactOf(exchange, { ...JSON_FULL, level: 'headers', format: 'text' }).data
  expect(new TextDecoder().decode(headers)).not.toContain('Body:')
  const summary = artifactOf(exchange, { ...JSON_FULL, level: 'summary', format: 'text' }).data
  expect(new TextDecoder().decode(summary)).not.toContain('Headers:')
})
