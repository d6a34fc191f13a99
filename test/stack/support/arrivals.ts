import type { AnyDocument } from './flattened.ts'
import { type ReadRecord, textOf } from './otlp-json.ts'

/** What arrived of some load, by the ids that records bear themselves. */
export interface Arrivals {
  /** Paths of the exchanges whose `artifact_record` arrived. */
  readonly paths: readonly string[]
  /** Exchanges that lack one of their two objects, or have objects without an `artifact_record`. */
  readonly unpaired: readonly string[]
  /** Connections of which a report before the last that arrived is missing. */
  readonly interrupted: readonly string[]
  /** Connections that never told of their end. */
  readonly unfinished: readonly string[]
  /** Records that arrived more than once, each counted for every further time. */
  readonly duplicates: number
}

interface Reports {
  readonly parts: Set<number>
  finalized: boolean
}

export function arrivalsIn(records: readonly ReadRecord[]): Arrivals {
  const ids = new Set<string>()
  const paths = new Map<string, string | number>()
  const objects = new Map<string, number>()
  const connections = new Map<string, Reports>()
  let duplicates = 0
  for (const record of records) {
    const id = idOf(record)
    if (ids.has(id)) duplicates += 1
    else {
      ids.add(id)
      take(record)
    }
  }
  const exchanges = new Set([...paths.keys(), ...objects.keys()])
  const unpaired = [...exchanges].filter((id) => !paths.has(id) || objects.get(id) !== 2)
  const interrupted = [...connections].filter(([, { parts }]) => Math.max(...parts) !== parts.size - 1)
  const unfinished = [...connections].filter(([, { finalized }]) => !finalized)
  return {
    paths: [...paths.values()].map(String),
    unpaired,
    interrupted: interrupted.map(([id]) => id),
    unfinished: unfinished.map(([id]) => id),
    duplicates,
  }

  function take(record: ReadRecord): void {
    const { attributes } = record
    if (record.scope === 'qtap.objectstore') {
      const request = textOf(attributes['connection.request_id'])
      objects.set(request, (objects.get(request) ?? 0) + 1)
      return
    }
    const { requestId, summary, meta, part = 0, finalized = false } = documentOf(record)
    if (attributes['event.type'] === 'artifact_record') {
      paths.set(requestId, summary['request_path'] ?? '')
    } else if (attributes['event.type'] === 'connection') {
      const connection = meta?.connectionId ?? ''
      const reports = connections.get(connection) ?? { parts: new Set(), finalized: false }
      reports.parts.add(part)
      reports.finalized ||= finalized
      connections.set(connection, reports)
    } else throw new Error(`an event of type ${textOf(attributes['event.type'])} arrived`)
  }
}

/** The same for the same record only. */
function idOf(record: ReadRecord): string {
  const { attributes } = record
  if (record.scope === 'qtap.objectstore')
    return `${textOf(attributes['artifact.type'])} ${textOf(attributes['connection.request_id'])}`
  const { requestId, meta, part = 0 } = documentOf(record)
  return `${textOf(attributes['event.type'])} ${requestId ?? `${meta?.connectionId} ${part}`}`
}

function documentOf({ body }: ReadRecord): AnyDocument {
  const document: AnyDocument = JSON.parse(textOf(body))
  return document
}
