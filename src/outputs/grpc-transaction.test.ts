import { expect, test } from 'vitest'
import { type SampleChanges, sampleBody, sampleExchange } from '../../test/support/sample-exchange.ts'
import type { Exchange, Grpc } from '../exchanges/index.ts'
import { createArtifact } from './artifact.ts'
import { createCanonicalNames } from './headers.ts'
import { statusOf, statusText } from './status.ts'
import { NO_TAG_RULES } from './tags.ts'
import type { Level } from './transaction.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

const CALL: Grpc = {
  service: 'shop.v1.Orders',
  method: 'Get',
  status: 5,
  statusName: 'NOT_FOUND',
  message: 'no order ✓',
  requestMessages: 1,
  responseMessages: 2,
  requestMessagesMissed: false,
  responseMessagesMissed: true,
}

function sampleCall(grpc: Partial<Grpc> = {}, changes: SampleChanges = {}): Exchange {
  return sampleExchange({
    ...changes,
    request: {
      method: 'POST',
      path: '/shop.v1.Orders/Get',
      url: 'https://api.example.com/shop.v1.Orders/Get',
      headers: [['content-type', 'application/grpc']],
      body: sampleBody(Uint8Array.of(0, 0, 0, 0, 1, 0xff)),
      ...changes.request,
    },
    response: {
      headers: [['content-type', 'application/grpc']],
      body: sampleBody(''),
      trailers: [
        ['grpc-status', '5'],
        ['grpc-message', 'no order %E2%9C%93'],
      ],
      ...changes.response,
    },
    exchange: { grpc: { ...CALL, ...grpc }, ...changes.exchange },
  })
}

function artifactOf(exchange: Exchange, level: Level, format: 'json' | 'text' = 'json') {
  const settings = { level, format, objectStore: undefined, tags: NO_TAG_RULES }
  return createArtifact(exchange, settings, AT_MS, createCanonicalNames())
}

const documentOf = (exchange: Exchange, level: Level) =>
  JSON.parse(new TextDecoder().decode(artifactOf(exchange, level).data))

test('the object of a call has the documented fields in their order', () => {
  const expected = {
    metadata: {
      process_id: '4242',
      process_exe: '/usr/bin/curl',
      bytes_sent: 72,
      bytes_received: 127,
      connection_id: 'd654d887p3qnd27vfhag',
      endpoint_id: 'api.example.com',
      tags: ['ip:192.0.2.10', 'bin:curl', 'strategy:observe', 'host:web-1', 'protocol:http2'],
      request_id: 'd654d8g7p3qnd27vfhb0',
    },
    service: 'shop.v1.Orders',
    method: 'Get',
    grpc_status: '5',
    grpc_status_name: 'NOT_FOUND',
    grpc_message: 'no order ✓',
    request: {
      content_type: 'application/grpc',
      message_count: 1,
      headers: {
        ':authority': 'api.example.com',
        ':method': 'POST',
        ':path': '/shop.v1.Orders/Get',
        ':scheme': 'https',
        'Content-Type': 'application/grpc',
      },
      body: 'AAAAAAH/',
      body_encoding: 'base64',
    },
    response: {
      content_type: 'application/grpc',
      grpc_status: '5',
      grpc_status_name: 'NOT_FOUND',
      grpc_message: 'no order ✓',
      message_count: 2,
      message_count_at_least: true,
      headers: {
        ':status': '404',
        'Content-Type': 'application/grpc',
        'Grpc-Status': '5',
        'Grpc-Status-Name': 'NOT_FOUND',
        'Grpc-Message': 'no order ✓',
      },
      trailers: { 'Grpc-Status': '5', 'Grpc-Message': 'no order %E2%9C%93' },
    },
    transaction_time: '2026-01-02T03:04:05.678Z',
    duration_ms: 12,
    direction: 'egress-external',
  }
  expect(JSON.stringify(documentOf(sampleCall(), 'full'))).toBe(JSON.stringify(expected))
})

