import { z } from 'zod'
import { type Components, isMapping, type NotBuilt, nearest, type Path, type Review } from '../base/index.ts'

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

/** Deleting a line, or a word of one, is all that this file takes when such a part is built. */
export const SERVICES_NOT_BUILT: readonly NotBuilt[] = [
  {
    path: 'services.event_stores[]',
    named: ['axiom', 'e2e', 'otel', 'pulse', 'pulse-legacy', 'pulse-streaming'],
  },
  { path: 'services.object_stores[]', named: ['e2e', 'otel', 'qpoint', 's3'] },
  { path: 'services.qscan' },
]

const StoreOptions = z.looseObject({
  type: z.string().describe('Which store.'),
  id: z.string().optional().describe('A name by which others choose this store.'),
})

const ObjectStoreOptions = StoreOptions.extend({
  event_store: z
    .object({
      id: z.string().default('').describe('Event store that receives the record of each stored object.'),
      disabled: z.boolean().default(false).describe('Send no records.'),
    })
    .prefault({}),
})

const ServicesOptions = z.object({
  event_stores: z.array(z.unknown()).default([]).describe('Where events go; the first is the default.'),
  object_stores: z
    .array(z.unknown())
    .default([])
    .describe('Where captured exchanges go; the first is the default.'),
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
  const eventIds = idsWritten(review.written)
  return {
    eventStores: services.event_stores.flatMap((store, index) => readEventStore(store, index)),
    objectStores: services.object_stores.flatMap((store, index) => readObjectStore(store, index)),
  }

  function readEventStore(value: unknown, index: number): EventStoreConfig[] {
    const store = review.read(StoreOptions, value, [...eventList, index])
    const options = readOwn('event store', kinds.eventStores, store, eventList, index)
    if (store === undefined || options === undefined) return []
    return [{ type: store.type, id: idOf(store.id, index, index), options }]
  }

  function readObjectStore(value: unknown, index: number): ObjectStoreConfig[] {
    const store = review.read(ObjectStoreOptions, value, [...objectList, index])
    const options = readOwn('object store', kinds.objectStores, store, objectList, index)
    if (store === undefined) return []
    const records = readRecords(store.event_store, index)
    if (options === undefined) return []
    const place = (services?.event_stores.length ?? 0) + index
    return [{ type: store.type, id: idOf(store.id, index, place), options, records }]
  }

  function readOwn(
    kind: string,
    components: Components,
    store: z.output<typeof StoreOptions> | undefined,
    list: Path,
    index: number,
  ): unknown {
    if (store === undefined) return undefined
    const component = review.component(kind, components, store.type, list, index)
    if (component === undefined) return undefined
    const own = Object.fromEntries(Object.entries(store).filter(([key]) => !SHARED_KEYS.includes(key)))
    return review.read(component.options, own, [...list, index])
  }

  function readRecords(
    eventStore: { readonly id: string; readonly disabled: boolean },
    index: number,
  ): ObjectStoreConfig['records'] {
    const { id, disabled } = eventStore
    if (disabled) return { kind: 'nowhere' }
    if (id !== '' && !eventIds.includes(id)) {
      const path = [...objectList, index, 'event_store', 'id']
      review.refuse(path, `there is no event store of id "${id}"`, nearest(id, eventIds))
    }
    return { kind: 'to', eventStore: id === '' ? undefined : id }
  }
}

/** Of all event stores of the file, also of those that are not built. */
function idsWritten(file: unknown): string[] {
  const services = isMapping(file) ? file['services'] : undefined
  const stores: unknown = isMapping(services) ? services['event_stores'] : undefined
  if (!Array.isArray(stores)) return []
  return stores.flatMap((store: unknown) => {
    const id = isMapping(store) ? store['id'] : undefined
    return typeof id === 'string' || typeof id === 'number' ? [String(id)] : []
  })
}

/**
 * Stores behind the first one get an id even if the file gives none: their place among all stores, from 0.
 */
function idOf(given: string | undefined, index: number, place: number): string | undefined {
  return given ?? (index === 0 ? undefined : `service-${place}`)
}
