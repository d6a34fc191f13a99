import type { Exchange } from '../exchanges/index.ts'
import type { BodyFields } from './body-text.ts'
import { directionOf, type TrafficDirection } from './direction.ts'
import {
  type CanonicalName,
  grpcResponseHeaders,
  type HeaderMap,
  headerValue,
  requestHeaders,
  trailerMap,
} from './headers.ts'
import type { LargeBodies } from './large-bodies.ts'
import { statusOf } from './status.ts'
import { describeBody, describeMetadata, type Level, type Transaction } from './transaction.ts'

/**
 * What both sides of a call have in common. A body holds the messages as they passed, each with its prefix
 * and with the compression that `grpc-encoding` names.
 */
interface Messages extends Partial<BodyFields> {
  readonly content_type: string | undefined
  readonly message_count: number
  /** Present when there may have been more messages. */
  readonly message_count_at_least: true | undefined
  readonly headers: HeaderMap | undefined
}

/** The `http_transaction` document of a call of gRPC. Fields without a value are undefined. */
export interface GrpcTransaction {
  readonly metadata: Transaction['metadata'] & { readonly request_id: string }
  readonly service: string
  readonly method: string
  /** A number as text; undefined when it is not known. */
  readonly grpc_status: string | undefined
  readonly grpc_status_name: string | undefined
  readonly grpc_message: string | undefined
  readonly request: Messages
  readonly response: Messages & {
    readonly grpc_status: string | undefined
    readonly grpc_status_name: string | undefined
    readonly grpc_message: string | undefined
    readonly trailers: HeaderMap | undefined
  }
  readonly transaction_time: string
  readonly duration_ms: number | undefined
  readonly direction: TrafficDirection
}

/** Undefined for an exchange that is no call of gRPC; otherwise as `describeTransaction`. */
export function describeGrpcTransaction(
  exchange: Exchange,
  level: Level,
  atMs: number,
  canonicalName: CanonicalName,
  large: LargeBodies,
  tags: readonly string[],
): GrpcTransaction | undefined {
  const { id, connection, request, response, grpc, durationMs } = exchange
  if (grpc === undefined) return undefined
  const withHeaders = level !== 'summary'
  const outcome = {
    grpc_status: grpc.status?.toString(),
    grpc_status_name: grpc.statusName || undefined,
    grpc_message: grpc.message || undefined,
  }
  return {
    metadata: { ...describeMetadata(exchange, tags), request_id: id },
    service: grpc.service,
    method: grpc.method,
    ...outcome,
    request: {
      content_type: headerValue(request.headers, 'content-type'),
      message_count: grpc.requestMessages,
      message_count_at_least: grpc.requestMessagesMissed || undefined,
      headers: withHeaders ? requestHeaders(request, canonicalName) : undefined,
      ...describeBody(request.body, level, large),
    },
    response: {
      content_type: response && headerValue(response.headers, 'content-type'),
      ...outcome,
      message_count: grpc.responseMessages,
      message_count_at_least: grpc.responseMessagesMissed || undefined,
      headers:
        withHeaders && response !== undefined
          ? grpcResponseHeaders(response, grpc, statusOf(exchange), canonicalName)
          : undefined,
      ...(response && describeBody(response.body, level, large)),
      trailers:
        withHeaders && response !== undefined ? trailerMap(response.trailers, canonicalName) : undefined,
    },
    transaction_time: new Date(atMs).toISOString(),
    duration_ms: durationMs,
    direction: directionOf(connection),
  }
}
