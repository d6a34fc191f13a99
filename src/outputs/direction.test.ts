import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { directionOf, isPrivate } from './direction.ts'

test.each([
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.3.4',
  'fc00::1',
  'fdab::1',
  '::ffff:10.1.1.1',
])('%s is private', (ip) => expect(isPrivate(ip)).toBe(true))

test.each([
  '127.0.0.1',
  '::1',
  '169.254.1.1',
  'fe80::1',
  '100.64.0.1',
  '172.15.0.1',
  '172.32.0.1',
  '11.0.0.1',
  '192.169.0.1',
  '2001:db8::1',
  '::ffff:8.8.8.8',
  'fc::1',
])('%s is not private', (ip) => expect(isPrivate(ip)).toBe(false))

test('accepted connections are ingress, whatever the address', () => {
  const { connection } = sampleExchange({
    connection: { role: 'server', remote: { ip: '10.0.0.9', port: 1 } },
  })
  expect(directionOf(connection)).toBe('ingress')
})

test('connections to loopback are external', () => {
  const { connection } = sampleExchange({ connection: { remote: { ip: '127.0.0.1', port: 80 } } })
  expect(directionOf(connection)).toBe('egress-external')
})
