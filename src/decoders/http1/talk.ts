import type { Side } from '../../connections/index.ts'
import type { DecoderShare } from '../decoder.ts'
import type { Message, RequestHead, Switched } from '../message.ts'
import { type Head, newHead } from './head.ts'

/** What a side is in the middle of; each has one reader. */
export type State =
  | 'start'
  | 'sized'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'hunting'
  /** The client asked for another protocol, so only the response says what it sends next. */
  | 'switch-asked'
  /** The server agreed before all of the request was seen. */
  | 'switch-agreed'
  /** Another protocol's bytes. */
  | 'rest'
  | 'opaque'

/** Reads from `at`; returns where the next reader goes on, which may be `at` in another state, or `MORE`. */
export type Reader = (talk: Talk, half: Half, input: Uint8Array, at: number) => number

/** One direction of the connection. */
export interface Half {
  readonly from: Side
  state: State
  /** Copy of bytes whose reader needs more before it can go on; its own buffer, never written over. */
  held: Uint8Array | undefined
  heldLength: number
  /** How many of the held bytes came before the chunk now read. */
  heldBefore: number
  /** Bytes from the unit's begin that need no second search for its end. */
  scanned: number
  /** The first line of the head being held is whole, and is a start line. */
  judged: boolean
  /** The reader waits for the other side, not for more bytes. */
  waits: boolean
  /** Of the sized content or of the current chunk. */
  remainingBytes: number
  /** Of the message being read: all that passed of it. */
  wireBytes: number
  /** Of the message being read; 0 between messages, and in one that nobody is told of. */
  streamId: number
  /** No byte of the content was seen yet. */
  fresh: boolean
  /** The request waits for `100 Continue` before it sends content. */
  expectsContinue: boolean
  /** Hunting: the next byte may begin a message. */
  boundary: boolean
  /** Hunting: the bytes before ended with LF (1) or LF CR (2). */
  carry: number
  /** What was ambiguous in the message being read, and is not yet told of; flags of `ambiguities.ts`. */
  doubts: number
  /** Bytes of this side so far can be cut into messages in two ways. */
  splits: boolean
}

/** A request whose response has not ended. */
export interface Pending {
  readonly streamId: number
  readonly head: RequestHead
  /** Paired by assuming that the client sends one request at a time, not by counting. */
  readonly assumed: boolean
  /** Bytes of interim responses so far. */
  interimBytes: number
}

/**
 * How responses find their requests. `exact`: every message was seen, so order decides. `lockstep`:
 * messages may have passed unseen, but the client was never seen to send a request before the last
 * response ended, so the next response answers the last request. `lost`: messages passed unseen and
 * requests overlap: no response can be attributed with certainty.
 */
export type Trust = 'exact' | 'lockstep' | 'lost'

export interface Order {
  trust: Trust
  /** A response ended after the request behind its own had begun. */
  pipelines: boolean
  /** The request that begins stands in one piece with the one before it: nothing was waited for. */
  followsAtOnce: boolean
  /** A request ended in the piece of the client's bytes that is being read. */
  endedInPiece: boolean
  /** The client was seen to wait for a response before it sent the next request. */
  waits: boolean
  /** A request passed unseen for certain: if the client waits, its response comes before the next request. */
  hiddenRequest: boolean
  /** In order; the first may be being answered. */
  readonly queue: Pending[]
  /** At most so many responses to requests that are not in the queue can still come. */
  owedMax: number
  requestsThisTurn: number
  responsesThisTurn: number
  /** Turns of exactly one request, then exactly one response, in a row. */
  cleanTurns: number
}

/** Both directions of one connection, and what was found in the chunk being read. */
export interface Talk {
  readonly client: Half
  readonly server: Half
  readonly order: Order
  readonly head: Head
  readonly share: DecoderShare
  out: Message[]
  nextStreamId: number
  /** Nothing speaks against HTTP being what this connection began with. */
  established: boolean
  opaque: boolean
  /** Last stream whose response ended. */
  answeredStreamId: number
  /** The request that asked for another protocol, while its answer is to come; else 0. */
  askedStreamId: number
  /** Agreed to; it waits for the end of the request. */
  agreed: Switched | undefined
}

export function openTalk(share: DecoderShare, joinedLate: boolean): Talk {
  return {
    client: openHalf('client', joinedLate),
    server: openHalf('server', joinedLate),
    order: {
      trust: joinedLate ? 'lockstep' : 'exact',
      pipelines: false,
      followsAtOnce: false,
      endedInPiece: false,
      waits: false,
      hiddenRequest: false,
      queue: [],
      owedMax: joinedLate ? Number.POSITIVE_INFINITY : 0,
      requestsThisTurn: 0,
      responsesThisTurn: 0,
      cleanTurns: 0,
    },
    head: newHead(),
    share,
    out: [],
    nextStreamId: 1,
    established: joinedLate,
    opaque: false,
    answeredStreamId: 0,
    askedStreamId: 0,
    agreed: undefined,
  }
}

function openHalf(from: Side, joinedLate: boolean): Half {
  return {
    from,
    state: joinedLate ? 'hunting' : 'start',
    held: undefined,
    heldLength: 0,
    heldBefore: 0,
    scanned: 0,
    judged: false,
    waits: false,
    remainingBytes: 0,
    wireBytes: 0,
    streamId: 0,
    fresh: false,
    expectsContinue: false,
    boundary: true,
    carry: 0,
    doubts: 0,
    splits: false,
  }
}
