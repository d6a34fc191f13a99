import { type Source, source } from '../base/index.ts'
import type { Connection, Side } from '../connections/index.ts'
import type { Cut, Decoded, Message, RequestHead, ResponseHead } from '../decoders/index.ts'
import { BodyCollector } from './body.ts'
import { buildExchange, NO_ENCODINGS } from './build-exchange.ts'
import { type ConversationShare, openConversation } from './conversation.ts'
import type { Completeness, Exchange, Heads } from './exchange.ts'
import { openCall } from './grpc.ts'
import { headsOf, noteHost } from './heads.ts'
import { type Open, OpenExchanges, type Part, PROGRESS_EVERY_NS } from './open-exchanges.ts'
import { describeProgress, type Progress } from './progress.ts'

export interface PairOptions {
  /** Kept of each body, and given of it after removing content codings. */
  readonly bodyBytesMax: number
  /** Kept of all bodies of open exchanges together; past it new bytes are not kept. */
  readonly bodiesTotalBytesMax: number
  /** Past it the exchange open longest comes out as it is. */
  readonly exchangesOpenMax: number
  /** Makes the id of what came to be then, in nanoseconds since boot. */
  readonly nextId: (at: number) => string
  /** Says that time has passed, in nanoseconds since boot; without it no progress is told. */
  readonly time?: Source<{ readonly at: number }>
}

/** What the agent keeps unless told otherwise. */
export const EXCHANGE_LIMITS = {
  bodyBytesMax: 2 * 1024 * 1024,
  bodiesTotalBytesMax: 128 * 1024 * 1024,
  exchangesOpenMax: 100_000,
} as const

/** What is told when time passes; of more exchanges at once the later ones wait for their next turn. */
const PROGRESS_AT_ONCE_MAX = 1_000

/** Exchanges, and the way to say whether anybody looks at bodies. */
export interface Exchanges extends Source<Exchange> {
  /**
   * False: the content of exchanges that begin from now on is counted and not kept. At first it is kept.
   * A function is asked when a response begins: what it does not want is let go.
   */
  wantBodies(wanted: WantsBodies): void
  /** True when no content that is to come of the connection's open exchanges is kept. */
  keepsNothing(connection: Connection): boolean
  /** One for every 10 s that an exchange has been open. */
  readonly progress: Source<Progress>
}

