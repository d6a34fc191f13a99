import type { Side } from '../../connections/index.ts'
import type { Agreement } from './extensions.ts'
import {
  FRAME_HEAD_BYTES_MAX,
  type Frame,
  isAllowed,
  isControl,
  isData,
  MORE,
  noFrame,
  OPCODES,
  readFrameHead,
} from './frame.ts'
import { type Half, makeRoom, release, type Talk } from './talk.ts'

/**
 * One pair of bytes in thirty-odd looks like a head by chance, so one head proves nothing. A frame that ends
 * where its chunk ends is worth two more: chunk and frame were written together.
 */
const PROOF = 4
const EXACT_END = 2
const WRONG = -1
/** A length above this is not believed before its frame is proven. */
const UNPROVEN_FRAME_BYTES_MAX = 16 * 1024 * 1024
/** Of what may be frames, so much is kept until they are proven; past it only their lengths are followed. */
const UNPROVEN_BYTES_MAX = 64 * 1024
const NOTHING = new Uint8Array(0)

/**
 * What would follow if a chunk had begun with a frame. Its first frame only serves as proof: the end of
 * another one, taken for a frame of its own, would lead to the same frames behind.
 */
export interface Trail {
  score: number
  /** Of the payload passing now. */
  remainingBytes: number
  readonly head: Uint8Array
  headLength: number
  readonly frame: Frame
  hasBegun: boolean
  /** Where in this chunk the part behind the first frame begins; -1 while that is still to come. */
  behindFirst: number
  /** Where in its chunk the proof came, and whether that was behind a head. */
  at: number
  inFrame: boolean
  message: 'unknown' | 'open' | 'none'
  closed: boolean
  /** All behind its first frame is held. */
  isKept: boolean
}

/** Where reading goes on: with `held`, then with the chunk from `at`. */
export interface Found {
  readonly held: Uint8Array
  readonly at: number
  /** `frame` is the one whose payload comes first. */
  readonly inFrame: boolean
  readonly frame: Frame
}

type Verdict = 'wrong' | 'open' | 'proven'

/** Looks for frames that begin where a chunk begins; undefined until they are proven. */
export function readHunting(talk: Talk, half: Half, chunk: Uint8Array): Found | undefined {
  const { from, trail } = half
  if (trail !== undefined && follow(trail, from, talk.agreement, chunk) === 'proven')
    return found(talk, half, trail)
  const fresh = newTrail()
  const verdict = follow(fresh, from, talk.agreement, chunk)
  const isBetter = trail === undefined || trail.score < fresh.score
  if (verdict === 'wrong' ? trail?.score === WRONG : isBetter) {
    talk.share.skippedBytes += half.heldLength
    release(talk, half)
    half.trail = verdict === 'wrong' ? undefined : fresh
  }
  if (verdict === 'proven' && half.trail === fresh) return found(talk, half, fresh)
  keep(talk, half, chunk)
  return undefined
}

function found(talk: Talk, half: Half, trail: Trail): Found {
  const held = (half.held ?? NOTHING).subarray(0, half.heldLength)
  const { isKept, frame } = trail
  const at = isKept ? trail.behindFirst : trail.at
  talk.share.skippedBytes += at
  release(talk, half)
  half.trail = undefined
  return { held, at, inFrame: !isKept && trail.inFrame, frame }
}

function keep(talk: Talk, half: Half, chunk: Uint8Array): void {
  const { trail, heldLength } = half
  const begin = trail?.isKept === true && trail.behindFirst !== -1 ? trail.behindFirst : chunk.length
  talk.share.skippedBytes += begin
  if (trail === undefined || begin === chunk.length) return
  const bytes = chunk.length - begin
  const room = heldLength + bytes > UNPROVEN_BYTES_MAX ? undefined : makeRoom(talk, half, bytes)
  if (room !== undefined) {
    room.set(chunk.subarray(begin))
    return
  }
  trail.isKept = false
  talk.share.skippedBytes += heldLength + bytes
  release(talk, half)
}

function newTrail(): Trail {
  return {
    score: 0,
    remainingBytes: 0,
    head: new Uint8Array(FRAME_HEAD_BYTES_MAX),
    headLength: 0,
    frame: noFrame(),
    hasBegun: false,
    behindFirst: -1,
    at: 0,
    inFrame: false,
    message: 'unknown',
    closed: false,
    isKept: true,
  }
}

/** Goes from head to head; a trail that is found wrong has the score `WRONG`. */
function follow(trail: Trail, from: Side, agreement: Agreement, chunk: Uint8Array): Verdict {
  let at = 0
  if (trail.behindFirst > 0) trail.behindFirst = 0
  while (trail.score < PROOF) {
    const passed = Math.min(trail.remainingBytes, chunk.length - at)
    trail.remainingBytes -= passed
    at += passed
    trail.inFrame = false
    if (trail.remainingBytes > 0) return 'open'
    if (trail.hasBegun && trail.behindFirst === -1) trail.behindFirst = at
    if (at === chunk.length) {
      trail.score += EXACT_END
      if (trail.score < PROOF) return 'open'
    } else {
      const length = takeHead(trail, chunk, at)
      if (length === MORE) return 'open'
      if (length < 0 || !isLikely(trail, from, agreement)) {
        trail.score = WRONG
        return 'wrong'
      }
      at += length
      trail.inFrame = true
      trail.hasBegun = true
    }
  }
  trail.at = at
  return 'proven'
}

/** Gives how many of the chunk's bytes the head takes, or what `readFrameHead` gives instead. */
function takeHead(trail: Trail, chunk: Uint8Array, at: number): number {
  const { head, headLength, frame } = trail
  const added = Math.min(head.length - headLength, chunk.length - at)
  head.set(chunk.subarray(at, at + added), headLength)
  const length = readFrameHead(head, 0, headLength + added, frame)
  trail.headLength = length === MORE ? headLength + added : 0
  return length < 0 ? length : length - headLength
}

/** Takes the head into account; false when no sender that keeps to RFC 6455 §5.4 would send it there. */
function isLikely(trail: Trail, from: Side, agreement: Agreement): boolean {
  const { frame } = trail
  const { final, payloadBytes, opcode } = frame
  if (trail.closed || !isAllowed(frame, from, agreement)) return false
  if (!frame.shortest || payloadBytes > UNPROVEN_FRAME_BYTES_MAX) return false
  if (isData(frame)) {
    const continues = opcode === OPCODES.continuation
    if (trail.message === (continues ? 'none' : 'open')) return false
    trail.message = final ? 'none' : 'open'
  }
  trail.closed = opcode === OPCODES.close
  trail.remainingBytes = payloadBytes
  // A run of zeros would be a run of empty frames that are not final.
  if (final && (payloadBytes > 0 || isControl(frame))) trail.score += 1
  return true
}
