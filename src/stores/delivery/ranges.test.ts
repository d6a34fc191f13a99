import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../../test/support/run-counts.ts'
import { createRanges } from './ranges.ts'

const END = 60
const range = fc
  .tuple(fc.nat(END), fc.nat(12))
  .map(([from, length]) => ({ from, to: Math.min(END, from + length) }))

test('ranges are what a set of the same numbers is', () => {
  fc.assert(
    fc.property(fc.nat(10), fc.array(range, { maxLength: 20 }), range, (start, added, asked) => {
      const ranges = createRanges(start)
      const numbers = new Set(Array.from({ length: start }, (_, number) => number))
      for (const { from, to } of added) {
        ranges.add({ from, to })
        for (let number = from; number < to; number += 1) numbers.add(number)
        let low = start
        while (numbers.has(low)) low += 1
        expect(ranges.low).toBe(low)
        expect(ranges.aboveCount).toBe([...numbers].filter((number) => number >= low).length)
      }
      for (let number = 0; number < END + 2; number += 1) expect(ranges.has(number)).toBe(numbers.has(number))
      const inRange = [...numbers].filter((number) => asked.from <= number && number < asked.to)
      expect(ranges.countIn(asked)).toBe(inRange.length)
      const again = createRanges(ranges.low, ranges.above)
      expect([again.low, again.above]).toEqual([ranges.low, ranges.above])
    }),
    { numRuns: runs(300) },
  )
})
