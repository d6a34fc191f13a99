import type { Clock, Log, Stats } from '../../base/index.ts'
import type { Delivery } from '../store.ts'

/** One output, encoded once: what is sent, and what is to be known once it is delivered. */
export interface Parcel {
  readonly bytes: Uint8Array
  /** Handed back when it is delivered, also by a later run of the agent; empty for none. */
  readonly receipt: Uint8Array
}

/**
 * What became of a batch: all of it one thing, or all but some delivered, which the backend will never take
 * and does not name.
 */
export type Outcome = Delivery | { readonly kind: 'partly'; readonly refused: number; readonly why: string }

/** The way to one backend. */
export interface Sender {
  /** Never rejects. Gives up by itself after its own time-out. */
  send(parcels: readonly Parcel[]): Promise<Outcome>
  close(): Promise<void>
}

export interface DeliveryLimits {
  /** Of one batch: of the bytes of its parcels, and of their number. A single larger parcel goes alone. */
  readonly batchBytesMax: number
  readonly batchCountMax: number
  /** How long the first parcel of a batch waits for others. */
  readonly batchWaitMs: number
  /** Batches that are under way at once. */
  readonly inFlightMax: number
  /** Held in memory; beyond, parcels go to the spool, or the oldest are dropped where there is none. */
  readonly queueBytesMax: number
  readonly queueCountMax: number
  /** Kept on disk; beyond, the oldest are dropped. */
  readonly spoolBytesMax: number
}

export interface DeliveryOptions {
  readonly name: string
  readonly sender: Sender
  readonly limits: DeliveryLimits
  readonly spoolFolder: string | undefined
  /** Called for each parcel that is delivered and has a receipt. */
  readonly onDelivered?: (receipt: Uint8Array) => void
  readonly clock: Clock
  readonly log: Log
}

/** Queue, batches, retries and spool of one store. */
export interface ReliableDelivery {
  /** Takes it over; never throws, never waits. */
  add(bytes: Uint8Array, receipt?: Uint8Array): void
  readonly stats: Readonly<Stats>
  /** Delivers, and is done within so many milliseconds; what is left then stays in the spool. */
  close(withinMs: number): Promise<void>
}
