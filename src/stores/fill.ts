import {
  type Clock,
  type LineWriter,
  type Log,
  releaseBytes,
  type Source,
  type Stats,
} from '../base/index.ts'
import { type Artifact, artifactRecordDocument, type Event, type Output } from '../outputs/index.ts'
import type { OpenedEventStore, OpenedObjectStore, OpenedStores } from './open.ts'
import type { Delivery, Store } from './store.ts'

export interface Filling {
  readonly stats: Readonly<Stats>
  /** False when the default event store keeps none: then events need not be made. */
  wantsEvents(): boolean
  /**
   * Outputs go to these stores from now on. Fulfilled once the former ones have finished what they were
   * given: the records of what they still store go the new way.
   */
  replace(stores: OpenedStores): Promise<void>
  /** Closes the object stores first, for what they still deliver leads to events. */
  close(): Promise<void>
}

/**
 * Takes each output to where it belongs: artifacts to their object store and, once stored, a record of them
 * to the event store; events to the default event store; console text to standard output.
 */
export function fillStores(
  outputs: Source<Output>,
  stores: OpenedStores,
  surroundings: { readonly standardOutput: LineWriter; readonly clock: Clock; readonly log: Log },
): Filling {
  const { standardOutput, clock, log } = surroundings
  const stats = { texts: 0, delivered: 0, refused: 0, givenUp: 0, unrouted: 0 }
  let serving = serve(stores)
  /** Stores whose last delivery failed: each failure is said once until it is over. */
  const failing = new Set<string>()
  outputs.listen(onOutput)
  return { stats, wantsEvents: () => serving.stores.wantsEvents, replace, close }

  function onOutput(output: Output): void {
    switch (output.kind) {
      case 'text':
        stats.texts += 1
        standardOutput.write(output.text)
        return
      case 'artifact':
        storeArtifact(output)
        return
      case 'artifact_record':
      case 'connection':
      case 'issue':
      case 'request':
        storeEvent(output, undefined)
        return
      default:
        output satisfies never
    }
  }

  function storeArtifact(artifact: Artifact): void {
    const target = serving.objects.get(artifact.objectStore)
    if (target === undefined) return unrouted('object store', artifact.objectStore)
    deliver(target, artifact, () => {
      recordStored(target, artifact)
      releaseBytes(artifact.data)
    })
  }

  function recordStored(target: OpenedObjectStore, artifact: Artifact): void {
    const { records } = target
    if (records.kind === 'nowhere') return
    const url = target.store.urlOf(artifact)
    if (url === undefined) return
    const document = artifactRecordDocument(artifact, url, clock.nowMs())
    storeEvent({ kind: 'artifact_record', document }, records.eventStore)
  }

  function storeEvent(event: Event, id: string | undefined): void {
    const target = serving.events.get(id)
    if (target === undefined) return unrouted('event store', id)
    deliver(target, event)
  }

  function deliver<Item>(
    target: { readonly type: string; readonly id: string | undefined; readonly store: Store<Item> },
    item: Item,
    onDelivered?: () => void,
  ): void {
    const delivery = target.store.deliver([item])
    if (delivery instanceof Promise) void delivery.then(settle)
    else settle(delivery)

    function settle(settled: Delivery): void {
      const name = target.id === undefined ? target.type : `${target.type} ${target.id}`
      if (settled.kind === 'delivered') {
        stats.delivered += 1
        if (failing.size > 0) failing.delete(name)
        onDelivered?.()
        return
      }
      // Stores that are worth trying again stand behind a retrying one; what it hands on, it has given up.
      if (settled.kind === 'refused') stats.refused += 1
      else stats.givenUp += 1
      if (!failing.has(name)) log.warn('a store does not take outputs', { store: name, why: settled.why })
      failing.add(name)
    }
  }

  function unrouted(kind: string, id: string | undefined): void {
    stats.unrouted += 1
    const name = `${kind} ${id}`
    if (!failing.has(name)) log.warn('a plugin or store names a store that does not exist', { kind, id })
    failing.add(name)
  }

  async function replace(next: OpenedStores): Promise<void> {
    const former = serving.stores
    serving = serve(next)
    await closeAll(former)
  }

  function close(): Promise<void> {
    return closeAll(serving.stores)
  }
}

/** The stores that outputs go to, found by what plugins and stores call them. */
function serve(stores: OpenedStores) {
  return { stores, events: byId(stores.events), objects: byId(stores.objects) }
}

async function closeAll({ objects, events }: OpenedStores): Promise<void> {
  await Promise.allSettled(objects.map(({ store }) => store.close()))
  await Promise.allSettled(events.map(({ store }) => store.close()))
}

/** Of two entries with one id the later counts; undefined leads to the first of all. */
function byId<Opened extends OpenedEventStore | OpenedObjectStore>(
  opened: readonly Opened[],
): Map<string | undefined, Opened> {
  const known = new Map<string | undefined, Opened>()
  for (const one of opened) known.set(one.id, one)
  const [first] = opened
  if (first !== undefined) known.set(undefined, first)
  return known
}
