import { isDeepStrictEqual } from 'node:util'
import { type Clock, invariant, type LineWriter, type Log } from '../base/index.ts'
import type { ArtifactRecordDocument } from '../outputs/index.ts'
import { EVENT_STORES } from './events/registry.ts'
import { OBJECT_STORES } from './objects/registry.ts'
import type { EventStoreConfig, ObjectStoreConfig, Services } from './options.ts'
import { spoolFolderFor, tellOfLeftovers } from './spool-folder.ts'
import type {
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'

/** Most bytes on disk of what could not be delivered, of all stores together. */
export const SPOOL_BYTES_MAX = 2 ** 30

interface Opened {
  readonly type: string
  readonly id: string | undefined
  /** What logs and counters call it: no two stores that are open have the same. */
  readonly name: string
  readonly options: unknown
  readonly spoolFolder: string | undefined
  readonly store: Pick<Store<never>, 'close' | 'stats'>
}

export interface OpenedEventStore extends Opened {
  readonly store: EventStore
}

export interface OpenedObjectStore extends Opened {
  readonly store: ObjectStore
  readonly records: ObjectStoreConfig['records']
  /** Where records of what it has stored go; whoever serves the store sets it. */
  readonly link: RecordLink
}

export interface RecordLink {
  onStored: (record: ArtifactRecordDocument) => void
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

/** What the stores of a pipeline have in common. */
export interface StoreSurroundings extends Pick<StoreContext, 'onBatch' | 'stdoutIsTerminal'> {
  /** Where what cannot be delivered yet is kept; undefined to keep nothing. */
  readonly dataDir: string | undefined
  /** Version of the agent. */
  readonly version: string
  readonly standardOutput: LineWriter
  readonly clock: Clock
  readonly log: Log
}

const BUILT_IN: StoreTypes = { eventStores: EVENT_STORES, objectStores: OBJECT_STORES }
/** A store that was opened in vain has taken nothing. */
const UNUSED_MS_MAX = 1_000
const NO_EVENT_STORE: EventStoreConfig = { type: 'disabled', id: undefined, options: {} }
const NO_OBJECT_STORE: ObjectStoreConfig = { ...NO_EVENT_STORE, records: { kind: 'nowhere' } }
const NOTHING_OPEN: OpenedStores = { events: [], objects: [], wantsEvents: false }

/**
 * Opens all stores or, when one cannot be opened, closes the others again and throws what that one threw.
 * An empty list stands for one store of type `disabled`. A store of `former` that is wanted again just as it
 * is stays open: what it holds need not be hurried out.
 */
export async function openStores(
  services: Services,
  surroundings: StoreSurroundings,
  types: StoreTypes = BUILT_IN,
  former: OpenedStores = NOTHING_OPEN,
): Promise<OpenedStores> {
  const wantedEvents = wanted('events', services.eventStores, NO_EVENT_STORE, types.eventStores)
  const wantedObjects = wanted('objects', services.objectStores, NO_OBJECT_STORE, types.objectStores)
  const keptEvents = kept(wantedEvents, former.events)
  const keptObjects = kept(wantedObjects, former.objects)
  const all = [...wantedEvents, ...wantedObjects]
  const { contextOf, folders } = contexts(all, [...keptEvents, ...keptObjects], surroundings)
  const fresh: Opened[] = []
  const events: OpenedEventStore[] = []
  const objects: OpenedObjectStore[] = []
  try {
    for (const [index, one] of wantedEvents.entries()) {
      const before = keptEvents[index]
      if (before !== undefined) {
        events.push(before)
        continue
      }
      const context = contextOf(one)
      const opened = describe(one, context, await one.kind.open(one.config.options, context))
      fresh.push(opened)
      events.push(opened)
    }
    for (const [index, one] of wantedObjects.entries()) {
      const { records } = one.config
      const before = keptObjects[index]
      if (before !== undefined) {
        objects.push({ ...before, records })
        continue
      }
      const link: RecordLink = { onStored: (document) => routeEarly(document, records, events) }
      const stored = (document: ArtifactRecordDocument) => link.onStored(document)
      const context = { ...contextOf(one), stored }
      const opened = describe(one, context, await one.kind.open(one.config.options, context))
      fresh.push(opened)
      objects.push({ ...opened, records, link })
    }
  } catch (error) {
    await Promise.allSettled(fresh.map(({ store }) => store.close(UNUSED_MS_MAX)))
    throw error
  }
  if (surroundings.dataDir !== undefined) tellOfLeftovers(surroundings.dataDir, folders, surroundings.log)
  return { events, objects, wantsEvents: events[0]?.type !== NO_EVENT_STORE.type }
}

/** Of two entries with one id the later counts; undefined leads to the first of all. */
export function byId<One extends Opened>(opened: readonly One[]): Map<string | undefined, One> {
  const known = new Map<string | undefined, One>()
  for (const one of opened) known.set(one.id, one)
  const [first] = opened
  if (first !== undefined) known.set(undefined, first)
  return known
}

interface Wanted<Config, Kind> {
  readonly config: Config
  readonly kind: Kind
  readonly list: 'events' | 'objects'
  readonly name: string
}

function wanted<Config extends EventStoreConfig, Kind>(
  list: 'events' | 'objects',
  configs: readonly Config[],
  none: Config,
  types: Readonly<Record<string, Kind>>,
): readonly Wanted<Config, Kind>[] {
  const names = new Set<string>()
  return (configs.length === 0 ? [none] : configs).map((config) => {
    const kind = types[config.type]
    invariant(kind !== undefined, 'a configuration that was read names only known stores')
    const plain = [list, config.type, config.id].filter((part) => part !== undefined).join('/')
    let name = plain
    for (let count = 2; names.has(name); count += 1) name = `${plain}#${count}`
    names.add(name)
    return { config, kind, list, name }
  })
}

/** Which open store each wanted one can go on with; undefined for one that is to be opened. */
function kept<One extends Opened>(
  all: readonly Wanted<EventStoreConfig, unknown>[],
  former: readonly One[],
): readonly (One | undefined)[] {
  const left = [...former]
  return all.map(({ config: { type, id, options } }) => {
    const index = left.findIndex(
      (one) => one.type === type && one.id === id && isDeepStrictEqual(one.options, options),
    )
    return index < 0 ? undefined : left.splice(index, 1)[0]
  })
}

/** Gives each store its part of what all have in common. */
function contexts(
  all: readonly Wanted<EventStoreConfig, Pick<EventStoreType, 'destination'>>[],
  keptStores: readonly (Opened | undefined)[],
  { dataDir, ...shared }: StoreSurroundings,
) {
  const spools = all.filter(({ kind }) => kind.destination !== undefined).length
  const spoolBytesMax = Math.floor(SPOOL_BYTES_MAX / Math.max(1, spools))
  const folders = new Set(keptStores.map((one) => one?.spoolFolder))
  return { contextOf, folders }

  function contextOf({ list, config, kind, name }: (typeof all)[number]): StoreContext {
    const destination = kind.destination?.(config.options)
    const isSpooled = dataDir !== undefined && destination !== undefined
    const spoolFolder = isSpooled
      ? spoolFolderFor(dataDir, `${list}/${config.type}`, destination, folders)
      : undefined
    folders.add(spoolFolder)
    return { ...shared, name, spoolFolder, spoolBytesMax }
  }
}

function describe<Item>(
  { config: { type, id, options } }: Wanted<EventStoreConfig, unknown>,
  { name, spoolFolder }: Pick<StoreContext, 'name' | 'spoolFolder'>,
  store: Store<Item>,
) {
  return { type, id, options, name, spoolFolder, store }
}

/** What a former run has spooled may be stored before anybody serves the stores. */
function routeEarly(
  document: ArtifactRecordDocument,
  records: ObjectStoreConfig['records'],
  events: readonly OpenedEventStore[],
): void {
  if (records.kind === 'nowhere') return
  byId(events).get(records.eventStore)?.store.take({ kind: 'artifact_record', document })
}
