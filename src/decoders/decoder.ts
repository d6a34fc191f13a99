import type { Side } from '../connections/index.ts'
import type { Message, Switched } from './message.ts'

/**
 * Turns the two byte streams of one connection into messages.
 * Does no IO, reads no clock, never throws on what came off the wire; holds a bounded number of bytes.
 * Chunks are borrowed: what must outlive the call is copied. The messages returned may point into the chunk.
 */
export interface Decoder {
  bytes(from: Side, chunk: Uint8Array): readonly Message[]
  /** `missingBytes` is undefined when even the length of the hole is unknown. */
  gap(from: Side, missingBytes: number | undefined): readonly Message[]
  /** How many of this side's next bytes are content for certain; 0 when they may be anything. */
  contentAhead(from: Side): number
  /** So many bytes of `contentAhead` passed, and nobody wants to read them. */
  pass(from: Side, bytes: number): readonly Message[]
  closed(): readonly Message[]
}

/** What all decoders of one stage share: what they count, and how many bytes they may hold together. */
export interface DecoderShare {
  /** Times a side had to look for the next message start. */
  resyncs: number
  /** Responses not told of, because it is not certain to which request they belong. */
  responsesUnpaired: number
  /** Requests seen whose response, if it comes, cannot be told from others. */
  requestsUnpaired: number
  /** Bytes passed over while looking for a message start. */
  skippedBytes: number
  /** Header blocks of HTTP/2 that could not be read: cut by a gap, over a limit, or broken. */
  headerBlocksLost: number
  /** Streams of HTTP/2 ended before their time, because too many were open. */
  streamsEvicted: number
  /** Bytes held now: parts of heads, responses that overtook their request, and open streams of HTTP/2. */
  heldBytes: number
  /** Past this, a side that wants to hold more loses its message (cut `limit`). */
  readonly heldBytesMax: number
}

/** Said of the first bytes of a connection's side. `more`: too few bytes to tell. */
export type Recognition = 'yes' | 'no' | 'more'

export interface OpenOptions {
  readonly joinedLate: boolean
  readonly share?: DecoderShare
  /** The exchange of another protocol that led here. */
  readonly switched?: Switched | undefined
}

/** One protocol: a literal of this shape, listed in `registry.ts`. */
export interface Protocol {
  /** The word in outputs, e.g. `http1`. */
  readonly type: string
  /** Is this the protocol? Sees the first bytes of one side (of the middle of a stream when `joinedLate`). */
  recognise(from: Side, start: Uint8Array): Recognition
  /** Tokens of `Upgrade` that lead here, in lower case. */
  readonly upgrades?: readonly string[]
  open(options: OpenOptions): Decoder
}

/** 64 MiB: 1,000 connections that each hold a head of 64 KiB. */
const HELD_BYTES_MAX = 64 * 1024 * 1024

export function openShare(heldBytesMax = HELD_BYTES_MAX): DecoderShare {
  return {
    resyncs: 0,
    responsesUnpaired: 0,
    requestsUnpaired: 0,
    skippedBytes: 0,
    headerBlocksLost: 0,
    streamsEvicted: 0,
    heldBytes: 0,
    heldBytesMax,
  }
}
