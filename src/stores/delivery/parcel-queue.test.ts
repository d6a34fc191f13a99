import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../../test/support/run-counts.ts'
import type { Parcel } from './parcel.ts'
import { createParcelQueue, parcelBytes } from './parcel-queue.ts'

const parcel = fc.tuple(fc.nat(20), fc.nat(3)).map(([bytes, receipt]): Parcel => {
  return { bytes: new Uint8Array(bytes), receipt: new Uint8Array(receipt) }
})
const step = fc.oneof(fc.array(parcel, { maxLength: 150 }), fc.nat(150))

test('a queue gives what a list gives', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const queue = createParcelQueue()
      const list: Parcel[] = []
      for (const one of steps) {
        if (typeof one === 'number') {
          for (let count = 0; count < one; count += 1) expect(queue.shift()).toBe(list.shift())
        } else {
          for (const pushed of one) queue.push(pushed)
          list.push(...one)
        }
        expect(queue.count).toBe(list.length)
        expect(queue.bytes).toBe(list.reduce((sum, held) => sum + parcelBytes(held), 0))
        expect(queue.peek(1_000_000, 5)).toEqual(list.slice(0, 5))
      }
    }),
    { numRuns: runs(200) },
  )
})

test('a piece has as many as fit, and always one', () => {
  const queue = createParcelQueue()
  for (const length of [30, 5, 5, 5])
    queue.push({ bytes: new Uint8Array(length), receipt: new Uint8Array(0) })
  expect(queue.peek(10, 10)).toHaveLength(1)
  expect(queue.peek(40, 10)).toHaveLength(3)
  expect(queue.peek(100, 2)).toHaveLength(2)
})
