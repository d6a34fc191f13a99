import {
  type Clock,
  type LineWriter,
  type Log,
  releaseBytes,
  type Source,
  type Stats,
} from '../base/index.ts'
import type { Artifact, ArtifactRecord, Event, Output } from '../outputs/index.ts'
import type { OpenedEventStore, OpenedObjectStore, OpenedStores } from './open.ts'
import type { Delivery, Store } from './store.ts'

export interface Filling {
  readonly stats: Readonly<Stats>
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
  const events = byId(stores.events)
  const objects = byId(stores.objects)
  /** Stores whose last delivery failed: each failure is said once until it is over. */
  const failing = new Set<string>()
  outputs.listen(onOutput)
  return { stats, close }

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
        storeEvent(output, undefined)
        return
      default:
        output satisfies never
    }
  }

  function storeArtifact(artifact: Artifact): void {
    const target = objects.get(artifact.objectStore)
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
    storeEvent(recordOf(artifact, url, clock.nowMs()), records.eventStore)
  }

  function storeEvent(event: Event, id: string | undefined): void {
    const target = events.get(id)
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

  async function close(): Promise<void> {
    await Promise.allSettled(stores.objects.map(({ store }) => store.close()))
    await Promise.allSettled(stores.events.map(({ store }) => store.close()))
  }
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

function recordOf(artifact: Artifact, url: string, timestampMs: number): ArtifactRecord {
  return {
    kind: 'artifact_record',
    connectionId: artifact.connection.id,
    endpointId: artifact.endpointId,
    requestId: artifact.requestId,
    timestampMs,
    type: artifact.type,
    digest: artifact.digest,
    url,
    summary: artifact.summary,
  }
}
