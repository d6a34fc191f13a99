/**
 * The only place that asks the machine for the time.
 * Kernel records carry nanoseconds since boot, suspend included (`CLOCK_BOOTTIME`); `bootEpochMs` turns them
 * into wall time.
 */
export interface Clock {
  /**
   * Wall-clock time of boot, milliseconds since 1970. Wall time of a kernel instant = `bootEpochMs + ns /
   * 1e6`.
   */
  readonly bootEpochMs: number
  /** Wall-clock milliseconds since 1970. */
  nowMs(): number
  /** Monotonic milliseconds, for durations. */
  elapsedMs(): number
}

/** `bootNs` is the kernel's `CLOCK_BOOTTIME` read just now, in nanoseconds. */
export function systemClock(bootNs: number): Clock {
  return {
    bootEpochMs: Date.now() - bootNs / 1e6,
    nowMs: () => Date.now(),
    elapsedMs: () => performance.now(),
  }
}
