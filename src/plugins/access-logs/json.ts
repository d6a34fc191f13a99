import type { Body, Exchange } from '../../exchanges/index.ts'
import {
  bodyText,
  createCanonicalNames,
  directionOf,
  headerValue,
  jsonLine,
  requestHeaders,
  responseHeaders,
  statusOf,
} from '../../outputs/index.ts'
import { isBinaryType } from './binary-types.ts'

const MESSAGE = 'HTTP transaction'

/** Writers of one line of JSON per exchange. Keys beyond the older product's come after them. */
export function createJsonLines(): {
  readonly summary: (exchange: Exchange) => string
  readonly details: (exchange: Exchange, withBodies: boolean) => string
} {
  const canonicalName = createCanonicalNames()
  return { summary, details }

  function summary(exchange: Exchange): string {
    const { connection, request } = exchange
    return jsonLine({
      msg: MESSAGE,
      bin: connection.process?.binary ?? '',
      direction: directionOf(connection),
      method: request.method,
      url: request.url,
      status: statusOf(exchange),
      qpoint_request_id: exchange.id,
      duration_ms: exchange.durationMs,
      exe: connection.process?.exe || undefined,
      completeness: incomplete(exchange),
    })
  }

  function details(exchange: Exchange, withBodies: boolean): string {
    const { connection, request, response, protocol } = exchange
    return jsonLine({
      msg: MESSAGE,
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
        headers: response === undefined ? {} : responseHeaders(response, protocol, canonicalName),
        body:
          withBodies && response !== undefined
            ? printedBody(response.body, headerValue(response.headers, 'content-type'))
            : undefined,
      },
      duration_ms: exchange.durationMs,
      completeness: incomplete(exchange),
    })
  }
}

/** Byte counts are texts here; programs that read these lines expect them so. */
function describeMeta({ connection, request, response }: Exchange): object {
  const { process } = connection
  return {
    bytes_sent: String(request.wireBytes),
    bytes_received: String(response?.wireBytes ?? 0),
    pid: process === undefined || process.pid < 0 ? undefined : process.pid,
    exe: process?.exe || undefined,
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
