import { expect, test } from 'vitest'
import { dnsResponse } from '../../../test/support/dns-messages.ts'
import { processOf } from '../../../test/tls-recording.ts'
import type { Process } from '../../capture/index.ts'
import { NameTable, noNameStats } from './names.ts'

const HOST = processOf(1)
const MINUTE_NS = 60e9

function inContainer(fullId: string): Process {
  return { ...HOST, container: { fullId, id: fullId, state: 'pending', facts: undefined } }
}

test('a name is kept 5 minutes from when it was last told', () => {
  const stats = noNameStats()
  const names = new NameTable(stats)
  const answer = dnsResponse('example.com', ['192.0.2.1', '192.0.2.2'])
  names.learn(HOST, 0, answer)
  names.learn(HOST, 4 * MINUTE_NS, dnsResponse('example.com', ['192.0.2.1']))
  expect(names.find(HOST, '192.0.2.2', 5 * MINUTE_NS)).toBe('example.com')
  expect(names.find(HOST, '192.0.2.2', 5 * MINUTE_NS + 1)).toBeUndefined()
  expect(names.find(HOST, '192.0.2.1', 9 * MINUTE_NS)).toBe('example.com')
  names.expire(9 * MINUTE_NS)
  expect(stats.dnsNames).toBe(1)
  names.expire(9 * MINUTE_NS + 1)
  expect(stats).toMatchObject({ dnsNames: 0, dnsNamesEvicted: 0, dnsAddresses: 3 })
})

test('each container has names of its own, and the last one told counts', () => {
  const names = new NameTable(noNameStats())
  const [one, other] = [inContainer('1'), inContainer('2')]
  names.learn(one, 0, dnsResponse('one.example.com', ['192.0.2.1']))
  names.learn(other, 0, dnsResponse('other.example.com', ['192.0.2.1']))
  names.learn(other, 1, dnsResponse('newer.example.com', ['192.0.2.1']))
  expect([one, other, HOST].map((process) => names.find(process, '192.0.2.1', 2))).toEqual([
    'one.example.com',
    'newer.example.com',
    undefined,
  ])
  expect(names.find(one, '::ffff:192.0.2.1', 2)).toBe('one.example.com')
})

test('past its limit the table lets go of what was told longest ago', () => {
  const stats = noNameStats()
  const names = new NameTable(stats, 3)
  const learn = (last: number, at: number) =>
    names.learn(HOST, at, dnsResponse(`n${last}`, [`192.0.2.${last}`]))
  for (const last of [1, 2, 3]) learn(last, last)
  learn(1, 4)
  learn(4, 5)
  expect([1, 2, 3, 4].map((last) => names.find(HOST, `192.0.2.${last}`, 6))).toEqual([
    'n1',
    undefined,
    'n3',
    'n4',
  ])
  expect(stats).toMatchObject({ dnsNames: 3, dnsNamesEvicted: 1 })
})

test('an address that was asked for by what is no name of a host has lost its former name', () => {
  const stats = noNameStats()
  const names = new NameTable(stats)
  names.learn(HOST, 0, dnsResponse('shop.example.com', ['192.0.2.1', '192.0.2.2']))
  names.learn(HOST, 1, dnsResponse('order_api', ['192.0.2.1']))
  expect(names.find(HOST, '192.0.2.1', 2)).toBeUndefined()
  expect(names.find(HOST, '192.0.2.2', 2)).toBe('shop.example.com')
  expect(stats.dnsNames).toBe(1)
})

test('only names of hosts are taken', () => {
  const stats = noNameStats()
  const names = new NameTable(stats)
  for (const name of ['_service.example.com', '10.0.0.1', 'a b.example.com', ''])
    names.learn(HOST, 0, dnsResponse(name, ['192.0.2.1']))
  expect(names.find(HOST, '192.0.2.1', 0)).toBeUndefined()
  names.learn(HOST, 0, dnsResponse('xn--bcher-kva.example', ['192.0.2.1']))
  expect(names.find(HOST, '192.0.2.1', 0)).toBe('xn--bcher-kva.example')
  names.learn(HOST, 0, new Uint8Array(5))
  expect(stats).toMatchObject({ dnsMessages: 6, dnsMessagesBroken: 1 })
})
