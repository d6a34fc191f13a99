import { expect, test } from 'vitest'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { NOTHING_REDACTED, type RedactOptions } from './options.ts'
import { openRedaction } from './redact.ts'

const R = '[REDACTED]'

function redact(exchange: Exchange, options: Partial<RedactOptions>): Exchange {
  return openRedaction({ ...NOTHING_REDACTED, ...options })(exchange)
}

test('headers and trailers of both sides are replaced by name, any case and with wild cards', () => {
  const headers = [
    ['X-Internal-Id', 'a'],
    ['accept', '*/*'],
  ] as const
  const exchange = sampleExchange({
    request: { headers, trailers: headers },
    response: { headers, trailers: headers },
  })
  const redacted = redact(exchange, { headers: ['x-internal-*'] })
  const expected = [
    ['X-Internal-Id', R],
    ['accept', '*/*'],
  ]
  const { request, response } = redacted
  expect([request.headers, request.trailers, response?.headers, response?.trailers]).toEqual(
    Array.from({ length: 4 }, () => expected),
  )
  expect(exchange.request.headers).toBe(headers)
})

test('patterns and parameters are searched for in header values', () => {
  const headers = [
    ['location', '/cb?state=1&access_token=abc#x'],
    ['x-note', 'order 1234-5678'],
    ['x-json', '{"password":"x"}'],
  ] as const
  const redacted = redact(sampleExchange({ response: { headers } }), {
    query: ['access_token'],
    patterns: ['\\d{4}-\\d{4}'],
    jsonPaths: ['$.password'],
  })
  expect(redacted.response?.headers.map(([, value]) => value)).toEqual([
    `/cb?state=1&access_token=${R}#x`,
    `order ${R}`,
    `{"password":"${R}"}`,
  ])
})

function located(target: string, authority = 'api.example.com') {
  const path = target.replace(/[?#].*/, '')
  return sampleExchange({ request: { target, path, authority, url: `https://${authority}${target}` } })
}

test.each<[target: string, expected: string, options: Partial<RedactOptions>]>([
  ['/a?token=x%20y&b=1', '/a?token=[REDACTED]&b=1', { query: ['TOKEN'] }],
  ['/a?to%6ben=x', '/a?to%6ben=[REDACTED]', { query: ['token'] }],
  ['/keys/1234-5678/x?y', '/keys/[REDACTED]/x?y', { patterns: ['\\d{4}-\\d{4}'] }],
  ['/keys/%31234-5678/x', '/keys/[REDACTED]/x', { patterns: ['\\d{4}-\\d{4}'] }],
  ['/a?b=%31234-5678', '/a?b=[REDACTED]', { patterns: ['\\d{4}-\\d{4}'] }],
  ['/a/b?v=1', '/a/[REDACTED]?v=1', { patterns: ['example\\.com/a/(\\w+)\\?v'] }],
  ['/a/b?v=1', '/[REDACTED]', { patterns: ['^/(.*)$'] }],
  ['/a#access_token=abc', '/a#access_token=[REDACTED]', { credentials: true }],
])('target %s becomes %s, and so do URL and path', (target, expected, options) => {
  const { request } = redact(located(target), options)
  expect(request.target).toBe(expected)
  expect(request.url).toBe(`https://api.example.com${expected}`)
  expect(request.path).toBe(expected.replace(/[?#].*/, ''))
})

test('a URL that is the value of a parameter is searched as other URLs are', () => {
  const target = '/login?a=1&next=http%3A%2F%2Fh%2Fcb%3Fcode%3D1%26access_token%3Dabc&b=2'
  const exchange = sampleExchange({
    request: { target, url: `http://h${target}`, authority: 'h', path: '/login' },
  })
  const { request } = redact(exchange, { query: ['access_token'] })
  expect(request.target).toBe('/login?a=1&next=[REDACTED]&b=2')
  expect(request.url).toBe('http://h/login?a=1&next=[REDACTED]&b=2')
})

test('a user and a password in front of a host are replaced, and a whole host that is named', () => {
  const { request } = redact(located('/', 'me:pass@host'), { credentials: true })
  expect([request.authority, request.url]).toEqual([`${R}@host`, `https://${R}@host/`])
  const named = redact(located('/x'), { headers: ['host'] }).request
  expect([named.authority, named.url, named.path]).toEqual([R, `https://${R}/x`, '/x'])
})

test('a call of gRPC tells its message and its names as its fields and its target do', () => {
  const grpc = {
    service: 'shop.Orders',
    method: 'Get',
    status: 5,
    statusName: 'NOT_FOUND',
    message: 'no 1234-5678',
    requestMessages: 1,
    responseMessages: 0,
    requestMessagesMissed: false,
    responseMessagesMissed: false,
  }
  const exchange = { ...located('/shop.Orders/Get'), grpc }
  const redacted = redact(exchange, { patterns: ['\\d{4}-\\d{4}', 'Orders/(Get)'] })
  expect(redacted.grpc).toMatchObject({ service: 'shop.Orders', method: R, message: `no ${R}` })
  expect(redact(exchange, { headers: ['grpc-message'] }).grpc?.message).toBe(R)
})
