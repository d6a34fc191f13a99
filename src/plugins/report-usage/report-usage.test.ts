import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleCall } from '../../../test/support/sample-call.ts'
import { type SampleChanges, sampleExchange } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { EVENTS, tagsOf } from '../../outputs/index.ts'
import { reportUsage } from './index.ts'

const TAGS = { deployment: ['env:prod'], rules: [] }

function reported(changes: SampleChanges = {}, shown = (exchange: Exchange) => exchange) {
  const { plugin, requests } = openedPlugin(reportUsage, {}, { tags: TAGS, shown })
  plugin.exchange(sampleExchange(changes))
  const [document, ...more] = requests()
  expect(more).toEqual([])
  return document ?? expect.fail('no event')
}

test('an exchange is an event with the documented fields, and no query string', () => {
  const changes = { request: { headers: [['User-Agent', 'curl/8.18.0']] } } as const
  expect(JSON.parse(JSON.stringify(reported(changes)))).toEqual({
    connectionId: 'd654d887p3qnd27vfhag',
    endpointId: 'api.example.com',
    requestId: 'd654d8g7p3qnd27vfhb0',
    tags: tagsOf(sampleExchange().connection, TAGS),
    timestamp: '2026-01-02T00:00:05.013000000Z',
    direction: 'egress-external',
    url: 'https://api.example.com/v1/items',
    path: '/v1/items',
    method: 'GET',
    status: 200,
    duration: 12,
    contentType: 'application/json',
    category: 'app',
    agent: 'curl/8.18.0',
    bytesSent: 72,
    bytesReceived: 127,
    authTokenMask: '',
    authTokenHash: '',
    authTokenSource: '',
    authTokenType: '',
  })
})

test('it is the event that the documentation describes', () => {
  expect(EVENTS.request.document.safeParse(reported()).error).toBeUndefined()
  expect(
    EVENTS.request.document.safeParse(reported({ exchange: { grpc: sampleCall() } })).error,
  ).toBeUndefined()
})

test('an exchange without a response has what is known of it', () => {
  const document = reported({ exchange: { response: undefined, durationMs: undefined } })
  expect(document).toMatchObject({ status: 499, category: 'other', bytesReceived: 0 })
  expect(JSON.parse(JSON.stringify(document))).not.toHaveProperty('duration')
})

test('a call of gRPC says how it ended', () => {
  expect(reported({ exchange: { grpc: sampleCall() } })).toMatchObject({
    status: 404,
    grpcService: 'shop.v1.Orders',
    grpcMethod: 'Get',
    grpcStatus: 5,
    grpcStatusName: 'NOT_FOUND',
    grpcMessage: 'no such order',
  })
})

test('the fingerprint is that of the credentials as they passed, all else is as it may be shown', () => {
  const shown = (exchange: Exchange): Exchange => ({
    ...exchange,
    request: { ...exchange.request, path: '/***', url: 'https://h/***', headers: [['user-agent', '***']] },
  })
  const secret = 'Bearer 0123456789abcdefghij'
  const changes = {
    request: { path: '/secret', headers: [['authorization', secret]] },
  } as const
  const document = reported(changes, shown)
  expect(document).toMatchObject({
    url: 'https://h/***',
    path: '/***',
    agent: '***',
    authTokenMask: 'Bearer 0123***(12 hidden)***ghij',
    authTokenType: 'bearer_token',
  })
  expect(JSON.stringify(document)).not.toContain('secret')
})

test('it wants no bodies, and says that its tags do nothing', () => {
  const { plugin, warnings } = openedPlugin(reportUsage, { tags: ['a:b'] })
  expect(plugin.wantsBodies).toBe(false)
  expect(warnings).toHaveLength(1)
  expect(openedPlugin(reportUsage, {}).warnings).toEqual([])
})
