import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { releaseBytes } from '../base/index.ts'
import type { Exchange } from '../exchanges/index.ts'
import { conversationText } from './conversation-text.ts'
import { endpointOf } from './endpoint.ts'
import { describeGrpcTransaction } from './grpc-transaction.ts'
import { grpcTransactionText } from './grpc-transaction-text.ts'
import type { CanonicalName } from './headers.ts'
import { LargeBodies } from './large-bodies.ts'
import type { Artifact } from './output.ts'
import { summarise } from './summary.ts'
import { type TagRules, tagsOf } from './tags.ts'
import { describeTransaction, type Level } from './transaction.ts'
import { type TextPieces, transactionText } from './transaction-text.ts'

export interface ArtifactSettings {
  readonly level: Level
  readonly format: 'json' | 'text'
  /** `id` of the object store; undefined for the default one. */
  readonly objectStore: string | undefined
  /** Where tags come from. */
  readonly tags: TagRules
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
  const tags = tagsOf(exchange.connection, settings.tags)
  const asText = settings.format === 'text'
  const text = asText ? textPieces(exchange, settings.level, atMs, canonicalName, tags) : undefined
  const data =
    text === undefined ? jsonData(exchange, settings.level, atMs, canonicalName, tags) : Buffer.concat(text)
  return {
    kind: 'artifact',
    type: 'http_transaction',
    contentType: asText ? 'text/plain' : 'application/json',
    data,
    responseAt: text?.[0].length,
    digest: hash('sha1', data, 'hex'),
    summary: summarise(exchange),
    tags,
    connection: exchange.connection,
    endpointId: endpointOf(exchange),
    requestId: exchange.id,
    objectStore: settings.objectStore,
    atMs,
  }
}

/**
 * Gives a large object's memory back at once; to be called by the store that took it, when it needs it no
 * more. Parts are bodies of the exchange itself, which others may still read.
 */
export function releaseArtifact({ type, data }: Artifact): void {
  if (type === 'http_transaction') releaseBytes(data)
}

function jsonData(
  exchange: Exchange,
  level: Level,
  atMs: number,
  canonicalName: CanonicalName,
  tags: readonly string[],
): Uint8Array {
  const large = new LargeBodies()
  const document =
    describeGrpcTransaction(exchange, level, atMs, canonicalName, large, tags) ??
    describeTransaction(exchange, level, atMs, canonicalName, large, tags)
  return large.encode(document)
}

function textPieces(
  exchange: Exchange,
  level: Level,
  atMs: number,
  canonicalName: CanonicalName,
  tags: readonly string[],
): TextPieces {
  const withBodies = level === 'full'
  const described = withBodies ? 'headers' : level
  const request = withBodies ? exchange.request.body : undefined
  const response = withBodies ? exchange.response?.body : undefined
  const call = describeGrpcTransaction(exchange, described, atMs, canonicalName, NO_BODIES, tags)
  if (call !== undefined) return grpcTransactionText(call, request, response)
  const document = describeTransaction(exchange, described, atMs, canonicalName, NO_BODIES, tags)
  const [before, after] = transactionText(document, request, response)
  return exchange.conversation === undefined
    ? [before, after]
    : [before, Buffer.concat([after, ...conversationText(exchange, withBodies, atMs)])]
}
