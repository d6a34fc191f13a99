import { type Source, source } from '../base/index.ts'
import type { Connection, Side } from '../connections/index.ts'
import type { Decoded, Header, Message } from '../decoders/index.ts'
import { BodyCollector, type BodyShare, NO_BODY } from './body.ts'
import type { Body, Completeness, Exchange, Request, Response } from './exchange.ts'
import { readTarget } from './target.ts'

export interface PairOptions {
  /** Kept of each body, and given of it after removing content codings. */
  readonly bodyBytesMax: number
  /** Kept of all bodies of open exchanges together; past it new bytes are not kept. */
  readonly bodiesTotalBytesMax: number
  /** Past it the exchange open longest comes out as it is. */
  readonly exchangesOpenMax: number
  /** Makes ids; takes wall-clock milliseconds since 1970. */
  readonly nextId: (atMs: number) => string
  /** Wall-clock time of boot, milliseconds since 1970. */
  readonly bootEpochMs: number
}

/** What the agent keeps unless told otherwise. */
export const EXCHANGE_LIMITS = {
  bodyBytesMax: 2 * 1024 * 1024,
  bodiesTotalBytesMax: 128 * 1024 * 1024,
  exchangesOpenMax: 100_000,
} as const

/** Exchanges, and the way to say whether anybody looks at bodies. */
export interface Exchanges extends Source<Exchange> {
  /** False: the content of exchanges that begin from now on is counted and not kept. At first it is kept. */
  wantBodies(wanted: boolean): void
}

type RequestHead = Extract<Message, { kind: 'request' }>
type ResponseHead = Extract<Message, { kind: 'response' }>

/** One side of an exchange in the making. */
interface Part {
  /** Undefined until content passes. */
  body: BodyCollector | undefined
  trailers: readonly Header[]
  wireBytes: number
  ended: boolean
}

interface Open {
  readonly id: string
  readonly connection: Connection
  readonly protocol: string
  readonly startedAt: number
  readonly head: RequestHead
  readonly client: Part
  readonly server: Part
  readonly keepsBodies: boolean
  response: ResponseHead | undefined
  respondedAt: number | undefined
  gap: boolean
  cut: boolean
  older: Open | undefined
  newer: Open | undefined
}

/** The exchanges a connection has open, few at a time: searched from the newest on. */
type Streams = Open[]

/**
 * Pairs each request with its response by the stream they share.
 * An exchange comes out once both sides have ended; the decoder ends them when the connection closes.
 * Messages of a stream whose request was never seen are counted and left.
 */
export function pairExchanges(decoded: Source<Decoded>, options: PairOptions): Exchanges {
  const stats = noStats(options)
  const exchanges = source<Exchange>(stats)
  const connections = new WeakMap<Connection, Streams>()
  const openExchanges = new OpenExchanges()
  let keepsBodies = true
  decoded.listen(onDecoded)
  return { listen: exchanges.listen, stats, wantBodies }

  function wantBodies(wanted: boolean): void {
    keepsBodies = wanted
  }

  function onDecoded({ connection, at, protocol, messages }: Decoded): void {
    for (let index = 0; index < messages.length; index += 1) {
      const message = messages[index]
      if (message === undefined || message.kind === 'opaque') continue
      if (message.kind === 'request') begin(connection, at, protocol, message)
      else onLaterMessage(connection, at, message)
    }
  }

  function begin(connection: Connection, at: number, protocol: string, head: RequestHead): void {
    let streams = connections.get(connection)
    if (streams === undefined) {
      streams = []
      connections.set(connection, streams)
    }
    const before = find(streams, head.streamId)
    if (before !== undefined) evict(before, at)
    const open: Open = {
      id: options.nextId(options.bootEpochMs + at / 1e6),
      connection,
      protocol,
      startedAt: at,
      head,
      client: newPart(),
      server: newPart(),
      keepsBodies,
      response: undefined,
      respondedAt: undefined,
      gap: false,
      cut: false,
      older: undefined,
      newer: undefined,
    }
    streams.push(open)
    openExchanges.add(open)
    stats.exchangesOpen = openExchanges.size
    if (openExchanges.size > options.exchangesOpenMax) evictOldest(at)
  }

  function onLaterMessage(
    connection: Connection,
    at: number,
    message: Exclude<Message, { kind: 'request' | 'opaque' }>,
  ): void {
    const streams = connections.get(connection)
    const open = streams && find(streams, message.streamId)
    if (open === undefined) {
      stats.messagesWithoutRequest += 1
      return
    }
    switch (message.kind) {
      case 'interim':
        stats.interimResponses += 1
        return
      case 'response':
        open.response = message
        open.respondedAt = at
        return
      case 'body':
        bodyOf(open, message.from).add(message.bytes)
        return
      case 'passed':
        bodyOf(open, message.from).pass(message.bytes)
        return
      case 'piece':
        return
      case 'missing':
        open.gap = true
        bodyOf(open, message.from).skip(message.bytes)
        return
      case 'trailers':
        open[message.from].trailers = message.headers
        return
      case 'end':
        end(open, at, message)
        return
      default:
        message satisfies never
    }
  }

  function bodyOf(open: Open, from: Side): BodyCollector {
    const part = open[from]
    part.body ??= new BodyCollector(stats, open.keepsBodies)
    return part.body
  }

  function end(open: Open, at: number, { from, wireBytes, cut }: Extract<Message, { kind: 'end' }>): void {
    const part = open[from]
    if (part.ended) return
    part.wireBytes = wireBytes
    if (cut === 'gap') open.gap = true
    else if (cut !== undefined) open.cut = true
    endPart(part, cut !== undefined)
    if (open.client.ended && open.server.ended) finish(open, at)
  }

  /** A limit of ours ends the exchange before its time. */
  function evict(open: Open, at: number): void {
    stats.exchangesEvicted += 1
    open.cut = true
    endPart(open.client, !open.client.ended)
    endPart(open.server, !open.server.ended)
    finish(open, at)
  }

  function evictOldest(at: number): void {
    if (openExchanges.oldest !== undefined) evict(openExchanges.oldest, at)
  }

  function finish(open: Open, at: number): void {
    openExchanges.delete(open)
    stats.exchangesOpen = openExchanges.size
    const streams = connections.get(open.connection)
    streams?.splice(streams.lastIndexOf(open), 1)
    const exchange = buildExchange(open, at)
    // Content without a response goes nowhere.
    if (open.response === undefined) open.server.body?.finish(NO_ENCODINGS)
    stats[exchange.completeness] += 1
    exchanges.emit(exchange)
  }
}

