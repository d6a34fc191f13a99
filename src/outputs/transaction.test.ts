import { expect, test } from 'vitest'
import { sampleBody, sampleExchange } from '../../test/support/sample-exchange.ts'
import { createCanonicalNames } from './headers.ts'
import { LargeBodies } from './large-bodies.ts'
import { describeTransaction, type Level } from './transaction.ts'
import { transactionText } from './transaction-text.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const TAGS = ['bin:curl', 'protocol:http2']

/** The document as a reader of the JSON gets it. */
function documentOf(exchange: ReturnType<typeof sampleExchange>, level: Level) {
  const large = new LargeBodies()
  return JSON.parse(
    JSON.stringify(describeTransaction(exchange, level, AT_MS, createCanonicalNames(), large, TAGS)),
  )
}

/** The exchange that the published example of a document is about. */
function statusPage() {
  return sampleExchange({
    request: {
      authority: 'httpbin.org',
      path: '/status/500',
      url: 'https://httpbin.org/status/500',
      headers: [
        ['accept', '*/*'],
        ['user-agent', 'curl/8.18.0'],
      ],
    },
    response: {
      status: 500,
      headers: [
        ['content-type', 'text/html; charset=utf-8'],
        ['server', 'gunicorn/19.9.0'],
      ],
      body: sampleBody(''),
    },
    connection: {
      tls: {
        offeredVersion: 772,
        version: 772,
        suite: 1,
        serverName: 'httpbin.org',
        protocols: [],
        protocol: undefined,
        unreadable: undefined,
        opened: true,
      },
    },
    exchange: { durationMs: 767 },
  })
}

test('at level headers the published example comes out, field by field and in its order', () => {
  const expected = {
    metadata: {
      process_id: '4242',
      process_exe: '/usr/bin/curl',
      bytes_sent: 72,
      bytes_received: 127,
      connection_id: 'd654d887p3qnd27vfhag',
      endpoint_id: 'httpbin.org',
      tags: ['bin:curl', 'protocol:http2'],
    },
    request: {
      method: 'GET',
      url: 'https://httpbin.org/status/500',
      scheme: 'https',
      path: '/status/500',
      authority: 'httpbin.org',
      protocol: 'http2',
      request_id: 'd654d8g7p3qnd27vfhb0',
      user_agent: 'curl/8.18.0',
      headers: {
        ':authority': 'httpbin.org',
        ':method': 'GET',
        ':path': '/status/500',
        ':scheme': 'https',
        Accept: '*/*',
        'User-Agent': 'curl/8.18.0',
      },
    },
    response: {
      status: 500,
      content_type: 'text/html; charset=utf-8',
      headers: {
        ':status': '500',
        'Content-Type': 'text/html; charset=utf-8',
        Server: 'gunicorn/19.9.0',
      },
    },
    transaction_time: '2026-01-02T03:04:05.678Z',
    duration_ms: 767,
    direction: 'egress-external',
  }
  const document = documentOf(statusPage(), 'headers')
  expect(document).toEqual(expected)
  expect(JSON.stringify(document)).toBe(JSON.stringify(expected))
})

test('at level full an exchange without content is as at level headers', () => {
  expect(documentOf(statusPage(), 'full')).toEqual(documentOf(statusPage(), 'headers'))
})

test('level summary has neither headers nor bodies, level headers no bodies', () => {
  const exchange = sampleExchange({ request: { body: sampleBody('asked') } })
  const summary = documentOf(exchange, 'summary')
  const headers = documentOf(exchange, 'headers')
  const full = documentOf(exchange, 'full')
  expect(Object.keys(summary.response)).toEqual(['status', 'content_type'])
  expect(summary.request).not.toHaveProperty('headers')
  expect(headers.response).toHaveProperty('headers')
  expect(headers.request).not.toHaveProperty('body')
  expect([full.request.body, full.response.body]).toEqual(['asked', '{"items":[]}'])
  expect(full.metadata).toEqual(summary.metadata)
})

