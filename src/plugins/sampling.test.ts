import { expect, test } from 'vitest'
import { createIds } from '../base/index.ts'
import { isSampled, positionOf } from './sampling.ts'

const IDS_COUNT = 20_000
const nextId = createIds({ machine: 7, pid: 42, counter: 1000 })
/** As one agent gives them: a few in each second, told apart by a counter. */
const ids = Array.from({ length: IDS_COUNT }, (_, index) => nextId(Date.UTC(2026, 0, 2) + index * 7))

test.each([0.01, 0.1, 0.5, 0.9])('a share of %d is kept, and the same ids every time', (share) => {
  const kept = ids.filter((id) => isSampled(id, share))
  // Four standard deviations of as many independent choices.
  const deviation = Math.sqrt(IDS_COUNT * share * (1 - share))
  expect(Math.abs(kept.length - IDS_COUNT * share)).toBeLessThan(4 * deviation)
  expect(ids.filter((id) => isSampled(id, share))).toEqual(kept)
})

test('a share of 1 keeps all, of 0 none, and a larger one keeps what a smaller one keeps', () => {
  expect(ids.every((id) => isSampled(id, 1))).toBe(true)
  expect(ids.some((id) => isSampled(id, 0))).toBe(false)
  expect(ids.filter((id) => isSampled(id, 0.1)).every((id) => isSampled(id, 0.2))).toBe(true)
})

test('neighbouring ids fall far from each other', () => {
  const runs = ids.filter((id, index) => {
    const before = ids[index - 1]
    return before !== undefined && isSampled(id, 0.5) === isSampled(before, 0.5)
  })
  expect(Math.abs(runs.length / IDS_COUNT - 0.5)).toBeLessThan(0.02)
  expect(positionOf('d654d8g7p3qnd27vfhb0')).not.toBe(positionOf('d654d8g7p3qnd27vfhbg'))
})
