import { expect, test } from 'vitest'
import { createBackoff } from './backoff.ts'

test('the limit of pauses doubles from a second to half a minute, after a shorter first one', () => {
  const backoff = createBackoff(() => 1)
  const pauses = Array.from({ length: 9 }, () => backoff.nextMs(undefined))
  expect(pauses).toEqual([250, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  backoff.reset()
  expect(backoff.nextMs(undefined)).toBe(250)
})

test('any pause up to the limit may come', () => {
  const backoff = createBackoff(() => 0.5)
  expect([backoff.nextMs(undefined), backoff.nextMs(undefined)]).toEqual([125, 500])
})

test('the pause that was asked for is never cut short, unless it is out of reason', () => {
  const backoff = createBackoff(() => 0)
  expect(backoff.nextMs(7_000)).toBe(7_000)
  expect(backoff.nextMs(86_400_000)).toBe(600_000)
  expect(backoff.nextMs(Number.POSITIVE_INFINITY)).toBe(600_000)
  for (const nonsense of [Number.NaN, -5, 0]) expect(backoff.nextMs(nonsense)).toBe(0)
})
