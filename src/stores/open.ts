import { invariant } from '../base/index.ts'
import { EVENT_STORES } from './events/registry.ts'
import { OBJECT_STORES } from './objects/registry.ts'
import type { EventStoreConfig, ObjectStoreConfig, Services } from './options.ts'
import type {
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'

export interface OpenedEventStore {
  readonly type: string
  readonly id: string | undefined
  readonly store: EventStore
}

export interface OpenedObjectStore {
  readonly type: string
  readonly id: string | undefined
  readonly store: ObjectStore
  readonly records: ObjectStoreConfig['records']
}

/** The first of each list is the default one. Neither list is empty. */
export interface OpenedStores {
  readonly events: readonly OpenedEventStore[]
  readonly objects: readonly OpenedObjectStore[]
  /** False when the default event store keeps none: then events need not be made. */
  readonly wantsEvents: boolean
}

/** The kinds of stores a configuration may name. */
export interface StoreTypes {
  readonly eventStores: Readonly<Record<string, EventStoreType>>
  readonly objectStores: Readonly<Record<string, ObjectStoreType>>
}

const BUILT_IN: StoreTypes = { eventStores: EVENT_STORES, objectStores: OBJECT_STORES }
const NO_EVENT_STORE: EventStoreConfig = { type: 'disabled', id: undefined, options: {} }
const NO_OBJECT_STORE: ObjectStoreConfig = { ...NO_EVENT_STORE, records: { kind: 'nowhere' } }

/**
 * Opens all stores or, when one cannot be opened, closes the others again and throws what that one threw.
 * An empty list stands for one store of type `disabled`.
 */
export async function openStores(
  services: Services,
  context: StoreContext,
  types: StoreTypes = BUILT_IN,
): Promise<OpenedStores> {
  const opened: Store<never>[] = []
  const events: OpenedEventStore[] = []
  const objects: OpenedObjectStore[] = []
  try {
    for (const { type, id, options } of orElse(services.eventStores, NO_EVENT_STORE)) {
      const kind = types.eventStores[type]
      invariant(kind !== undefined, 'a configuration that was read names only known event stores')
      const store = await kind.open(options, context)
      opened.push(store)
      events.push({ type, id, store })
    }
    for (const { type, id, options, records } of orElse(services.objectStores, NO_OBJECT_STORE)) {
      const kind = types.objectStores[type]
      invariant(kind !== undefined, 'a configuration that was read names only known object stores')
      const store = await kind.open(options, context)
      opened.push(store)
      objects.push({ type, id, store, records })
    }
  } catch (error) {
    await Promise.allSettled(opened.map((store) => store.close()))
    throw error
  }
  return { events, objects, wantsEvents: events[0]?.type !== NO_EVENT_STORE.type }
}

function orElse<Config>(configs: readonly Config[], none: Config): readonly Config[] {
  return configs.length === 0 ? [none] : configs
}
