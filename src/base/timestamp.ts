const NS_PER_SECOND = 1e9

/**
 * Makes a function from nanoseconds since boot to RFC 3339 with nanoseconds, such as
 * `2025-10-24T18:54:54.510499628Z`. `bootEpochMs` is taken to the nearest nanosecond; the sum is exact.
 */
export function createTimestamps(bootEpochMs: number): (bootNs: number) => string {
  const wholeMs = Math.floor(bootEpochMs)
  const epochSecond = Math.floor(wholeMs / 1000)
  // Both factors and the sum are small enough to be exact.
  const epochRestNs = (wholeMs - epochSecond * 1000) * 1e6 + Math.round((bootEpochMs - wholeMs) * 1e6)
  let second = Number.NaN
  /** `second`, up to its point. */
  let beginning = ''
  return timestampOf

  function timestampOf(bootNs: number): string {
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
