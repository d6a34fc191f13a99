import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const KNOWN = ['direction', 'ignore_loopback', 'http', 'tap', 'tags']

test.each([
  ['directon', 'direction'],
  ['ignoreLoopback', 'ignore_loopback'],
  ['ignore-lopback', 'ignore_loopback'],
  ['htpp', 'http'],
  ['htpt', 'http'],
  ['atgs', 'tags'],
  ['tag', 'tap'],
])('%s probably means %s', (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant)
})

test.each(['filters', 'x', ''])('"%s" is near to nothing', (word) => {
  expect(nearest(word, KNOWN)).toBeUndefined()
})
