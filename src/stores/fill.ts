import { setTimeout as passed } from 'node:timers/promises'
import type { Clock, LineWriter, Log, Source, Stats } from '../base/index.ts'
import type { Artifact, ArtifactRecordDocument, Event, Output } from '../outputs/index.ts'
import { byId, type OpenedObjectStore, type OpenedStores } from './open.ts'
import type { Store } from './store.ts'

export interface Filling {
  readonly stats: Readonly<Stats>
  /** What each store counts, by its name. */
  storeStats(): Readonly<Record<string, Readonly<Stats>>>
  /** False when the default event store keeps none: then events need not be made. */
  wantsEvents(): boolean
  /** What outputs go to now. */
  stores(): OpenedStores
  /**
   * Outputs go to these stores from now on. Fulfilled once the former ones, but those that stay, have
   * finished what they were given: the records of what they still store go the new way.
   */
  replace(stores: OpenedStores): Promise<void>
  /** Closes the object stores first, for what they still deliver leads to events; within 5 s in any case. */
  close(withinMs: number): Promise<void>
}

/**
 * Takes each output to where it belongs: artifacts to their object store, and the record of each that is
 * stored to the event store that is meant for it; events to the default event store; console text to standard
 * output.
 */
export function fillStores(
  outputs: Source<Output>,
  stores: OpenedStores,
  surroundings: { readonly standardOutput: LineWriter; readonly clock: Clock; readonly log: Log },
): Filling {
  const { standardOutput, clock, log } = surroundings
  const stats = { texts: 0, events: 0, objects: 0, records: 0, unrouted: 0, failed: 0 }
  let serving = serve(stores)
  /** What went wrong is said once, however often it happens. */
  const said = new Set<string>()
  outputs.listen(onOutput)
  return { stats, storeStats, wantsEvents, stores: () => serving.stores, replace, close }

  function onOutput(output: Output): void {
    switch (output.kind) {
      case 'text':
        stats.texts += 1
        standardOutput.write(output.text)
        return
      case 'artifact':
        return takeArtifact(output)
      case 'artifact_record':
      case 'connection':
      case 'issue':
      case 'request':
        return takeEvent(output, undefined)
      default:
        output satisfies never
    }
  }

  function takeArtifact(artifact: Artifact): void {
    const target = serving.objects.get(artifact.objectStore)
    if (target === undefined) return unrouted('object store', artifact.objectStore)
    stats.objects += 1
    give(target, artifact)
  }

  function takeEvent(event: Event, id: string | undefined): void {
    const target = serving.events.get(id)
    if (target === undefined) return unrouted('event store', id)
    stats.events += 1
    give(target, event)
  }

  function give<Item>(
    { name, store }: { readonly name: string; readonly store: Store<Item> },
    item: Item,
  ): void {
    try {
      store.take(item)
    } catch (error) {
      // Stores do not throw: this is a mistake of ours, which must not cost more than this output.
      stats.failed += 1
      sayOnce(name, 'a store failed to take an output', {
        store: name,
        error: error instanceof Error ? error.name : 'unknown',
      })
    }
  }

  function onStored({ records }: OpenedObjectStore, document: ArtifactRecordDocument): void {
    if (records.kind === 'nowhere') return
    stats.records += 1
    takeEvent({ kind: 'artifact_record', document }, records.eventStore)
  }

  function unrouted(kind: string, id: string | undefined): void {
    stats.unrouted += 1
    sayOnce(`${kind} ${id}`, 'a plugin or store names a store that does not exist', { kind, id })
  }

  function sayOnce(what: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (said.has(what)) return
    said.add(what)
    log.warn(message, fields)
  }

  /** The stores that outputs go to, found by what plugins and stores call them. */
  function serve(next: OpenedStores) {
    for (const one of next.objects) one.link.onStored = (document) => onStored(one, document)
    return { stores: next, events: byId(next.events), objects: byId(next.objects) }
  }

  function storeStats(): Record<string, Readonly<Stats>> {
    const { events, objects } = serving.stores
    return Object.fromEntries([...events, ...objects].map(({ name, store }) => [name, store.stats]))
  }

  function wantsEvents(): boolean {
    return serving.stores.wantsEvents
  }

  async function replace(next: OpenedStores): Promise<void> {
    const former = serving.stores
    serving = serve(next)
    await closeAll(former, next, clock, CLOSE_MS_MAX)
  }

  function close(withinMs: number): Promise<void> {
    return closeAll(serving.stores, undefined, clock, Math.min(withinMs, CLOSE_MS_MAX))
  }
}

const CLOSE_MS_MAX = 5_000

/** What object stores still deliver leads to events: they are closed first, and have half of the time. */
async function closeAll(
  { objects, events }: OpenedStores,
  next: OpenedStores | undefined,
  clock: Clock,
  withinMs: number,
): Promise<void> {
  const kept = new Set<object>(next === undefined ? [] : [...next.events, ...next.objects].map(storeOf))
  const endsMs = clock.elapsedMs() + withinMs
  const objectsMs = events.every((one) => kept.has(one.store)) ? withinMs : withinMs / 2
  await Promise.race([closing(objects, objectsMs), passed(objectsMs, undefined, { ref: false })])
  await closing(events, Math.max(0, endsMs - clock.elapsedMs()))

  function closing(opened: readonly { readonly store: Store<never> }[], ms: number): Promise<unknown> {
    return Promise.allSettled(
      opened.filter((one) => !kept.has(one.store)).map(({ store }) => store.close(ms)),
    )
  }
}

function storeOf({ store }: { readonly store: object }): object {
  return store
}