test('the url has its query, the path has not', () => {
  const { request } = documentOf(sampleExchange(), 'headers')
  expect([request.url, request.path, request.headers[':path']]).toEqual([
    'https://api.example.com/v1/items?page=2',
    '/v1/items',
    '/v1/items',
  ])
})

test('an exchange that ended without a response has status 499 and no duration', () => {
  const exchange = sampleExchange({
    exchange: { response: undefined, durationMs: undefined, completeness: 'joined_late' },
  })
  const document = documentOf(exchange, 'full')
  expect(document.response).toEqual({ status: 499 })
  expect(document).not.toHaveProperty('duration_ms')
  expect(document.metadata).not.toHaveProperty('bytes_received')
  expect(document.metadata.completeness).toBe('joined_late')
})

test('a body of which nothing was seen says how much it was', () => {
  const body = sampleBody('', { wireBytes: 900, decodedBytes: 900, missing: true })
  const { response } = documentOf(sampleExchange({ response: { body } }), 'full')
  expect(response).not.toHaveProperty('body')
  expect(response.body_truncated).toEqual({ kept_bytes: 0, original_bytes: 900 })
})

test('what is not certain is said, each once, in the document and in its text', () => {
  const document = describeTransaction(
    sampleExchange({
      request: { doubts: { ambiguous: ['folded line', 'bare CR'], unknownFields: [] } },
      response: { doubts: { ambiguous: ['bare CR'], unknownFields: ['dynamic index 65'] } },
    }),
    'summary',
    AT_MS,
    createCanonicalNames(),
    new LargeBodies(),
    [],
  )
  expect(document.metadata.tags).toBeUndefined()
  expect(document.metadata).toMatchObject({
    ambiguous: ['folded line', 'bare CR'],
    unknown_fields: ['dynamic index 65'],
  })
  const text = Buffer.concat(transactionText(document, undefined, undefined)).toString()
  expect(text).toContain('  Ambiguous: folded line, bare CR\n  Unknown Fields: dynamic index 65\n')
})

test('trailers stand beside the headers', () => {
  const { response } = documentOf(
    sampleExchange({ response: { trailers: [['grpc-status', '0']] } }),
    'headers',
  )
  expect(response.trailers).toEqual({ 'Grpc-Status': '0' })
})

test('an unknown process leaves its fields out', () => {
  const { metadata } = documentOf(sampleExchange({ connection: { process: undefined } }), 'summary')
  expect(metadata).not.toHaveProperty('process_id')
  expect(metadata).not.toHaveProperty('process_exe')
})

test('a container and its pod are named in the document and in its text', () => {
  const pod = { name: 'checkout-1', namespace: 'shop', uid: '1', labels: {}, annotations: {} }
  const facts = { runtime: 'cri', name: 'checkout', image: 'example/checkout:1', labels: {}, pod } as const
  const container = { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'known', facts } as const
  const document = documentOf(sampleExchange({ process: { container } }), 'summary')
  expect(Object.entries(document.metadata).slice(0, 6)).toEqual([
    ['process_id', '4242'],
    ['process_exe', '/usr/bin/curl'],
    ['container_name', 'checkout'],
    ['container_image', 'example/checkout:1'],
    ['pod_name', 'checkout-1'],
    ['pod_namespace', 'shop'],
  ])
  expect(Buffer.concat(transactionText(document, undefined, undefined)).toString()).toContain(`
  Process: /usr/bin/curl
  Container: checkout
  Image: example/checkout:1
  Pod: checkout-1
  Namespace: shop
  Bytes Sent: 72
  Bytes Received: 127
  Tags: bin:curl, protocol:http2
`)
})

test('of a container that nobody has told about nothing is said', () => {
  const container = {
    fullId: 'ab'.repeat(32),
    id: 'abababababab',
    state: 'pending',
    facts: undefined,
  } as const
  const { metadata } = documentOf(sampleExchange({ process: { container } }), 'summary')
  expect(Object.keys(metadata).filter((key) => /^(container|pod)_/.test(key))).toEqual([])
})
