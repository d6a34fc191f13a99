import { isIP } from 'node:net'
import { array, assert, constant, integer, oneof, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { ipText } from './ip-text.ts'

function address(...groups: readonly number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]))
}

const MAPPED = [0, 0, 0, 0, 0, 0xffff] as const

test.for<[text: string, groups: readonly number[]]>([
  ['0.0.0.0', [...MAPPED, 0, 0]],
  ['192.168.7.255', [...MAPPED, 0xc0a8, 0x07ff]],
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]],
  ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
  // RFC 5952 §4.1: no leading zeros; §4.3: lower case.
  ['2001:db8:a:b:c:d:e:f', [0x2001, 0xdb8, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf]],
  // §4.2.2: one group of zeros is not shortened.
  ['2001:db8:0:1:1:1:1:1', [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1]],
  // §4.2.3: the longest run is shortened, of equal ones the first.
  ['2001:0:0:1::1', [0x2001, 0, 0, 1, 0, 0, 0, 1]],
  ['2001:db8::1:0:0:1', [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]],
  // Compatible and translated addresses are not ours to write with dots.
  ['::c0a8:1', [0, 0, 0, 0, 0, 0, 0xc0a8, 1]],
  ['64:ff9b::c0a8:1', [0x64, 0xff9b, 0, 0, 0, 0, 0xc0a8, 1]],
  ['::1:ffff:c0a8:1', [0, 0, 0, 0, 1, 0xffff, 0xc0a8, 1]],
])('%s', ([text, groups]) => {
  expect(ipText(address(...groups))).toBe(text)
})

test('any IPv6 address has the text that URLs give it', () => {
  const group = oneof(constant(0), integer({ min: 0, max: 0xffff }))
  assert(
    property(array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = ipText(address(...groups))
      if (isIP(text) === 4) return
      const whole = groups.map((value) => value.toString(16)).join(':')
      expect(`[${text}]`).toBe(new URL(`http://[${whole}]/`).hostname)
    }),
  )
})

test('any IPv4 address has its four numbers', () => {
  assert(
    property(uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      expect(ipText(Uint8Array.of(...address(...MAPPED), ...bytes))).toBe(bytes.join('.'))
    }),
  )
})
