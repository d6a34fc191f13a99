import { beginFragment, endFragment, loseBlock, takeFragment } from './blocks.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  END_STREAM,
  FRAME_HEADER_BYTES,
  fixedBytes,
  GOAWAY,
  HEADERS,
  isLegal,
  isLikely,
  isOdd,
  isPromised,
  lengthAt,
  PADDED,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  streamIdAt,
  uint31At,
  WINDOW_UPDATE,
} from './frames.ts'
import { PREFACE } from './recognise.ts'
import { doubtSettings, readAck, readSettings, skipSettings } from './settings.ts'
import { dataStream, endPart, endStream, goAway, resetStream, touch } from './streams.ts'
import { type Half, MORE, otherOf, type State, type Talk } from './talk.ts'

/** What a client sends on streams that it has begun; WINDOW_UPDATE also on none. */
const OF_BEGUN_STREAMS: ReadonlySet<number> = new Set([DATA, RST_STREAM, WINDOW_UPDATE])

/** Where nobody knows how many bytes of the client passed unseen. */
const HIDDEN_BYTES_MAX = 1024 * 1024

/** Reads from `at`; returns where the next reader goes on, which may be `at` in another state, or `MORE`. */
type Reader = (talk: Talk, half: Half, input: Uint8Array, at: number) => number

export const READERS = {
  preface: readPreface,
  frame: readFrame,
  data: readContent,
  fragment: readFragment,
  over: readOver,
  opaque: (_talk, _half, input) => input.length,
} as const satisfies Record<Exclude<State, 'hunting'>, Reader>

