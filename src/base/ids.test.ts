import { expect, test } from 'vitest'
import { createIds } from './ids.ts'

test('an xid carries its second, machine, process and counter in base32hex', () => {
  // d3olsjo7p3qod2n6hdd0 was made on 2025-10-16T21:06:23Z.
  const raw = decode('d3olsjo7p3qod2n6hdd0')
  const nextId = createIds({
    machine: ((raw[4] ?? 0) << 16) | ((raw[5] ?? 0) << 8) | (raw[6] ?? 0),
    pid: ((raw[7] ?? 0) << 8) | (raw[8] ?? 0),
    counter: (((raw[9] ?? 0) << 16) | ((raw[10] ?? 0) << 8) | (raw[11] ?? 0)) - 1,
  })
  expect(nextId(Date.parse('2025-10-16T21:06:23Z'))).toBe('d3olsjo7p3qod2n6hdd0')
})

test('ids made in the same second differ and sort in the order they were made', () => {
  const nextId = createIds({ machine: 1, pid: 2, counter: 3 })
  const ids = Array.from({ length: 100 }, () => nextId(1_700_000_000_000))
  expect(new Set(ids).size).toBe(100)
  expect(ids.toSorted()).toEqual(ids)
})

function decode(id: string): number[] {
  let held = 0n
  for (const letter of id) held = (held << 5n) | BigInt('0123456789abcdefghijklmnopqrstuv'.indexOf(letter))
  held >>= 4n
  return Array.from({ length: 12 }, (_, index) => Number((held >> BigInt(8 * (11 - index))) & 255n))
}
