import { hash } from 'node:crypto'
import type { Exchange } from '../exchanges/index.ts'
import { endpointOf } from './endpoint.ts'
import type { CanonicalName } from './headers.ts'
import { LargeBodies } from './large-bodies.ts'
import type { Artifact } from './output.ts'
import { summarise } from './summary.ts'
import { describeTransaction, type Level } from './transaction.ts'
import { transactionText } from './transaction-text.ts'

export interface ArtifactSettings {
  readonly level: Level
  readonly format: 'json' | 'text'
  /** `id` of the object store; undefined for the default one. */
  readonly objectStore: string | undefined
}

/** For documents without bodies. */
const NO_BODIES = new LargeBodies()

/** Makes the object about one exchange. `atMs` is the wall-clock time of its end. */
export function createArtifact(
  exchange: Exchange,
  settings: ArtifactSettings,
  atMs: number,
  canonicalName: CanonicalName,
): Artifact {
  const asText = settings.format === 'text'
  const data = asText
    ? textData(exchange, settings.level, atMs, canonicalName)
    : jsonData(exchange, settings.level, atMs, canonicalName)
  return {
    kind: 'artifact',
    type: 'http_transaction',
    contentType: asText ? 'text/plain' : 'application/json',
    data,
    digest: hash('sha1', data, 'hex'),
    summary: summarise(exchange),
    connection: exchange.connection,
    endpointId: endpointOf(exchange),
    requestId: exchange.id,
    objectStore: settings.objectStore,
    atMs,
  }
}

function jsonData(exchange: Exchange, level: Level, atMs: number, canonicalName: CanonicalName): Uint8Array {
  const large = new LargeBodies()
  return large.encode(describeTransaction(exchange, level, atMs, canonicalName, large))
}

function textData(exchange: Exchange, level: Level, atMs: number, canonicalName: CanonicalName): Uint8Array {
  const withBodies = level === 'full'
  const document = describeTransaction(
    exchange,
    withBodies ? 'headers' : level,
    atMs,
    canonicalName,
    NO_BODIES,
  )
  const { request, response } = exchange
  return transactionText(
    document,
    withBodies ? request.body.bytes : undefined,
    withBodies ? response?.body.bytes : undefined,
  )
}
