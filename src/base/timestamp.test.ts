import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTimestamps, unixNanos } from './timestamp.ts'

/** The same by whole numbers of any size. `bootEpochMs` is a multiple of 1/4096, as our times are. */
function exactNanos(bootEpochMs: number, bootNs: number): bigint {
  const scaled = BigInt(bootEpochMs * 4096) * 1_000_000n
  return (scaled * 2n + 4096n) / 8192n + BigInt(bootNs)
}

function exact(bootEpochMs: number, bootNs: number): string {
  const total = exactNanos(bootEpochMs, bootNs)
  const nanoseconds = String(total % 1_000_000_000n).padStart(9, '0')
  return new Date(Number(total / 1_000_000_000n) * 1000).toISOString().replace(/000Z$/, `${nanoseconds}Z`)
}

test('nanoseconds since boot become RFC 3339', () => {
  const timestampOf = createTimestamps({ bootEpochMs: Date.UTC(2025, 9, 24, 18, 0, 0) })
  expect(timestampOf(54 * 60e9 + 54_510_499_628)).toBe('2025-10-24T18:54:54.510499628Z')
  expect(timestampOf(0)).toBe('2025-10-24T18:00:00.000000000Z')
  expect(timestampOf(1)).toBe('2025-10-24T18:00:00.000000001Z')
})

test('the parts of a millisecond that the time of boot has are carried', () => {
  const timestampOf = createTimestamps({ bootEpochMs: Date.UTC(2025, 11, 31, 23, 59, 59, 999) + 0.75 })
  expect(timestampOf(249_999)).toBe('2025-12-31T23:59:59.999999999Z')
  expect(timestampOf(250_000)).toBe('2026-01-01T00:00:00.000000000Z')
})

test('a clock that was set counts from then on', () => {
  const clock = { bootEpochMs: Date.UTC(2025, 0, 1) }
  const timestampOf = createTimestamps(clock)
  expect(timestampOf(1e9)).toBe('2025-01-01T00:00:01.000000000Z')
  clock.bootEpochMs = Date.UTC(2026, 0, 1)
  expect(timestampOf(1e9)).toBe('2026-01-01T00:00:01.000000000Z')
})

test('it is what whole numbers give, in any order of times', () => {
  const epoch = fc
    .tuple(fc.integer({ min: 1e12, max: 4e12 }), fc.integer({ min: 0, max: 4095 }))
    .map(([ms, part]) => ms + part / 4096)
    .filter((ms) => Number.isInteger(ms * 4096))
  const instant = fc.oneof(
    fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    // Just before, at and after a second, late in the life of a machine.
    fc
      .tuple(fc.integer({ min: 0, max: 9_000_000 }), fc.integer({ min: 0, max: 2 }))
      .map(([second, offset]) => Math.max(0, second * 1e9 - 1 + offset)),
  )
  fc.assert(
    fc.property(epoch, fc.array(instant, { minLength: 1, maxLength: 8 }), (bootEpochMs, instants) => {
      const timestampOf = createTimestamps({ bootEpochMs })
      expect(instants.map(timestampOf)).toEqual(instants.map((bootNs) => exact(bootEpochMs, bootNs)))
      expect(instants.map((bootNs) => unixNanos(bootEpochMs, bootNs))).toEqual(
        instants.map((bootNs) => exactNanos(bootEpochMs, bootNs)),
      )
    }),
    { numRuns: 2000 },
  )
})
