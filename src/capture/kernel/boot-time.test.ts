import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Clocks, measureBootTime } from './boot-time.ts'
import { openLibc } from './libbpf.ts'

/** Clocks that advance by some time with each reading, and by more where `delaysNs` says so. */
function clocksOf(epochNs: bigint, delaysNs: readonly number[]) {
  const machine = { epochNs, nowNs: 1_000_000, readings: 0, delaysNs }
  return Object.assign(machine, {
    bootNs: () => tick(),
    wallNs: () => machine.epochNs + BigInt(tick()),
  })

  function tick(): number {
    machine.nowNs += 300 + (machine.delaysNs[machine.readings] ?? 0)
    machine.readings += 1
    return machine.nowNs
  }
}

const EPOCH_NS = 1_763_000_000_123_456_789n
const EPOCH_MS = 1_763_000_000_123.4568

test('the time of boot is exact to half of the shortest reading, whatever disturbs the others', () => {
  const delay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50_000_000 }))
  fc.assert(
    fc.property(fc.array(delay, { minLength: 90, maxLength: 90 }), (delaysNs) => {
      // At least one reading is not disturbed.
      const delays = delaysNs.with(60, 0).with(61, 0).with(62, 0)
      const boot = measureBootTime(clocksOf(EPOCH_NS, delays))
      expect(Math.abs(boot.epochMs - EPOCH_MS)).toBeLessThan(0.0025)
    }),
  )
})

test('only a clock that was set changes it', () => {
  const clocks = clocksOf(EPOCH_NS, [])
  const boot = measureBootTime(clocks)
  expect(boot.isSet()).toBe(false)
  // Suspended for an hour: both clocks go on.
  clocks.nowNs += 3_600e9
  expect(boot.isSet()).toBe(false)
  clocks.epochNs += 50_000n
  expect(boot.isSet()).toBe(false)
  clocks.epochNs -= 7_200_000_000_000n
  expect(boot.isSet()).toBe(true)
  expect(boot.epochMs).toBeCloseTo(EPOCH_MS + 0.05 - 7_200_000, 2)
  expect(boot.isSet()).toBe(false)
})

test('small changes add up until they count', () => {
  const clocks = clocksOf(EPOCH_NS, [])
  const boot = measureBootTime(clocks)
  clocks.epochNs += 60_000n
  expect(boot.isSet()).toBe(false)
  clocks.epochNs += 60_000n
  expect(boot.isSet()).toBe(true)
  expect(boot.epochMs).toBeCloseTo(EPOCH_MS + 0.12, 2)
})

test('a reading that was disturbed says nothing, and the next one does', () => {
  const clocks = clocksOf(EPOCH_NS, [])
  const boot = measureBootTime(clocks)
  clocks.epochNs += 1_000_000_000n
  clocks.delaysNs = Array.from({ length: clocks.readings + 9 }, () => 5_000_000)
  expect(boot.isSet()).toBe(false)
  expect(boot.isSet()).toBe(true)
})

test("this machine's clocks agree to far less than 100 µs", () => {
  const clocks: Clocks = openLibc()
  const first = measureBootTime(clocks)
  const again = measureBootTime(clocks)
  expect(Math.abs(first.epochMs - again.epochMs)).toBeLessThan(0.05)
  const nowMs = first.epochMs + clocks.bootNs() / 1e6
  expect(Math.abs(nowMs - Date.now())).toBeLessThan(50)
  expect(first.isSet()).toBe(false)
})
