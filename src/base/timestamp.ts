import type { Clock } from './clock.ts'

const NS_PER_SECOND = 1e9

/**
 * Nanoseconds since 1970 of an instant in nanoseconds since boot. `bootEpochMs` is taken to the nearest
 * nanosecond; the sum is exact.
 */
export function unixNanos(bootEpochMs: number, bootNs: number): bigint {
  const wholeMs = Math.floor(bootEpochMs)
  const restNs = Math.round((bootEpochMs - wholeMs) * 1e6)
  // Not added as doubles: nanoseconds of 104 days are all that fit into one.
  return BigInt(wholeMs) * 1_000_000n + BigInt(restNs) + BigInt(bootNs)
}

/**
 * Makes a function from nanoseconds since boot to RFC 3339 with nanoseconds, such as
 * `2025-10-24T18:54:54.510499628Z`, by the time of boot that the clock says then. That is taken to the
 * nearest nanosecond; the sum is exact.
 */
export function createTimestamps(clock: Pick<Clock, 'bootEpochMs'>): (bootNs: number) => string {
  let bootEpochMs = Number.NaN
  let epochSecond = 0
  let epochRestNs = 0
  let second = Number.NaN
  /** `second`, up to its point. */
  let beginning = ''
  return timestampOf

  function readEpoch(): void {
    bootEpochMs = clock.bootEpochMs
    const wholeMs = Math.floor(bootEpochMs)
    epochSecond = Math.floor(wholeMs / 1000)
    // Both factors and the sum are small enough to be exact.
    epochRestNs = (wholeMs - epochSecond * 1000) * 1e6 + Math.round((bootEpochMs - wholeMs) * 1e6)
  }

  function timestampOf(bootNs: number): string {
    if (clock.bootEpochMs !== bootEpochMs) readEpoch()
    // The rest first: a quotient of doubles may be rounded up to the next second.
    const bootRestNs = bootNs % NS_PER_SECOND
    const sumNs = epochRestNs + bootRestNs
    const carried = Math.floor(sumNs / NS_PER_SECOND)
    const wanted = epochSecond + (bootNs - bootRestNs) / NS_PER_SECOND + carried
    if (wanted !== second) {
      second = wanted
      beginning = new Date(wanted * 1000).toISOString().slice(0, -'000Z'.length)
    }
    return `${beginning}${String(sumNs - carried * NS_PER_SECOND).padStart(9, '0')}Z`
  }
}
