/** The first retry comes soon: most failures are a restart, or one connection that was closed. */
const FIRST_MS = 250
const START_MS = 1_000
const MAX_MS = 30_000
/** A backend may ask for a longer pause than we would make, but not for the day. */
const ASKED_MAX_MS = 600_000
/** So that all agents a backend has sent away do not come back in the same instant. */
const ASKED_SPREAD = 0.1

export interface Backoff {
  /** How long to wait now; never less than `afterMs`, which the backend asked for. */
  nextMs(afterMs: number | undefined): number
  /** The pause that the backend asked for, within reason. */
  askedMs(afterMs: number): number
  reset(): void
}

/** Exponential, with full jitter: any pause from none to a limit that doubles. */
export function createBackoff(random: () => number = Math.random): Backoff {
  let failures = 0
  return { nextMs, askedMs, reset }

  function nextMs(afterMs: number | undefined): number {
    const limitMs = failures === 0 ? FIRST_MS : Math.min(MAX_MS, START_MS * 2 ** Math.min(failures - 1, 10))
    failures += 1
    return Math.max(random() * limitMs, askedMs(afterMs ?? 0))
  }

  function reset(): void {
    failures = 0
  }

  function askedMs(afterMs: number): number {
    if (!(afterMs > 0)) return 0
    return Math.min(afterMs, ASKED_MAX_MS) * (1 + random() * ASKED_SPREAD)
  }
}
