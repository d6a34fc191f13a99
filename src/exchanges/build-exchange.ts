import type { Doubts, Header, RequestHead, ResponseHead } from '../decoders/index.ts'
import { NO_BODY } from './body.ts'
import type { Body, Completeness, Exchange, Request, Response } from './exchange.ts'
import { describeCall } from './grpc.ts'
import { targetOf } from './heads.ts'
import type { Open, Part } from './open-exchanges.ts'

/** The exchange as it is once nothing more comes of it. Frees its share of what bodies may hold. */
export function buildExchange(open: Open, endedAt: number): Exchange {
  const { id, connection, protocol, startedAt, respondedAt } = open
  return {
    id,
    connection,
    protocol,
    request: buildRequest(open),
    response: open.response === undefined ? undefined : buildResponse(open.response, open.server),
    startedAt,
    respondedAt,
    endedAt,
    durationMs: durationOf(open, endedAt),
    // Before the completeness, which counts in what was left off at the end.
    conversation: open.conversation?.finish(),
    completeness: completenessOf(open),
    grpc: describeCall(open, true),
  }
}

/** The heads of a conversation are told at one time: how long they took, says the exchange that led to it. */
function durationOf({ startedAt, respondedAt, conversation }: Open, endedAt: number): number | undefined {
  if (respondedAt === undefined) return undefined
  const until = conversation === undefined ? respondedAt : endedAt
  return Math.max(1, Math.round((until - startedAt) / 1e6))
}

function buildRequest(open: Open): Request {
  const { head, client } = open
  const { scheme, authority, path, url } = targetOf(open)
  return {
    method: head.method,
    target: head.target,
    scheme,
    authority,
    path,
    url,
    headers: head.headers,
    trailers: client.trailers ?? NO_HEADERS,
    body: finishedBody(client, head.headers),
    wireBytes: client.wireBytes,
    doubts: doubtsOf(head, client),
  }
}

function buildResponse(head: ResponseHead, server: Part): Response {
  return {
    status: head.status,
    reason: head.reason,
    headers: head.headers,
    trailers: server.trailers ?? NO_HEADERS,
    body: finishedBody(server, head.headers),
    wireBytes: server.wireBytes,
    doubts: doubtsOf(head, server),
  }
}

/** Of the head, and of what followed it. */
function doubtsOf({ doubts }: RequestHead | ResponseHead, { ambiguous }: Part): Doubts | undefined {
  if (ambiguous === undefined) return doubts
  const { ambiguous: before = [], unknownFields = [] } = doubts ?? {}
  return { ambiguous: [...before, ...ambiguous], unknownFields }
}

function finishedBody(part: Part, headers: readonly Header[]): Body {
  return part.body === undefined ? NO_BODY : part.body.finish(contentEncodings(headers))
}

/** A decoder that joined late and could not know the method leaves it empty. */
function completenessOf(open: Open): Completeness {
  if (open.gap) return 'gap'
  if (open.connection.joinedLate && open.head.method === '') return 'joined_late'
  const overLimit = open.client.body?.truncated === true || open.server.body?.truncated === true
  return open.cut || overLimit || open.conversation?.truncated === true ? 'truncated' : 'complete'
}

function contentEncodings(headers: readonly Header[]): readonly string[] {
  let values: string[] | undefined
  for (const [name, value] of headers) {
    if (name.length !== 16 || name.toLowerCase() !== 'content-encoding') continue
    values ??= []
    values.push(value)
  }
  return values ?? NO_ENCODINGS
}

const NO_HEADERS: readonly Header[] = []
export const NO_ENCODINGS: readonly string[] = []
