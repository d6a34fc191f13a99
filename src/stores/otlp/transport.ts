import type { Clock, LineWriter } from '../../base/index.ts'
import type { Outcome } from '../delivery/parcel.ts'

/** One protocol's way to one endpoint. */
export interface Transport {
  /**
   * Sends a request with so many parcels, and takes it over: it may be empty afterwards. Never rejects; gives
   * up after the time-out.
   */
  send(request: Uint8Array, count: number): Promise<Outcome>
  /** What is under way ends as not answered. */
  close(): void
}

/** What a sender may use of its surroundings. */
export interface OtlpSurroundings {
  /** Version of the agent. */
  readonly version: string
  readonly standardOutput: LineWriter
  readonly clock: Clock
  /** True when standard output is read by a person. */
  readonly stdoutIsTerminal?: boolean
}

/** More of an answer is not read: a status, a count and a sentence. */
export const ANSWER_BYTES_MAX = 64 << 10
