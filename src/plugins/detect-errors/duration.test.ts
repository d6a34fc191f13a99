import { expect, test } from 'vitest'
import { durationText, readDuration } from './duration.ts'

test.each([
  [250, 250],
  [0, 0],
  [1.5, 1.5],
  ['250', 250],
  ['1.5s', 1500],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
  ['100us', 0.1],
  ['100µs', 0.1],
  ['.5s', 500],
  ['-1s', undefined],
  [-1, undefined],
  ['1.5', undefined],
  ['1 s', undefined],
  ['s', undefined],
  ['1s later', undefined],
  ['', undefined],
])('%j is %j ms', (written, ms) => {
  expect(readDuration(written)).toBe(ms)
})

test.each([
  [0, '0ms'],
  [12, '12ms'],
  [0.1, '100µs'],
  [1000, '1s'],
  [1200, '1.2s'],
  [61_500, '1m1.5s'],
  [7_200_000, '2h0m0s'],
])('%j ms is written %s, and read back', (ms, text) => {
  expect(durationText(ms)).toBe(text)
  expect(readDuration(text)).toBe(ms)
})
