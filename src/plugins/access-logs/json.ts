import type { Clock } from '../../base/index.ts'
import type { Body, Exchange, Grpc, Progress } from '../../exchanges/index.ts'
import {
  bodyText,
  createCanonicalNames,
  describeConversation,
  directionOf,
  grpcResponseHeaders,
  type HeaderMap,
  headerValue,
  jsonLine,
  requestHeaders,
  responseHeaders,
  statusOf,
} from '../../outputs/index.ts'
import { isBinaryType } from './binary-types.ts'

const MESSAGE = 'HTTP transaction'
const GRPC_MESSAGE = 'gRPC transaction'
const PROGRESS_MESSAGE = 'HTTP progress'
const GRPC_PROGRESS_MESSAGE = 'gRPC progress'

/** Writers of one line of JSON per exchange. Keys beyond the older product's come after them. */
export function createJsonLines(clock: Pick<Clock, 'bootEpochMs'>): {
  readonly summary: (exchange: Exchange) => string
  readonly details: (exchange: Exchange, withBodies: boolean) => string
  readonly progress: (progress: Progress) => string
} {
  const canonicalName = createCanonicalNames()
  return { summary, details, progress }

  function summary(exchange: Exchange): string {
    const { connection, request, grpc } = exchange
    return jsonLine({
      msg: grpc === undefined ? MESSAGE : GRPC_MESSAGE,
      bin: connection.process?.binary ?? '',
      direction: directionOf(connection),
      method: request.method,
      url: request.url,
      status: statusOf(exchange),
      qpoint_request_id: exchange.id,
      duration_ms: exchange.durationMs,
      exe: connection.process?.exe || undefined,
      completeness: incomplete(exchange),
      ...describeCall(grpc),
      websocket: spoken(exchange, false),
    })
  }

  function details(exchange: Exchange, withBodies: boolean): string {
    const { connection, request, response, protocol, grpc } = exchange
    return jsonLine({
      msg: grpc === undefined ? MESSAGE : GRPC_MESSAGE,
      meta: describeMeta(exchange),
      direction: directionOf(connection),
      request: {
        url: request.url,
        method: request.method,
        proto: protocol,
        qpoint_request_id: exchange.id,
        headers: requestHeaders(request, canonicalName),
        body: withBodies
          ? printedBody(request.body, headerValue(request.headers, 'content-type'))
          : undefined,
      },
      response: {
        status: statusOf(exchange),
        headers: answerHeaders(exchange),
        body:
          withBodies && response !== undefined
            ? printedBody(response.body, headerValue(response.headers, 'content-type'))
            : undefined,
      },
      duration_ms: exchange.durationMs,
      completeness: incomplete(exchange),
      ...describeCall(grpc),
      websocket: spoken(exchange, withBodies),
    })
  }

  function spoken(exchange: Exchange, withMessages: boolean): object | undefined {
    return describeConversation(exchange, withMessages, clock.bootEpochMs + exchange.endedAt / 1e6)
  }

  function answerHeaders(exchange: Exchange): HeaderMap {
    const { response, protocol, grpc } = exchange
    if (response === undefined) return {}
    if (grpc === undefined) return responseHeaders(response, protocol, canonicalName)
    return grpcResponseHeaders(response, grpc, statusOf(exchange), canonicalName)
  }

  function progress({ connection, request, response, grpc, messages, ...rest }: Progress): string {
    return jsonLine({
      msg: grpc === undefined ? PROGRESS_MESSAGE : GRPC_PROGRESS_MESSAGE,
      bin: connection.process?.binary ?? '',
      direction: directionOf(connection),
      method: request.method,
      url: request.url,
      status: response?.status,
      qpoint_request_id: rest.id,
      elapsed_ms: Math.round((rest.at - rest.startedAt) / 1e6),
      exe: connection.process?.exe || undefined,
      request_body_bytes: rest.requestBytes,
      response_body_bytes: rest.responseBytes,
      request_messages: messages?.client.count,
      response_messages: messages?.server.count,
      request_messages_at_least: messages?.client.missed || undefined,
      response_messages_at_least: messages?.server.missed || undefined,
      ...describeCall(grpc),
    })
  }
}

/** What a line says more when the exchange is a call of gRPC. */
function describeCall(grpc: Grpc | undefined): object | undefined {
  if (grpc === undefined) return undefined
  return {
    grpc_service: grpc.service,
    grpc_method: grpc.method,
    grpc_status: grpc.status?.toString(),
    grpc_status_name: grpc.statusName || undefined,
    grpc_message: grpc.message || undefined,
    request_messages: grpc.requestMessages,
    response_messages: grpc.responseMessages,
    request_messages_at_least: grpc.requestMessagesMissed || undefined,
    response_messages_at_least: grpc.responseMessagesMissed || undefined,
  }
}

/** Byte counts are texts here; programs that read these lines expect them so. */
function describeMeta({ connection, request, response }: Exchange): object {
  const { process } = connection
  const container = process?.container
  const facts = container?.facts
  return {
    bytes_sent: String(request.wireBytes),
    bytes_received: String(response?.wireBytes ?? 0),
    pid: process === undefined || process.pid < 0 ? undefined : process.pid,
    exe: process?.exe || undefined,
    container_name: facts?.name || undefined,
    container_image: facts?.image || undefined,
    pod_name: facts?.pod?.name || undefined,
    pod_namespace: facts?.pod?.namespace || undefined,
    container_id: container?.id,
  }
}

function incomplete({ completeness }: Exchange): string | undefined {
  return completeness === 'complete' ? undefined : completeness
}

function printedBody(body: Body, contentType: string | undefined): string | undefined {
  if (body.bytes.length === 0) return undefined
  if (isBinaryType(contentType ?? '')) return '<binary>'
  return bodyText(body) ?? '<binary>'
}
