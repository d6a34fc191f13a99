import { disabled as disabledEvents } from './events/disabled/index.ts'
import { disabled as disabledObjects } from './objects/disabled/index.ts'
import type {
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'

/** An event store as the configuration asks for it: `options` is what its schema made of the file. */
export interface EventStoreSetting {
  readonly id: string | undefined
  readonly store: EventStoreType
  readonly options: unknown
}

export interface ObjectStoreSetting {
  readonly id: string | undefined
  readonly store: ObjectStoreType
  readonly options: unknown
  /** Which event store is told of its objects: an `id`, `default`, or none. */
  readonly records: Records
}

export type Records =
  | { readonly kind: 'default' }
  | { readonly kind: 'named'; readonly id: string }
  | { readonly kind: 'none' }

export interface OpenedEventStore {
  readonly id: string | undefined
  readonly type: string
  readonly store: EventStore
}

export interface OpenedObjectStore {
  readonly id: string | undefined
  readonly type: string
  readonly store: ObjectStore
  readonly records: Records
}

/** The first of each list is the default one. Neither list is empty. */
export interface OpenedStores {
  readonly events: readonly OpenedEventStore[]
  readonly objects: readonly OpenedObjectStore[]
}

/** Opens all stores or, when one cannot be opened, closes the others again and throws what that one threw. */
export async function openStores(
  settings: {
    readonly events: readonly EventStoreSetting[]
    readonly objects: readonly ObjectStoreSetting[]
  },
  context: StoreContext,
): Promise<OpenedStores> {
  const opened: Store<never>[] = []
  const events: OpenedEventStore[] = []
  const objects: OpenedObjectStore[] = []
  try {
    for (const { id, store: kind, options } of settings.events) {
      const store = await kind.open(options, context)
      opened.push(store)
      events.push({ id, type: kind.type, store })
    }
    for (const { id, store: kind, options, records } of settings.objects) {
      const store = await kind.open(options, context)
      opened.push(store)
      objects.push({ id, type: kind.type, store, records })
    }
  } catch (error) {
    await Promise.allSettled(opened.map((store) => store.close()))
    throw error
  }
  if (events.length === 0) {
    events.push({ id: undefined, type: 'disabled', store: await disabledEvents.open({}, context) })
  }
  if (objects.length === 0) {
    const store = await disabledObjects.open({}, context)
    objects.push({ id: undefined, type: 'disabled', store, records: { kind: 'none' } })
  }
  return { events, objects }
}
