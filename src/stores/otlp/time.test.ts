import { expect, test } from 'vitest'
import { nanosOfMs, nanosOfText } from './time.ts'

test.each([
  ['2025-10-24T18:54:54.510499628Z', 1_761_332_094_510_499_628n],
  ['2025-10-24T18:54:54.5Z', 1_761_332_094_500_000_000n],
  ['2025-10-24T18:54:54Z', 1_761_332_094_000_000_000n],
  ['1969-12-31T23:59:59.999999999Z', -1n],
] as const)('%s is %d', (text, nanos) => {
  expect(nanosOfText(text)).toBe(nanos)
})

test.each(['', 'yesterday', '2025-10-24T18:54:54', '2025-10-24T18:54:54.Z', '2025-10-24T18:54:54+01:00'])(
  '"%s" is no such time',
  (text) => {
    expect(nanosOfText(text)).toBeUndefined()
  },
)

test('milliseconds may have a fraction', () => {
  expect(nanosOfMs(1_761_332_094_510.5)).toBe(1_761_332_094_510_500_000n)
})