export type WantsBodies = boolean | ((heads: Heads) => boolean)

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
  const progress = source<Progress>(stats)
  const connections = new WeakMap<Connection, Streams>()
  const openExchanges = new OpenExchanges()
  let wanted: WantsBodies = true
  decoded.listen(onDecoded)
  options.time?.listen(onTime)
  return { listen: exchanges.listen, stats, wantBodies, keepsNothing, progress }

  function wantBodies(wants: WantsBodies): void {
    wanted = wants
  }

  function keepsNothing(connection: Connection): boolean {
    const streams = connections.get(connection)
    return streams !== undefined && streams.length > 0 && !streams.some((open) => open.keepsBodies)
  }

  function onResponse(open: Open, at: number, head: ResponseHead): void {
    open.response = head
    open.respondedAt = at
    if (typeof wanted === 'boolean' || !open.keepsBodies || wanted(headsOf(open))) return
    open.keepsBodies = false
    open.client.body?.keepNothing()
    open.server.body?.keepNothing()
    open.conversation?.keepNothing()
    stats.bodiesUnwanted += 1
  }

  function onTime({ at }: { readonly at: number }): void {
    let told = 0
    openExchanges.tellDue(at, (open, dueAt) => {
      told += 1
      if (told > PROGRESS_AT_ONCE_MAX) {
        stats.progressSkipped += 1
        return
      }
      stats.progressTold += 1
      progress.emit(describeProgress(open, dueAt))
    })
  }

  function onDecoded({ connection, at, protocol, messages }: Decoded): void {
    for (let index = 0; index < messages.length; index += 1) {
      const message = messages[index]
      if (message === undefined || isNoPart(message)) continue
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
    const keepsBodies = wanted !== false
    const open: Open = {
      id: options.nextId(at),
      connection,
      protocol,
      startedAt: at,
      head,
      client: newPart(),
      server: newPart(),
      keepsBodies,
      target: undefined,
      call: openCall(head),
      conversation: openConversation(protocol, stats, keepsBodies),
      response: undefined,
      respondedAt: undefined,
      lastAt: at,
      gap: false,
      cut: false,
      dueAt: at + PROGRESS_EVERY_NS,
      older: undefined,
      newer: undefined,
    }
    noteHost(open)
    streams.push(open)
    openExchanges.add(open)
    stats.exchangesOpen = openExchanges.size
    if (openExchanges.size > options.exchangesOpenMax) evictOldest(at)
  }

  function onLaterMessage(
    connection: Connection,
    at: number,
    message: Exclude<Message, NoPart | { kind: 'request' }>,
  ): void {
    const streams = connections.get(connection)
    const open = streams && find(streams, message.streamId)
    if (open === undefined) {
      stats.messagesWithoutRequest += 1
      return
    }
    open.lastAt = at
    switch (message.kind) {
      case 'interim':
        stats.interimResponses += 1
        return
      case 'response':
        onResponse(open, at, message)
        return
      case 'body':
        open.call?.[message.from].add(message.bytes)
        bodyOf(open, message.from).add(message.bytes)
        return
      case 'passed':
        open.call?.[message.from].pass(message.bytes)
        bodyOf(open, message.from).pass(message.bytes)
        return
      case 'piece':
        open.conversation?.add(at, message)
        if (message.cut) stats.piecesCut += 1
        return
      case 'missing':
        open.gap = true
        open.call?.[message.from].pass(message.bytes)
        if (open.conversation === undefined) bodyOf(open, message.from).skip(message.bytes)
        else open.conversation.miss(message.from, message.bytes)
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

  function end(open: Open, at: number, message: Extract<Message, { kind: 'end' }>): void {
    const { from, wireBytes } = message
    const part = open[from]
    if (part.ended) return
    const cut = message.cut === 'closed' && cameWhole(open, from) ? undefined : message.cut
    part.wireBytes = wireBytes
    part.ambiguous = message.ambiguous
    if (cut === 'gap') open.gap = true
    else if (cut !== undefined) open.cut = true
    endPart(open, from, cut)
    if (open.client.ended && open.server.ended) finish(open, at)
  }

  /** A limit of ours ends the exchange before its time. */
  function evict(open: Open, at: number): void {
    stats.exchangesEvicted += 1
    open.cut = true
    if (!open.client.ended) endPart(open, 'client', 'limit')
    if (!open.server.ended) endPart(open, 'server', 'limit')
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

/** What says something of the connection, not of an exchange. */
type NoPart = Extract<Message, { kind: 'opaque' | 'switch' | 'rest' }>

function isNoPart(message: Message): message is NoPart {
  return message.kind === 'opaque' || message.kind === 'switch' || message.kind === 'rest'
}

function find(streams: Streams, streamId: number): Open | undefined {
  for (let index = streams.length - 1; index >= 0; index -= 1)
    if (streams[index]?.head.streamId === streamId) return streams[index]
  return undefined
}

function newPart(): Part {
  return {
    body: undefined,
    trailers: undefined,
    wireBytes: 0,
    ended: false,
    cut: undefined,
    ambiguous: undefined,
  }
}

/**
 * Of HTTP/2 the frame that ends a message may hold nothing. Who knows from Content-Length that all content
 * is there (RFC 9113 §8.1.1) can close the connection and leave that frame unread.
 */
function cameWhole(open: Open, from: Side): boolean {
  const headers = from === 'client' ? open.head.headers : open.response?.headers
  if (open.head.version !== 'HTTP/2' || headers === undefined) return false
  const length = headers.find(([name]) => name === 'content-length')?.[1]
  return length !== undefined && length === String(open[from].body?.wireBytes ?? 0)
}

/** What a closed or reset stream did not bring never passed; of a gap or a limit nobody knows. */
function endPart(open: Open, from: Side, cut: Cut | undefined): void {
  const part = open[from]
  part.ended = true
  part.cut = cut
  if (cut === undefined) return
  const isAll = cut === 'closed' || cut === 'reset'
  part.body?.skip(isAll ? 0 : undefined)
  if (!isAll) open.call?.[from].pass(undefined)
}

function noStats({ bodyBytesMax, bodiesTotalBytesMax }: PairOptions) {
  return {
    bodyBytesMax,
    bodiesTotalBytesMax,
    bodiesHeldBytes: 0,
    bodiesTruncated: 0,
    /** Exchanges whose content was let go when their response began. */
    bodiesUnwanted: 0,
    conversationsHeldBytes: 0,
    /** Open now. */
    exchangesOpen: 0,
    /** Came out before their end, because too many were open. */
    exchangesEvicted: 0,
    messagesWithoutRequest: 0,
    progressTold: 0,
    /** Not told, because too many were due at once. */
    progressSkipped: 0,
    interimResponses: 0,
    /** Pieces of messages of which not all was read. */
    piecesCut: 0,
    complete: 0,
    truncated: 0,
    gap: 0,
    joined_late: 0,
  } satisfies Record<string, number> & Record<Completeness, number> & ConversationShare
}
