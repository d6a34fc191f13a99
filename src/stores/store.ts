import type { z } from 'zod'
import type { Clock, LineWriter, Log, Stats } from '../base/index.ts'
import type { Artifact, ArtifactRecordDocument, Event } from '../outputs/index.ts'
import type { SentBatch } from './delivery/timed-sender.ts'

/**
 * What became of a batch. `again`: not stored now, may be later, after `afterMs` where the backend says so.
 * `refused`: will never be stored as it is. `why` is for logs: it never quotes what was to be stored.
 */
export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs?: number; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

export const DELIVERED: Delivery = { kind: 'delivered' }

/**
 * Where outputs of one kind go. What it takes is its own from then on: it queues, tries again and spools as
 * it needs, and counts what becomes of it.
 */
export interface Store<Item> {
  /** Never throws. */
  take(item: Item): void
  readonly stats: Readonly<Stats>
  /**
   * Delivers what it still holds, and is done within so many milliseconds; the rest stays in its spool, or is
   * counted as lost.
   */
  close(withinMs: number): Promise<void>
}

export type EventStore = Store<Event>
export type ObjectStore = Store<Artifact>

/** What a store may use of its surroundings. */
export interface StoreContext {
  /** Told of each batch that an event store sends; undefined where nobody asks. */
  readonly onBatch?: ((sent: SentBatch) => void) | undefined
  /** By which logs and counters tell it from others: its type and, where it has one, its id. */
  readonly name: string
  /** Folder for what cannot be delivered yet, of this store alone; undefined where nothing may be kept. */
  readonly spoolFolder: string | undefined
  /** Most bytes that it may keep there. */
  readonly spoolBytesMax: number
  /** Version of the agent. */
  readonly version: string
  readonly standardOutput: LineWriter
  /** True when a person reads it. */
  readonly stdoutIsTerminal?: boolean
  readonly clock: Clock
  readonly log: Log
}

export interface ObjectStoreContext extends StoreContext {
  /** To be called once an object can be read at its address, also for one that a former run has spooled. */
  readonly stored: (record: ArtifactRecordDocument) => void
}

/** A kind of event store: a literal of this shape, listed in `events/registry.ts`. */
export interface EventStoreType<Schema extends z.ZodType = z.ZodType> {
  /** The word in the configuration. */
  readonly type: string
  readonly options: Schema
  /**
   * Where what it takes goes, in words of its own: what was spooled for one place is never sent to another.
   * Without it there is no spool.
   */
  destination?(options: z.output<Schema>): string | undefined
  /** Throws an `OperatorError` for what the operator can mend. */
  open(options: z.output<Schema>, context: StoreContext): EventStore | Promise<EventStore>
}

/** A kind of object store: a literal of this shape, listed in `objects/registry.ts`. */
export interface ObjectStoreType<Schema extends z.ZodType = z.ZodType> {
  /** The word in the configuration. */
  readonly type: string
  readonly options: Schema
  /** The same as of event stores. */
  destination?(options: z.output<Schema>): string | undefined
  /** Throws an `OperatorError` for what the operator can mend. */
  open(options: z.output<Schema>, context: ObjectStoreContext): ObjectStore | Promise<ObjectStore>
}

/** Checks the literal's shape and keeps the type of its options. */
export function eventStore<Schema extends z.ZodType>(
  literal: EventStoreType<Schema>,
): EventStoreType<Schema> {
  return literal
}

/** Checks the literal's shape and keeps the type of its options. */
export function objectStore<Schema extends z.ZodType>(
  literal: ObjectStoreType<Schema>,
): ObjectStoreType<Schema> {
  return literal
}
