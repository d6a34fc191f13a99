import type { Side } from '../connections/index.ts'
import type { Message } from './message.ts'

/**
 * Turns the two byte streams of one connection into messages.
 * Does no IO, reads no clock, never throws on what came off the wire; holds a bounded number of bytes.
 * Chunks are borrowed: what must outlive the call is copied. The messages returned may point into the chunk.
 */
export interface Decoder {
  bytes(from: Side, chunk: Uint8Array): readonly Message[]
  /** `missingBytes` is undefined when even the length of the hole is unknown. */
  gap(from: Side, missingBytes: number | undefined): readonly Message[]
  closed(): readonly Message[]
}

/** Said of the first bytes of a connection's side. `more`: too few bytes to tell. */
export type Recognition = 'yes' | 'no' | 'more'

/** One protocol: a literal of this shape, listed in `registry.ts`. */
export interface Protocol {
  /** The word in outputs, e.g. `http1`. */
  readonly type: string
  /** Is this the protocol? Sees the first bytes of one side (of the middle of a stream when `joinedLate`). */
  recognise(from: Side, start: Uint8Array): Recognition
  open(options: { readonly joinedLate: boolean }): Decoder
}
