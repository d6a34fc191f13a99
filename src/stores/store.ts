import type { z } from 'zod'
import type { Clock, LineWriter, Log } from '../base/index.ts'
import type { Artifact, Event } from '../outputs/index.ts'

/**
 * What became of a batch. `again`: not stored now, may be later, after `afterMs` where the backend says so.
 * `refused`: will never be stored as it is. `why` is for logs: it never quotes what was to be stored.
 */
export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs?: number; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

export const DELIVERED: Delivery = { kind: 'delivered' }

export interface Store<Item> {
  /** Answers at once where nothing has to be waited for. Never throws or rejects: failures are deliveries. */
  deliver(batch: readonly Item[]): Delivery | Promise<Delivery>
  close(): Promise<void>
}

export type EventStore = Store<Event>

export interface ObjectStore extends Store<Artifact> {
  /** Address of an object that was delivered. Undefined where it has none: then no record is sent. */
  urlOf(artifact: Artifact): string | undefined
}

/** What a store may use of its surroundings. */
export interface StoreContext {
  readonly standardOutput: LineWriter
  readonly clock: Clock
  readonly log: Log
}

/** A kind of event store: a literal of this shape, listed in `events/registry.ts`. */
export interface EventStoreType<Schema extends z.ZodType = z.ZodType> {
  /** The word in the configuration. */
  readonly type: string
  readonly options: Schema
  /** Throws an `OperatorError` for what the operator can mend. */
  open(options: z.output<Schema>, context: StoreContext): EventStore | Promise<EventStore>
}

/** A kind of object store: a literal of this shape, listed in `objects/registry.ts`. */
export interface ObjectStoreType<Schema extends z.ZodType = z.ZodType> {
  /** The word in the configuration. */
  readonly type: string
  readonly options: Schema
  /** Throws an `OperatorError` for what the operator can mend. */
  open(options: z.output<Schema>, context: StoreContext): ObjectStore | Promise<ObjectStore>
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