function find(streams: Streams, streamId: number): Open | undefined {
  for (let index = streams.length - 1; index >= 0; index -= 1)
    if (streams[index]?.head.streamId === streamId) return streams[index]
  return undefined
}

/**
 * Open exchanges in the order they began. A linked list that lets go of what leaves it: a Set or Map that is
 * added to and deleted from for every exchange leaves a trail of old tables behind, each of which keeps dead
 * exchanges alive until the next full garbage collection (measured: a quarter of all that was allocated).
 */
class OpenExchanges {
  size = 0
  oldest: Open | undefined
  #newest: Open | undefined

  add(open: Open): void {
    open.older = this.#newest
    if (this.#newest) this.#newest.newer = open
    else this.oldest = open
    this.#newest = open
    this.size += 1
  }

  delete(open: Open): void {
    if (open.older) open.older.newer = open.newer
    else this.oldest = open.newer
    if (open.newer) open.newer.older = open.older
    else this.#newest = open.older
    open.older = undefined
    open.newer = undefined
    this.size -= 1
  }
}

function newPart(): Part {
  return { body: undefined, trailers: NO_HEADERS, wireBytes: 0, ended: false }
}

function endPart(part: Part, wasCut: boolean): void {
  part.ended = true
  if (wasCut) part.body?.skip(0)
}

function buildExchange(open: Open, endedAt: number): Exchange {
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
    durationMs:
      respondedAt === undefined ? undefined : Math.max(1, Math.round((respondedAt - startedAt) / 1e6)),
    completeness: completenessOf(open),
  }
}

function buildRequest({ connection, head, client }: Open): Request {
  const { scheme, authority, path, url } = readTarget(connection, head.method, head.target, head.headers)
  return {
    method: head.method,
    target: head.target,
    scheme,
    authority,
    path,
    url,
    headers: head.headers,
    trailers: client.trailers,
    body: finishedBody(client, head.headers),
    wireBytes: client.wireBytes,
  }
}

function buildResponse(head: ResponseHead, server: Part): Response {
  return {
    status: head.status,
    reason: head.reason,
    headers: head.headers,
    trailers: server.trailers,
    body: finishedBody(server, head.headers),
    wireBytes: server.wireBytes,
  }
}

function finishedBody(part: Part, headers: readonly Header[]): Body {
  return part.body === undefined ? NO_BODY : part.body.finish(contentEncodings(headers))
}

/** A decoder that joined late and could not know the method leaves it empty. */
function completenessOf(open: Open): Completeness {
  if (open.gap) return 'gap'
  if (open.connection.joinedLate && open.head.method === '') return 'joined_late'
  const overLimit = open.client.body?.truncated === true || open.server.body?.truncated === true
  return open.cut || overLimit ? 'truncated' : 'complete'
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
const NO_ENCODINGS: readonly string[] = []

function noStats({ bodyBytesMax, bodiesTotalBytesMax }: PairOptions) {
  return {
    bodyBytesMax,
    bodiesTotalBytesMax,
    bodiesHeldBytes: 0,
    bodiesTruncated: 0,
    /** Open now. */
    exchangesOpen: 0,
    /** Came out before their end, because too many were open. */
    exchangesEvicted: 0,
    messagesWithoutRequest: 0,
    interimResponses: 0,
    complete: 0,
    truncated: 0,
    gap: 0,
    joined_late: 0,
  } satisfies Record<string, number> & Record<Completeness, number> & BodyShare
}