/** Bytes that must be seen together to read the frame that `input` begins with, or to see that it is none. */
export function unitBytes(talk: Talk, half: Half, input: Uint8Array): number {
  if (input.length < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES
  if (!isExpected(talk, half, input, 0)) return FRAME_HEADER_BYTES
  return FRAME_HEADER_BYTES + fixedBytes(input[3] ?? 0, input[4] ?? 0, lengthAt(input, 0))
}

/**
 * Does the frame at `at` answer what the other side has said, but did not come yet? The two directions are
 * seen by different system calls, and the answer may be handed over first.
 */
export function answersAhead(talk: Talk, half: Half, input: Uint8Array, at: number): boolean {
  if (!half.patient) return false
  const type = input[at + 3]
  if (type === HEADERS || type === RST_STREAM) {
    if (half.from === 'client' || !talk.lastRequestKnown) return false
    const streamId = streamIdAt(input, at)
    return streamId > talk.lastRequestId && isOdd(streamId)
  }
  if (type !== SETTINGS || ((input[at + 4] ?? 0) & ACK) === 0) return false
  const other = otherOf(talk, half)
  return half.exact && other.exact && half.acksSeen >= other.settingsSeen
}

/** This side's frames begin nobody knows where: what was begun is lost, the next boundary searched for. */
export function loseBoundary(talk: Talk, half: Half, missingBytes?: number): void {
  half.held.release()
  half.waits = false
  loseBlock(talk, half)
  doubtSettings(talk, half)
  half.hpack.lose()
  half.exact = false
  half.begun = true
  half.losses += 1
  half.state = 'hunting'
  half.stream = undefined
  talk.inDoubt = true
  talk.share.resyncs += 1
  if (half.from === 'client') hideRequests(talk, half, missingBytes)
  half.trialFrames = 0
}

function hideRequests(talk: Talk, half: Half, missingBytes: number | undefined): void {
  talk.lastRequestKnown = false
  talk.hiddenRequests = true
  talk.hiddenBytes += missingBytes ?? HIDDEN_BYTES_MAX
  // What was taken for frames was none, it seems.
  if (half.trialFrames > 0) talk.lastRequestId = talk.requestIdBefore
}

/** Content passed that nobody saw or read; true when it was all within the frame being read. */
export function missPayload(talk: Talk, half: Half, missingBytes: number): boolean {
  const { state, stream } = half
  if (state !== 'data' && state !== 'fragment' && state !== 'over') return false
  const content = Math.min(missingBytes, half.remainingBytes)
  if (content > 0 && state === 'fragment') {
    half.block.lost = 'gap'
    half.remainingBytes -= content
  } else if (content > 0) {
    half.remainingBytes -= content
    if (stream !== undefined && countContent(half, content))
      talk.out.push({ kind: 'missing', streamId: stream.id, from: half.from, bytes: content })
  }
  const over = Math.min(missingBytes - content, half.overBytes)
  half.overBytes -= over
  countOver(half, over)
  if (half.remainingBytes === 0) contentRead(talk, half)
  return missingBytes === content + over
}

/** What is left of the content in the frame being read, when somebody is told of it. */
export function certainContent(half: Half): number {
  if (half.state !== 'data' || half.stream?.[half.from].phase !== 'open') return 0
  return half.remainingBytes
}

export function passContent(talk: Talk, half: Half, bytes: number): void {
  const { stream } = half
  if (half.state !== 'data' || stream === undefined) return
  half.remainingBytes -= bytes
  if (countContent(half, bytes))
    talk.out.push({ kind: 'passed', streamId: stream.id, from: half.from, bytes })
  if (half.remainingBytes === 0) contentRead(talk, half)
}

/** Nothing that follows is HTTP/2: ends what is open. */
export function becomeOpaque(talk: Talk): void {
  endAll(talk)
  talk.opaque = true
  talk.client.state = 'opaque'
  talk.server.state = 'opaque'
  talk.out.push({ kind: 'opaque', why: 'not this protocol' })
}

export function endAll(talk: Talk): void {
  for (const half of [talk.client, talk.server]) {
    half.held.release()
    half.waits = false
    loseBlock(talk, half)
  }
  for (let stream = talk.streams.oldest; stream !== undefined; stream = talk.streams.oldest)
    endStream(talk, stream, 'closed')
}

/** RFC 9113 §3.4: what a client sends first. */
function readPreface(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  let next = at
  while (next < input.length && half.prefaceBytes < PREFACE.length) {
    if (input[next] !== PREFACE[half.prefaceBytes]) {
      becomeOpaque(talk)
      return next
    }
    half.prefaceBytes += 1
    next += 1
  }
  if (half.prefaceBytes === PREFACE.length) half.state = 'frame'
  return next
}

/** RFC 9113 §4.1 */
function readFrame(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (input.length - at < FRAME_HEADER_BYTES) return MORE
  const length = lengthAt(input, at)
  const type = input[at + 3] ?? 0
  const flags = input[at + 4] ?? 0
  const streamId = streamIdAt(input, at)
  if (!isExpected(talk, half, input, at)) return noFrame(talk, half, at)
  const fixed = fixedBytes(type, flags, length)
  if (input.length - at < FRAME_HEADER_BYTES + fixed) return MORE
  if (answersAhead(talk, half, input, at)) {
    half.waits = true
    return MORE
  }
  half.begun = true
  if (half.trialFrames > 0) half.trialFrames -= 1
  const payload = at + FRAME_HEADER_BYTES
  half.stream = undefined
  half.remainingBytes = 0
  half.overBytes = length - fixed
  switch (type) {
    case DATA:
    case HEADERS:
    case PUSH_PROMISE: {
      const padding = (flags & PADDED) === 0 ? 0 : (input[payload] ?? 0)
      if (fixed + padding > length) return noFrame(talk, half, at)
      half.remainingBytes = length - fixed - padding
      half.overBytes = padding
      if (type === DATA) beginContent(talk, half, flags, streamId, FRAME_HEADER_BYTES + fixed)
      else {
        const promisedId = type === PUSH_PROMISE ? uint31At(input, payload + fixed - 4) : 0
        if (type === PUSH_PROMISE && !isPromised(promisedId)) return noFrame(talk, half, at)
        half.block.streamId = streamId
        beginFragment(half, type, flags, length, promisedId)
        half.state = 'fragment'
      }
      break
    }
    case CONTINUATION:
      if (!half.block.open) {
        half.hpack.lose()
        half.state = 'over'
        break
      }
      half.remainingBytes = length
      half.overBytes = 0
      beginFragment(half, type, flags, length, 0)
      half.state = 'fragment'
      break
    default:
      half.state = 'over'
      readControl(talk, half, type, flags, streamId, input, payload)
  }
  if (half.remainingBytes === 0) contentRead(talk, half)
  return payload + fixed
}

/** Frames that hold neither content nor fields, by what is read of them. */
function readControl(
  talk: Talk,
  half: Half,
  type: number,
  flags: number,
  streamId: number,
  input: Uint8Array,
  payload: number,
): void {
  switch (type) {
    case RST_STREAM:
      resetStream(talk, half.from, streamId)
      return
    case SETTINGS:
      if ((flags & ACK) !== 0) readAck(half)
      // A frame of which not all was asked for together is too long to be read.
      else if (half.overBytes > 0) skipSettings(talk, half)
      else readSettings(talk, half, input, payload, payload + lengthAt(input, payload - FRAME_HEADER_BYTES))
      return
    case GOAWAY:
      if (half.trialFrames === 0) goAway(talk, half.from, uint31At(input, payload))
      return
    case WINDOW_UPDATE: {
      const stream = talk.inDoubt ? talk.streams.find(streamId) : undefined
      if (stream !== undefined) touch(talk, stream, half.from)
      return
    }
    // PRIORITY, PING, and what extensions brought (RFC 9113 §5.5).
    default:
  }
}

/** RFC 9113 §6.1 */
function beginContent(talk: Talk, half: Half, flags: number, streamId: number, headBytes: number): void {
  half.stream = dataStream(talk, half.from, streamId)
  half.endsStream = (flags & END_STREAM) !== 0
  if (half.stream !== undefined) half.stream[half.from].wireBytes += headBytes
  half.state = 'data'
}

function readContent(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const length = Math.min(half.remainingBytes, input.length - at)
  const { stream } = half
  half.remainingBytes -= length
  if (stream !== undefined && countContent(half, length)) {
    const bytes = new Uint8Array(input.buffer, input.byteOffset + at, length)
    talk.out.push({ kind: 'body', streamId: stream.id, from: half.from, bytes })
  }
  if (half.remainingBytes === 0) contentRead(talk, half)
  return at + length
}

function readFragment(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const length = Math.min(half.remainingBytes, input.length - at)
  takeFragment(talk, half, input, at, length)
  if (half.remainingBytes === 0) contentRead(talk, half)
  return at + length
}

function readOver(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const length = Math.min(half.overBytes, input.length - at)
  half.overBytes -= length
  countOver(half, length)
  contentRead(talk, half)
  return at + length
}

/** What counts in the frame was read: behind its padding the next one begins. */
function contentRead(talk: Talk, half: Half): void {
  if (half.overBytes > 0) {
    half.state = 'over'
    return
  }
  const { stream } = half
  half.state = 'frame'
  half.stream = undefined
  endFragment(talk, half)
  if (stream !== undefined && half.endsStream) endPart(talk, stream, half.from)
}

/** False when the stream's message ended meanwhile, and nobody is told of its content. */
function countContent({ stream, from }: Half, bytes: number): boolean {
  const part = stream?.[from]
  if (part?.phase !== 'open') return false
  part.wireBytes += bytes
  return true
}

function countOver({ stream, from }: Half, bytes: number): void {
  if (stream !== undefined) stream[from].wireBytes += bytes
}

/** RFC 9113 §4.2, §5.1, §6.10: a frame that may stand here, and on trial one that looks like most. */
function isExpected(talk: Talk, half: Half, input: Uint8Array, at: number): boolean {
  const length = lengthAt(input, at)
  const type = input[at + 3] ?? 0
  const flags = input[at + 4] ?? 0
  const streamId = streamIdAt(input, at)
  if (length > half.frameBytesMax || !isLegal(half.from, type, flags, length, streamId)) return false
  if (half.block.open) return type === CONTINUATION && streamId === half.block.streamId
  if (!half.begun) return type === SETTINGS && (flags & ACK) === 0
  if (half.trialFrames > 0 && !isLikely(half.from, input, at, input.length)) return false
  return !OF_BEGUN_STREAMS.has(type) || !isIdle(talk, half, streamId)
}

/** A stream of the client begins with its HEADERS (RFC 9113 §5.1): on one not begun there are no frames. */
function isIdle(talk: Talk, half: Half, streamId: number): boolean {
  return half.from === 'client' && talk.lastRequestKnown && isOdd(streamId) && streamId > talk.lastRequestId
}

/** Another protocol on a connection's first bytes, lost framing later. */
function noFrame(talk: Talk, half: Half, at: number): number {
  if (half.begun) loseBoundary(talk, half)
  else becomeOpaque(talk)
  return at
}
