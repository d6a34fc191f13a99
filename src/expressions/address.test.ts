import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAddress, readIpAddress, readIpNetwork, readMacAddress } from './address.ts'

test.for([
  ['10.0.0.1', '10.0.0.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:0DB8::0001', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::ffff:0102:0304', '1.2.3.4'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ['1.2.3', undefined],
  ['01.2.3.4', undefined],
  ['1.2.3.256', undefined],
  ['1.2.3.4.5', undefined],
  [':::', undefined],
  ['1:2', undefined],
  ['1::2::3', undefined],
  ['12345::', undefined],
  ['fe80::1%eth0', undefined],
  ['1.2.3.4::', undefined],
  ['1:2:3:4:5:6:7::8', undefined],
  ['', undefined],
] as const)('the address %s is %s', ([text, expected]) => {
  expect(readIpAddress(text)?.text).toBe(expected)
})

test('addresses are what Node takes for addresses', () => {
  const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/))
  fc.assert(
    fc.property(texts, (text) => {
      const address = readIpAddress(text)
      expect([text, address !== undefined]).toEqual([text, isIP(text) !== 0])
      if (address !== undefined) expect(readIpAddress(address.text)).toEqual(address)
    }),
    { numRuns: 1000 },
  )
})

test.for([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3/15', '10.0.0.0/15'],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/08', undefined],
  ['::ffff:10.0.0.0/8', undefined],
  ['::/129', undefined],
  ['10.0.0.0', undefined],
] as const)('the network %s is %s', ([text, expected]) => {
  expect(readIpNetwork(text)?.text).toBe(expected)
})

test('hardware addresses', () => {
  expect(readMacAddress('00:1B:44:11:3A:B7')?.text).toBe('00:1b:44:11:3a:b7')
  expect(readAddress('00:11:22:33:44:55:66:77')?.kind).toBe('mac')
  expect(readAddress('0:11:22:33:44:55:66:77')?.kind).toBe('ip')
  expect(readMacAddress('00:1B:44:11:3A')).toBeUndefined()
})
