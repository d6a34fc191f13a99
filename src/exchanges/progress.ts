import type { Connection } from '../connections/index.ts'
import type { Request, Response } from './exchange.ts'
import { describeCall, type Grpc } from './grpc.ts'
import { targetOf } from './heads.ts'
import type { Open } from './open-exchanges.ts'

/** How far an exchange has come that has been open for another whole 10 s. */
export interface Progress {
  readonly id: string
  readonly connection: Connection
  readonly protocol: string
  readonly request: Pick<Request, 'method' | 'target' | 'scheme' | 'authority' | 'path' | 'url' | 'headers'>
  /** Undefined while the response is waited for. */
  readonly response: Pick<Response, 'status' | 'reason' | 'headers'> | undefined
  /** Nanoseconds since boot: request head seen, response head seen. */
  readonly startedAt: number
  readonly respondedAt: number | undefined
  /** A whole number of 10 s after `startedAt`. */
  readonly at: number
  /** When something of the exchange was last seen; it has been silent since. */
  readonly lastAt: number
  /** Content that passed so far, transfer coding removed, content coding still on. */
  readonly requestBytes: number
  readonly responseBytes: number
  /** Of a call or of a conversation; undefined for other content. */
  readonly messages: MessagesSoFar | undefined
  /** Without a status; undefined for what is no call of gRPC. */
  readonly grpc: Grpc | undefined
}

/** Messages that were seen to begin; `missed` when there may have been more. */
export interface MessagesSoFar {
  readonly client: { readonly count: number; readonly missed: boolean }
  readonly server: { readonly count: number; readonly missed: boolean }
}

export function describeProgress(open: Open, at: number): Progress {
  const { id, connection, protocol, head, response, startedAt, respondedAt, lastAt, client, server } = open
  const { conversation } = open
  const { method, target, headers } = head
  const grpc = describeCall(open, false)
  return {
    id,
    connection,
    protocol,
    request: { method, target, headers, ...targetOf(open) },
    response: response && { status: response.status, reason: response.reason, headers: response.headers },
    startedAt,
    respondedAt,
    at,
    lastAt,
    requestBytes: conversation?.client.bytes ?? client.body?.wireBytes ?? 0,
    responseBytes: conversation?.server.bytes ?? server.body?.wireBytes ?? 0,
    messages: messagesOf(open, grpc),
    grpc,
  }
}

function messagesOf({ conversation }: Open, grpc: Grpc | undefined): MessagesSoFar | undefined {
  if (grpc !== undefined)
    return {
      client: { count: grpc.requestMessages, missed: grpc.requestMessagesMissed },
      server: { count: grpc.responseMessages, missed: grpc.responseMessagesMissed },
    }
  if (conversation === undefined) return undefined
  const { client, server } = conversation
  return {
    client: { count: client.messages, missed: client.missed },
    server: { count: server.messages, missed: server.missed },
  }
}
