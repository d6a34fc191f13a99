import { type Batch, halvesOf } from './batch.ts'

/** Of one refused batch: enough to find two bad parcels among a thousand, or some more among fewer. */
const EXTRA_SENDS_MAX = 48
/** So many while the backend has refused all of the last one, too: it may be that it takes nothing. */
const EXTRA_SENDS_MIN = 2

/** The refused batch that parts are of. */
export interface Origin {
  /** Parts that are under way, or wait for it. */
  outstanding: number
  extraSends: number
  hasDelivered: boolean
  parked: Batch[]
}

export interface Refusals {
  /** To be called for a batch that is refused: it is sent by halves, or dropped. */
  refused(batch: Batch): void
  /** To be called for a batch that the backend has taken. */
  taken(batch: Batch): void
}

interface RefusalsOptions {
  readonly sendLater: (batch: Batch) => void
  /** It is not to be sent as it is. */
  readonly takeBack: (batch: Batch) => void
  readonly drop: (batch: Batch) => void
}

/**
 * A batch that is refused for one bad parcel is sent again by halves, until the bad one is alone. Where a
 * backend refuses everything this would multiply what is sent; so after a batch of which nothing was taken,
 * the next is cut once only, and its parts wait until the backend takes anything of it.
 */
export function createRefusals({ sendLater, takeBack, drop }: RefusalsOptions): Refusals {
  let takesSome = true
  return { refused, taken }

  function refused(batch: Batch): void {
    batch.origin ??= { outstanding: 1, extraSends: 0, hasDelivered: false, parked: [] }
    const { origin } = batch
    if (batch.parcels.length > 1 && mayCut(origin)) return cut(batch, origin)
    origin.outstanding -= 1
    if (batch.parcels.length > 1 && !origin.hasDelivered && origin.outstanding > 0) park(batch, origin)
    else drop(batch)
    conclude(origin)
  }

  function mayCut(origin: Origin): boolean {
    return origin.extraSends + 2 <= (takesSome ? EXTRA_SENDS_MAX : EXTRA_SENDS_MIN)
  }

  function cut(batch: Batch, origin: Origin): void {
    origin.extraSends += 2
    origin.outstanding += 1
    for (const half of halvesOf(batch)) sendLater(half)
  }

  function park(batch: Batch, origin: Origin): void {
    batch.isParked = true
    origin.parked.push(batch)
    sendLater(batch)
  }

  function taken({ origin }: Batch): void {
    takesSome = true
    if (origin === undefined) return
    origin.outstanding -= 1
    origin.hasDelivered = true
    judgeParked(origin)
    conclude(origin)
  }

  function judgeParked(origin: Origin): void {
    for (const batch of origin.parked.splice(0)) {
      batch.isParked = false
      takeBack(batch)
      origin.outstanding += 1
      refused(batch)
    }
  }

  function conclude(origin: Origin): void {
    if (origin.outstanding > 0) return
    if (!origin.hasDelivered && origin.parked.length === 0) takesSome = false
    judgeParked(origin)
  }
}