test('level headers has no bodies, level summary no headers either', () => {
  const headers = documentOf(sampleCall(), 'headers')
  expect([headers.request.body, headers.request.headers[':method']]).toEqual([undefined, 'POST'])
  const summary = documentOf(sampleCall(), 'summary')
  expect(Object.keys(summary.response)).not.toContain('headers')
  expect(Object.keys(summary.response)).not.toContain('trailers')
  expect(summary.grpc_status).toBe('5')
})

test('a status that is not known is left out', () => {
  const document = documentOf(sampleCall({ status: undefined, statusName: '', message: '' }), 'full')
  expect(document).not.toHaveProperty('grpc_status')
  expect(document.response).not.toHaveProperty('grpc_status_name')
  expect(document.response.headers[':status']).toBe('200')
})

test('a call that was never answered has its status all the same', () => {
  const cancelled = sampleCall(
    { status: 1, statusName: 'CANCELLED', message: '' },
    { exchange: { response: undefined, grpc: { ...CALL, status: 1, statusName: 'CANCELLED' } } },
  )
  expect(documentOf(cancelled, 'full').response).toMatchObject({ grpc_status: '1', message_count: 2 })
  expect(statusOf(cancelled)).toBe(499)
})

test('the text form has the documented block', () => {
  const text = new TextDecoder().decode(artifactOf(sampleCall(), 'headers', 'text').data)
  expect(text).toMatch(/^gRPC Transaction\n================\n\nMetadata:\n/)
  expect(text).toContain(`
  Request ID: d654d8g7p3qnd27vfhb0
`)
  expect(text).toContain(`
RPC:
  Service: shop.v1.Orders
  Method: Get
  Status: NOT_FOUND (5)
  Message: no order ✓

Request:
  Content-Type: application/grpc
  Messages: 1
  Headers:
`)
  expect(text).toContain('\n  Messages: at least 2\n')
  const full = Buffer.from(artifactOf(sampleCall(), 'full', 'text').data)
  expect(full.includes(Buffer.from([...Buffer.from('  Body:\n'), 0, 0, 0, 0, 1, 0xff]))).toBe(true)
})

test('the text form holds what the other side says as plain text', () => {
  const hostile = sampleCall({ service: 'a\u001b[2J', message: 'x\n\nResponse:' })
  const text = new TextDecoder().decode(artifactOf(hostile, 'headers', 'text').data)
  expect(text).toContain('Service: a\\x1b[2J\n')
  expect(text).toContain('Message: x\\n\\nResponse:\n')
})

test('the summary has the keys of a call and of an exchange', () => {
  expect(artifactOf(sampleCall(), 'summary').summary).toMatchObject({
    request_method: 'POST',
    request_protocol: 'http2',
    grpc_service: 'shop.v1.Orders',
    grpc_method: 'Get',
    grpc_status: '5',
    grpc_status_name: 'NOT_FOUND',
    response_status: 404,
  })
  expect(artifactOf(sampleExchange(), 'summary').summary).not.toHaveProperty('grpc_service')
})

// The table of the product's documents.
test.each([
  [0, 200],
  [1, 499],
  [2, 500],
  [3, 400],
  [4, 504],
  [5, 404],
  [6, 409],
  [7, 403],
  [8, 429],
  [9, 400],
  [10, 409],
  [11, 400],
  [12, 501],
  [13, 500],
  [14, 503],
  [15, 500],
  [16, 401],
  [17, 500],
  [999, 500],
])('gRPC status %i is reported as %i', (status, reported) => {
  expect(statusOf(sampleCall({ status }))).toBe(reported)
})

test('what a status says in words', () => {
  expect(statusText(sampleCall())).toBe('NOT_FOUND')
  expect(statusText(sampleCall({ status: 77, statusName: '' }))).toBe('gRPC status 77')
  expect(statusText(sampleCall({ status: undefined, statusName: '' }))).toBe('gRPC status unknown')
  const proxy = sampleCall({ status: undefined, statusName: '' }, { response: { status: 503 } })
  expect([statusOf(proxy), statusText(proxy)]).toEqual([503, 'Service Unavailable'])
})
