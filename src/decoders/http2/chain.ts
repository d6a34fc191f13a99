import type { Side } from '../../connections/index.ts'
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  FRAME_HEADER_BYTES,
  HEADERS,
  isLikely,
  isOdd,
  lengthAt,
  PUSH_PROMISE,
  SETTINGS,
  streamIdAt,
} from './frames.ts'

/** Judgements of a place where frames may begin; any other is how many bytes more it takes to tell. */
export const PROVEN = 0
export const REFUTED = -1

/**
 * A place is proven by three frames in a row. One less will do when the first begins where the sender's call
 * did, and one less when the last ends where it did. All that can be seen of so many must agree.
 */
const PROOFS = 3
const FRAMES_LOOKED_AT = 16
/** A frame must end before the next can be looked at: so long a one is waited for. */
const FRAME_BYTES_WAITED_FOR = 16_384

/** What is known of where the bytes to be judged begin and end. */
export interface ChainEdges {
  /** The first is the first of a chunk. */
  readonly begins: boolean
  /** The last is the last of a chunk. */
  readonly ends: boolean
}

export interface ChainLimits {
  /** Longer frames are not believed. */
  readonly frameBytesMax: number
  /** Higher ids of streams that the client began are not believed. */
  readonly requestIdMax: number
  /** Nor are higher ones of streams that the server began. */
  readonly promisedIdMax: number
}

/** Do frames follow one another from `begin` to `end`, or beyond it (RFC 9113 §4.1)? */
export function judgeChain(
  from: Side,
  input: Uint8Array,
  begin: number,
  end: number,
  limits: ChainLimits,
  edges: ChainEdges,
): number {
  let at = begin
  let frames = 0
  let blockStreamId = 0
  while (frames < FRAMES_LOOKED_AT && at + FRAME_HEADER_BYTES <= end) {
    if (!isBelieved(from, input, at, end, limits) || !follows(input, at, frames, blockStreamId))
      return REFUTED
    const length = lengthAt(input, at)
    frames += 1
    if (length > FRAME_BYTES_WAITED_FOR) return frames > 1 ? PROVEN : REFUTED
    blockStreamId = opensBlock(input, at) ? streamIdAt(input, at) : 0
    at += FRAME_HEADER_BYTES + length
  }
  if (at < end && limits.frameBytesMax <= 0xffff && input[at] !== 0) return REFUTED
  const proofs = frames + (edges.begins ? 1 : 0) + (edges.ends && at === end ? 1 : 0)
  return frames > 0 && proofs >= PROOFS ? PROVEN : at + FRAME_HEADER_BYTES - end
}

function isBelieved(
  from: Side,
  input: Uint8Array,
  at: number,
  end: number,
  { frameBytesMax, requestIdMax, promisedIdMax }: ChainLimits,
): boolean {
  const streamId = streamIdAt(input, at)
  if (streamId > (isOdd(streamId) ? requestIdMax : promisedIdMax)) return false
  return lengthAt(input, at) <= frameBytesMax && isLikely(from, input, at, end)
}

/**
 * RFC 9113 §6.10: nothing comes between the frames of a header block. Settings that say nothing do not come
 * second.
 */
function follows(input: Uint8Array, at: number, before: number, blockStreamId: number): boolean {
  const type = input[at + 3]
  if (blockStreamId !== 0) return type === CONTINUATION && streamIdAt(input, at) === blockStreamId
  if (before === 0) return true
  if (type !== SETTINGS || ((input[at + 4] ?? 0) & ACK) !== 0) return type !== CONTINUATION
  return lengthAt(input, at) > 0
}

function opensBlock(input: Uint8Array, at: number): boolean {
  const type = input[at + 3]
  const holdsFields = type === HEADERS || type === PUSH_PROMISE || type === CONTINUATION
  return holdsFields && ((input[at + 4] ?? 0) & END_HEADERS) === 0
}
