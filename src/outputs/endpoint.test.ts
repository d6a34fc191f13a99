import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { endpointOf, endpointOfConnection } from './endpoint.ts'

test('the name of the TLS handshake comes before the host', () => {
  expect(endpointOf(sampleExchange({ request: { authority: 'other.example' } }))).toBe('api.example.com')
})

test('the name that the DNS told comes before that of the TLS handshake', () => {
  const { connection, ...exchange } = sampleExchange({ connection: { dnsName: 'From.DNS.example' } })
  expect(endpointOf({ ...exchange, connection })).toBe('from.dns.example')
  expect(endpointOfConnection(connection)).toBe('from.dns.example')
})

test('a name that is none does not hide the next one', () => {
  expect(endpointOf(sampleExchange({ connection: { dnsName: 'not a name' } }))).toBe('api.example.com')
})

test('what the DNS tells of a client does not name the server that it came to', () => {
  const connection = { role: 'server', tls: undefined, dnsName: 'laptop.example' } as const
  expect(endpointOf(sampleExchange({ connection, request: { authority: 'shop.example' } }))).toBe(
    'shop.example',
  )
})

const LONG = 'a'.repeat(63)

test.each([
  ['Shop.Example:8080', 'shop.example'],
  ['shop.example:', 'shop.example'],
  ['localhost:3000', 'localhost'],
  ['1password.example', '1password.example'],
  [`${LONG}.example`, `${LONG}.example`],
  [`${LONG}.${LONG}.${LONG}.${'a'.repeat(61)}`, `${LONG}.${LONG}.${LONG}.${'a'.repeat(61)}`],
  [`${LONG}.${LONG}.${LONG}.${'a'.repeat(62)}`, '203.0.113.5'],
  ['192.0.2.77:80', '203.0.113.5'],
  ['[2001:db8::5]:80', '203.0.113.5'],
  ['bad host', '203.0.113.5'],
  ['a..b', '203.0.113.5'],
  ['.a', '203.0.113.5'],
  ['a.', '203.0.113.5'],
  ['a_b.example', '203.0.113.5'],
  ['bücher.example', '203.0.113.5'],
  [`a${LONG}.example`, '203.0.113.5'],
  ['', '203.0.113.5'],
])('without TLS, the host %j gives %s', (authority, endpoint) => {
  const exchange = sampleExchange({ connection: { tls: undefined }, request: { authority } })
  expect(endpointOf(exchange)).toBe(endpoint)
  const hostName = authority.replace(/:\d*$/, '')
  expect(endpointOfConnection({ ...exchange.connection, hostName })).toBe(endpoint)
})

test('on the accepting side the local address is the last resort', () => {
  const connection = { role: 'server', tls: undefined } as const
  const exchange = sampleExchange({ connection, request: { authority: '192.0.2.10' } })
  expect(endpointOf(exchange)).toBe('192.0.2.10')
  expect(endpointOfConnection(exchange.connection)).toBe('192.0.2.10')
})
