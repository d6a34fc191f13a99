/** Two clocks of one machine, in nanoseconds. */
export interface Clocks {
  /** Since boot, suspend included: `CLOCK_BOOTTIME`. */
  bootNs(): number
  /** Since 1970, as the machine's clock is set: `CLOCK_REALTIME`. */
  wallNs(): bigint
}

export interface BootTime {
  /** Wall-clock time of boot, milliseconds since 1970, by the machine's clock as it is set now. */
  readonly epochMs: number
  /** Looks again. True when the machine's clock has been set since: `epochMs` is another now. */
  isSet(): boolean
}

interface Reading {
  readonly epochMs: number
  /** At most so far from the truth. */
  readonly errorNs: number
}

const FIRST_TRIES = 64
const TRIES = 3
/** The first reading is good enough once it is so exact. */
const GOOD_NS = 2_000
/** A later one that was disturbed for longer says nothing. */
const ERROR_NS_MAX = 20_000
/** Whoever sets a clock by less gains nothing by it. */
const STEP_MS_MIN = 0.1

/**
 * When the machine was booted. The two clocks tick alike, in suspend too and while the clock is slewed, so
 * the time of boot changes only when somebody sets the machine's clock.
 */
export function measureBootTime(clocks: Clocks): BootTime {
  let { epochMs } = readBest(clocks, FIRST_TRIES)
  return {
    get epochMs() {
      return epochMs
    },
    isSet,
  }

  function isSet(): boolean {
    const reading = readBest(clocks, TRIES)
    if (reading.errorNs > ERROR_NS_MAX || Math.abs(reading.epochMs - epochMs) < STEP_MS_MIN) return false
    epochMs = reading.epochMs
    return true
  }
}

function readBest(clocks: Clocks, tries: number): Reading {
  let best = read(clocks)
  for (let tried = 1; tried < tries && best.errorNs > GOOD_NS; tried += 1) {
    const reading = read(clocks)
    if (reading.errorNs < best.errorNs) best = reading
  }
  return best
}

/** The machine's clock is read between two readings of the other, which bound the error. */
function read({ bootNs, wallNs }: Clocks): Reading {
  const before = bootNs()
  const wall = wallNs()
  const errorNs = (bootNs() - before) / 2
  const epochNs = wall - BigInt(Math.round(before + errorNs))
  const restNs = epochNs % 1_000_000n
  return { epochMs: Number((epochNs - restNs) / 1_000_000n) + Number(restNs) / 1e6, errorNs }
}
