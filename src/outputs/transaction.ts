import type { Body, Exchange } from '../exchanges/index.ts'
import { type BodyFields, bodyFields } from './body-text.ts'
import { type ConversationFields, describeConversation } from './conversation.ts'
import { directionOf, type TrafficDirection } from './direction.ts'
import { endpointOf } from './endpoint.ts'
import {
  type CanonicalName,
  type HeaderMap,
  headerValue,
  requestHeaders,
  responseHeaders,
  trailerMap,
} from './headers.ts'
import type { LargeBodies } from './large-bodies.ts'
import { statusOf } from './status.ts'

/** How much of an exchange goes into a document: only facts about it, its headers too, or its bodies too. */
export type Level = 'summary' | 'headers' | 'full'

/**
 * The `http_transaction` document. Fields without a value are undefined, which JSON leaves out; field names,
 * their order and their types are part of the product's interface.
 */
export interface Transaction {
  readonly metadata: {
    readonly process_id: string | undefined
    readonly process_exe: string | undefined
    readonly container_name: string | undefined
    readonly container_image: string | undefined
    readonly pod_name: string | undefined
    readonly pod_namespace: string | undefined
    /** Bytes of the request and of the response as they passed, whoever of the two is on this host. */
    readonly bytes_sent: number | undefined
    readonly bytes_received: number | undefined
    readonly connection_id: string
    readonly endpoint_id: string
    /** `key:value`; undefined when there are none. */
    readonly tags: readonly string[] | undefined
    /** Present when something of the exchange was not seen. */
    readonly completeness: string | undefined
    /** Ways in which other programs could read this exchange differently; present when there are any. */
    readonly ambiguous: readonly string[] | undefined
    /** Fields that were named before anybody listened; present when there are any. */
    readonly unknown_fields: readonly string[] | undefined
  }
  readonly request: Partial<BodyFields> & {
    readonly method: string
    /** With its query string. */
    readonly url: string
    readonly scheme: string
    readonly path: string
    readonly authority: string
    readonly protocol: string
    readonly request_id: string
    readonly user_agent: string | undefined
    readonly content_type: string | undefined
    readonly headers: HeaderMap | undefined
    readonly trailers: HeaderMap | undefined
  }
  readonly response: Partial<BodyFields> & {
    readonly status: number
    readonly content_type: string | undefined
    readonly headers: HeaderMap | undefined
    readonly trailers: HeaderMap | undefined
  }
  /** When the exchange ended, RFC 3339. */
  readonly transaction_time: string
  readonly duration_ms: number | undefined
  readonly direction: TrafficDirection
  /** Present when the exchange is a conversation over WebSocket. */
  readonly websocket: ConversationFields | undefined
}

/**
 * `atMs` is the wall-clock time of the exchange's end. `large` takes large bodies, and encodes them. `tags`
 * are those of the connection.
 */
export function describeTransaction(
  exchange: Exchange,
  level: Level,
  atMs: number,
  canonicalName: CanonicalName,
  large: LargeBodies,
  tags: readonly string[],
): Transaction {
  return {
    metadata: describeMetadata(exchange, tags),
    request: describeRequest(exchange, level, canonicalName, large),
    response: describeResponse(exchange, level, canonicalName, large),
    transaction_time: new Date(atMs).toISOString(),
    duration_ms: exchange.durationMs,
    direction: directionOf(exchange.connection),
    websocket: describeConversation(exchange, level === 'full', atMs),
  }
}

export function describeMetadata(exchange: Exchange, tags: readonly string[]): Transaction['metadata'] {
  const { connection, request, response, completeness } = exchange
  const { process } = connection
  const container = process?.container?.facts
  return {
    process_id: process === undefined || process.pid < 0 ? undefined : String(process.pid),
    process_exe: process?.exe || undefined,
    container_name: container?.name || undefined,
    container_image: container?.image || undefined,
    pod_name: container?.pod?.name || undefined,
    pod_namespace: container?.pod?.namespace || undefined,
    bytes_sent: request.wireBytes || undefined,
    bytes_received: response?.wireBytes || undefined,
    connection_id: connection.id,
    endpoint_id: endpointOf(exchange),
    tags: tags.length === 0 ? undefined : tags,
    completeness: completeness === 'complete' ? undefined : completeness,
    ambiguous: wordsOf(request.doubts?.ambiguous, response?.doubts?.ambiguous),
    unknown_fields: wordsOf(request.doubts?.unknownFields, response?.doubts?.unknownFields),
  }
}

/** Each once; undefined when there are none. */
function wordsOf(ofRequest: Words | undefined, ofResponse: Words | undefined): Words | undefined {
  if (ofRequest === undefined && ofResponse === undefined) return undefined
  const words = new Set([...(ofRequest ?? []), ...(ofResponse ?? [])])
  return words.size === 0 ? undefined : Array.from(words)
}

type Words = readonly string[]

function describeRequest(
  { id, protocol, request }: Exchange,
  level: Level,
  canonicalName: CanonicalName,
  large: LargeBodies,
): Transaction['request'] {
  const withHeaders = level !== 'summary'
  return {
    method: request.method,
    url: request.url,
    scheme: request.scheme,
    path: request.path,
    authority: request.authority,
    protocol,
    request_id: id,
    user_agent: headerValue(request.headers, 'user-agent'),
    content_type: headerValue(request.headers, 'content-type'),
    headers: withHeaders ? requestHeaders(request, canonicalName) : undefined,
    ...describeBody(request.body, level, large),
    trailers: withHeaders ? trailerMap(request.trailers, canonicalName) : undefined,
  }
}

function describeResponse(
  exchange: Exchange,
  level: Level,
  canonicalName: CanonicalName,
  large: LargeBodies,
): Transaction['response'] {
  const { response, protocol } = exchange
  const withHeaders = level !== 'summary' && response !== undefined
  return {
    status: statusOf(exchange),
    content_type: response === undefined ? undefined : headerValue(response.headers, 'content-type'),
    headers: withHeaders ? responseHeaders(response, protocol, canonicalName) : undefined,
    ...(response === undefined ? undefined : describeBody(response.body, level, large)),
    trailers: withHeaders ? trailerMap(response.trailers, canonicalName) : undefined,
  }
}

export function describeBody(body: Body, level: Level, large: LargeBodies): BodyFields | undefined {
  if (level !== 'full') return undefined
  const nothingPassed = body.wireBytes === 0 && !body.missing
  return nothingPassed ? undefined : bodyFields(body, large)
}
