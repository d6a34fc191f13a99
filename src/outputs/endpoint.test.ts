import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { endpointOf } from './endpoint.ts'

test('the name of the TLS handshake comes before the host', () => {
  expect(endpointOf(sampleExchange({ request: { authority: 'other.example' } }))).toBe('api.example.com')
})

test.each([
  ['Shop.Example:8080', 'shop.example'],
  ['localhost:3000', 'localhost'],
  ['192.0.2.77:80', '203.0.113.5'],
  ['[2001:db8::5]:80', '203.0.113.5'],
  ['bad host', '203.0.113.5'],
  [`${'a'.repeat(64)}.example`, '203.0.113.5'],
  ['', '203.0.113.5'],
])('without TLS, the host %j gives %s', (authority, endpoint) => {
  expect(endpointOf(sampleExchange({ connection: { tls: undefined }, request: { authority } }))).toBe(
    endpoint,
  )
})

test('on the accepting side the local address is the last resort', () => {
  const connection = { role: 'server', tls: undefined } as const
  expect(endpointOf(sampleExchange({ connection, request: { authority: '192.0.2.10' } }))).toBe('192.0.2.10')
})
