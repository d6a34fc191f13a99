import type { Connection } from './connection.ts'

/** A connection as it is now: told 0.5 s after it opened, every 10 s, and when it is over. */
export interface ConnectionReport {
  readonly connection: Connection
  /** Nanoseconds since boot. */
  readonly at: number
  /** How many reports of this connection came before. */
  readonly part: number
  /**
   * True once the socket is closed, or the look-up answered. A connection that the agent lets go of gets a
   * last report too, which is not `finalized`: it goes on, for all that is known.
   */
  readonly finalized: boolean
}

/** A connection's place among those whose next report is due in a while. */
export interface Reporting {
  readonly connection: Connection
  dueAt: number
  part: number
  /** The first report is to come. */
  isFirst: boolean
  older: Reporting | undefined
  newer: Reporting | undefined
}
