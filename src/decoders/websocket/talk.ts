import type { Side } from '../../connections/index.ts'
import type { DecoderShare } from '../decoder.ts'
import type { Message, PieceType } from '../message.ts'
import type { Agreement } from './extensions.ts'
import { FRAME_HEAD_BYTES_MAX, type Frame, noFrame } from './frame.ts'
import type { Trail } from './hunting.ts'
import { type Context, openContext } from './inflate.ts'

/** A connection that became a conversation is one exchange. */
export const STREAM_ID = 1
export const EMPTY = new Uint8Array(0)

/**
 * What a side is in the middle of. `hunting`: where the next frame begins is not known. `over`: its Close
 * was seen.
 */
export type State = 'head' | 'payload' | 'hunting' | 'over'

/** The data message whose frames are being read. */
export interface Open {
  readonly type: Extract<PieceType, 'text' | 'binary'>
  /** How its content can be read; `unreadable` too when a part of what was compressed is lost. */
  coding: 'plain' | 'deflate' | 'unreadable'
}

/** One direction of the connection. */
export interface Half {
  readonly from: Side
  readonly context: Context
  state: State
  /** The beginning of a frame's head, its end in a chunk to come. */
  readonly head: Uint8Array
  headLength: number
  /** The one being read, or the last one. */
  frame: Frame
  /** What is left of the frame's payload. */
  remainingBytes: number
  /** Payload bytes of the frame before the next one, modulo 4. */
  phase: number
  open: Open | undefined
  /** Content of the control frame being read. */
  control: Uint8Array
  controlLength: number
  /** Of the control frame's payload, so much passed unseen. */
  controlMissingBytes: number
  /** Copy of the compressed beginning of the open message, or of what may be frames: its own buffer. */
  held: Uint8Array | undefined
  heldLength: number
  trail: Trail | undefined
  /** All that passed. */
  wireBytes: number
}

/** Both directions of one connection, and what was found in the chunk being read. */
export interface Talk {
  readonly client: Half
  readonly server: Half
  readonly agreement: Agreement
  readonly share: DecoderShare
  out: Message[]
}

export function openTalk(agreement: Agreement, share: DecoderShare): Talk {
  return {
    client: openHalf('client', agreement),
    server: openHalf('server', agreement),
    agreement,
    share,
    out: [],
  }
}

function openHalf(from: Side, { contextBytes }: Agreement): Half {
  return {
    from,
    context: openContext(contextBytes[from]),
    state: 'head',
    head: new Uint8Array(FRAME_HEAD_BYTES_MAX),
    headLength: 0,
    frame: noFrame(),
    remainingBytes: 0,
    phase: 0,
    open: undefined,
    control: EMPTY,
    controlLength: 0,
    controlMissingBytes: 0,
    held: undefined,
    heldLength: 0,
    trail: undefined,
    wireBytes: 0,
  }
}

export function tellPiece(
  talk: Talk,
  half: Half,
  type: PieceType,
  bytes: Uint8Array,
  wireBytes: number,
  marks: { readonly ends: boolean; readonly cut: boolean },
): void {
  const { ends, cut } = marks
  talk.out.push({ kind: 'piece', streamId: STREAM_ID, from: half.from, type, bytes, wireBytes, ends, cut })
}

/**
 * Room for `bytes` more behind what the half holds; undefined, and all as it was, past the shared bound.
 */
export function makeRoom(talk: Talk, half: Half, bytes: number): Uint8Array | undefined {
  const needed = half.heldLength + bytes
  if (half.held === undefined || half.held.length < needed) {
    const capacity = half.heldLength === 0 ? needed : needed * 2
    const grown = capacity - (half.held?.length ?? 0)
    if (talk.share.heldBytes + grown > talk.share.heldBytesMax) return undefined
    talk.share.heldBytes += grown
    const larger = new Uint8Array(capacity)
    if (half.held !== undefined) larger.set(half.held.subarray(0, half.heldLength))
    half.held = larger
  }
  const room = half.held.subarray(half.heldLength, needed)
  half.heldLength = needed
  return room
}

/** Gives up what the half holds. Messages that point into it stay valid: the buffer is not used again. */
export function release(talk: Talk, half: Half): void {
  talk.share.heldBytes -= half.held?.length ?? 0
  half.held = undefined
  half.heldLength = 0
}
