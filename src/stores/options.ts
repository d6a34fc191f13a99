import { z } from 'zod'
import { type Components, isMapping, nearest, type Path, type Review } from '../base/index.ts'
import { EVENT_STORES_NOT_BUILT, OBJECT_STORES_NOT_BUILT, QscanOptions } from './not-built.ts'

/** One event store as the operator wants it; `options` is what the store's own schema made of the file. */
export interface EventStoreConfig {
  readonly type: string
  /**
   * What others call it by; undefined for a store in first place, which is the default one, without an id.
   */
  readonly id: string | undefined
  readonly options: unknown
}

export interface ObjectStoreConfig extends EventStoreConfig {
  /**
   * Who receives the record of each stored object: an id, undefined for the default event store, or nobody.
   */
  readonly records:
    | { readonly kind: 'to'; readonly eventStore: string | undefined }
    | { readonly kind: 'nowhere' }
}

/** The first store of each kind is the default one. */
export interface Services {
  readonly eventStores: readonly EventStoreConfig[]
  readonly objectStores: readonly ObjectStoreConfig[]
}

export const StoreOptions = z.looseObject({
  type: z.string().describe('Which store.'),
  id: z.string().optional().describe('A name by which others choose this store.'),
})

export const ObjectStoreOptions = StoreOptions.extend({
  event_store: z
    .object({
      id: z.string().default('').describe('Event store that receives the record of each stored object.'),
      disabled: z.boolean().default(false).describe('Send no records.'),
    })
    .prefault({})
    .describe('Where the record of each stored object goes; the first event store when not given.'),
})

export const ServicesOptions = z.object({
  event_stores: z.array(z.unknown()).default([]).describe('Where events go; the first is the default.'),
  object_stores: z
    .array(z.unknown())
    .default([])
    .describe('Where captured exchanges go; the first is the default.'),
  qscan: z.unknown().optional(),
})

/** Keys every store has; the others are its own. */
const SHARED_KEYS = ['type', 'id', 'event_store']

/**
 * Reads the `services` section with the stores' own schemas. Stores with a mistake are left out; the review
 * holds it. Each store is read by itself, so that a mistake in one hides none in another.
 */
export function readServices(
  value: unknown,
  kinds: { readonly eventStores: Components; readonly objectStores: Components },
  review: Review,
): Services {
  const services = review.read(ServicesOptions.prefault({}), value, ['services'])
  if (services === undefined) return { eventStores: [], objectStores: [] }
  const eventList: Path = ['services', 'event_stores']
  const objectList: Path = ['services', 'object_stores']
  const eventIds = idsOf(services.event_stores, 0)
  if (services.qscan !== undefined) {
    review.check(QscanOptions, services.qscan, ['services', 'qscan'])
    review.ignore(services.qscan, ['services', 'qscan'])
  }
  return {
    eventStores: services.event_stores.flatMap((store, index) => readEventStore(store, index)),
    objectStores: services.object_stores.flatMap((store, index) => readObjectStore(store, index)),
  }

  function readEventStore(value: unknown, index: number): EventStoreConfig[] {
    const path = [...eventList, index]
    const store = review.read(StoreOptions, value, path)
    if (store === undefined) return []
    tellSameId('event store', services?.event_stores ?? [], index, path)
    const own = readOwn('event store', kinds.eventStores, EVENT_STORES_NOT_BUILT, store, path)
    return own === undefined ? [] : [{ ...own, id: idOf(store.id, index, index) }]
  }

  function readObjectStore(value: unknown, index: number): ObjectStoreConfig[] {
    const path = [...objectList, index]
    const store = review.read(ObjectStoreOptions, value, path)
    if (store === undefined) return []
    tellSameId('object store', services?.object_stores ?? [], index, path)
    const records = readRecords(store.event_store, path)
    const own = readOwn('object store', kinds.objectStores, OBJECT_STORES_NOT_BUILT, store, path)
    if (own === undefined) return []
    const place = (services?.event_stores.length ?? 0) + index
    return [{ ...own, id: idOf(store.id, index, place), records }]
  }

  function readOwn(
    kind: string,
    built: Components,
    notBuilt: Components,
    store: z.output<typeof StoreOptions>,
    path: Path,
  ): Pick<EventStoreConfig, 'type' | 'options'> | undefined {
    const { type } = store
    const own = Object.fromEntries(Object.entries(store).filter(([key]) => !SHARED_KEYS.includes(key)))
    const component = Object.values(built).find((one) => one.type === type)
    if (component !== undefined) {
      const options = review.read(component.options, own, path)
      return options === undefined ? undefined : { type, options }
    }
    const later = Object.hasOwn(notBuilt, type) ? notBuilt[type] : undefined
    if (later === undefined) {
      const types = [...Object.values(built), ...Object.values(notBuilt)].map((one) => one.type)
      const suggestion = nearest(type, types)
      const choice = suggestion === undefined ? `, expected one of ${types.join(', ')}` : ''
      review.refuse([...path, 'type'], { message: `there is no ${kind} "${type}"${choice}`, suggestion })
      return undefined
    }
    review.check(later.options, own, path)
    review.ignore(store, path, type)
    // It keeps its place, so that nothing goes to a store that nobody chose for it.
    return { type: 'disabled', options: {} }
  }

  function tellSameId(kind: string, stores: readonly unknown[], index: number, path: Path): void {
    const ids = stores.map(givenId)
    const id = ids[index]
    if (id !== undefined && ids.indexOf(id) < index)
      review.advise([...path, 'id'], `another ${kind} has the id "${id}" too: this one replaces it`)
  }

  function readRecords(
    eventStore: { readonly id: string; readonly disabled: boolean },
    path: Path,
  ): ObjectStoreConfig['records'] {
    const { id, disabled } = eventStore
    if (disabled) return { kind: 'nowhere' }
    if (id === '') return { kind: 'to', eventStore: undefined }
    if (eventIds.includes(id)) return { kind: 'to', eventStore: id }
    review.warn([...path, 'event_store', 'id'], {
      message: `there is no event store of id "${id}"`,
      suggestion: nearest(id, eventIds),
    })
    return { kind: 'nowhere' }
  }
}

/** Ids of all object stores of the `services` section, also of those that are not built. */
export function objectStoreIds(services: unknown): readonly string[] {
  const { event_stores: events, object_stores: objects } = isMapping(services) ? services : {}
  return Array.isArray(objects) ? idsOf(objects, Array.isArray(events) ? events.length : 0) : []
}

/** `before`: how many stores stand before these in the order by which stores without an id are named. */
function idsOf(stores: readonly unknown[], before: number): string[] {
  return stores.flatMap((store, index) => idOf(givenId(store), index, before + index) ?? [])
}

function givenId(store: unknown): string | undefined {
  const id = isMapping(store) ? store['id'] : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/**
 * Stores behind the first one get an id even if the file gives none: their place among all stores, from 0.
 */
function idOf(given: string | undefined, index: number, place: number): string | undefined {
  return given ?? (index === 0 ? undefined : `service-${place}`)
}
