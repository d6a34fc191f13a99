/**
 * The only place that asks the machine for the time.
 * Kernel records carry nanoseconds since boot, suspend included (`CLOCK_BOOTTIME`); `bootEpochMs` turns them
 * into wall time.
 */
export interface Clock {
  /**
   * Wall-clock time of boot, milliseconds since 1970. Wall time of a kernel instant = `bootEpochMs + ns /
   * 1e6`. To be asked for anew each time: it is another once the machine's clock has been set.
   */
  readonly bootEpochMs: number
  /** Wall-clock milliseconds since 1970. */
  nowMs(): number
  /** Monotonic milliseconds, for durations. */
  elapsedMs(): number
}

/** Who has it says when the machine's clock was set. */
export interface SystemClock extends Clock {
  bootEpochMs: number
}

export function systemClock(bootEpochMs: number): SystemClock {
  return {
    bootEpochMs,
    nowMs: () => Date.now(),
    elapsedMs: () => performance.now(),
  }
}
