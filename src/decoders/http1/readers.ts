import type { Recognition } from '../decoder.ts'
import { holdsBlankLine, scannedSoFar } from './blank-line.ts'
import { CR, LF } from './characters.ts'
import { readChunkEnd, readChunkSize, readTrailers } from './chunks.ts'
import { becomeOpaque, endMessage, leaveAgreed } from './endings.ts'
import { MORE, NO_START } from './head.ts'
import { beginMessage, HEAD_BYTES_MAX } from './messages.ts'
import { hole, nextToAnswer } from './order.ts'
import { methodInCapitals, recogniseInMiddle, recogniseStart, skipLineEnds } from './recognise.ts'
import { readHunting } from './resync.ts'
import type { Half, Reader, State, Talk } from './talk.ts'

/** Enough to see a method or an HTTP version. */
const FIRST_BYTES = 128
/** Responses without their request, and what follows a CONNECT, wait up to this length. */
const WAITING_BYTES_MAX = 64 * 1024

export const READERS = {
  start: readStart,
  sized: readSized,
  'until-close': readUntilClose,
  'chunk-size': readChunkSize,
  'chunk-data': readChunkData,
  'chunk-end': readChunkEnd,
  trailers: readTrailers,
  hunting: readHunting,
  'switch-asked': readSwitchAsked,
  'switch-agreed': readSwitchAgreed,
  rest: readRest,
  opaque: (_talk, _half, input) => input.length,
} as const satisfies Record<State, Reader>

/** RFC 9112 §2.2: line ends in front of a start line are passed over. */
function readStart(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const first = input[at]
  if (first === CR || first === LF) return skipLineEnds(input, at)
  if (half.from === 'server' && talk.order.trust === 'exact' && nextToAnswer(talk) === undefined) {
    const waits = recogniseStart('server', input, at) !== 'no' && input.length - at <= WAITING_BYTES_MAX
    half.waits = waits
    if (waits) return MORE
  }
  if (half.from === 'client' && talk.order.endedInPiece) talk.order.followsAtOnce = true
  // Most heads are whole, and reading them finds their end.
  if (half.scanned === 0) {
    const end = beginMessage(talk, half, input, at)
    if (end === NO_START) return garbage(talk, half, at)
    if (end !== MORE) return end
  }
  return readSlowHead(talk, half, input, at)
}

/** A head that is long, or stands in more than one chunk: looks for the blank line before reading. */
function readSlowHead(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (half.scanned === 0) half.judged = false
  const limit = Math.min(input.length, at + HEAD_BYTES_MAX)
  if (holdsBlankLine(input, at + half.scanned, limit)) {
    half.scanned = 0
    const end = beginMessage(talk, half, input, at)
    if (end === NO_START) return garbage(talk, half, at)
    if (end !== MORE) return end
  }
  if (!half.judged && !startsWell(half, input, at)) return garbage(talk, half, at)
  if (input.length - at > HEAD_BYTES_MAX) return readLongHead(talk, half, input, at)
  half.scanned = scannedSoFar(input, at)
  return MORE
}

/** Content-Length, RFC 9112 §6.2. */
function readSized(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (half.fresh) {
    const isMissing = contentIsMissing(talk, half, input, at)
    if (isMissing === 'more') return MORE
    if (isMissing === 'yes') {
      endMessage(talk, half)
      return at
    }
  }
  const bytes = Math.min(half.remainingBytes, input.length - at)
  takeContent(talk, half, input, at, bytes)
  half.remainingBytes -= bytes
  if (half.remainingBytes === 0) endMessage(talk, half)
  return at + bytes
}

function readUntilClose(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  takeContent(talk, half, input, at, input.length - at)
  return input.length
}

function readChunkData(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const bytes = Math.min(half.remainingBytes, input.length - at)
  takeContent(talk, half, input, at, bytes)
  half.remainingBytes -= bytes
  if (half.remainingBytes === 0) half.state = 'chunk-end'
  return at + bytes
}

/** Only the response says whether another protocol or another request follows. */
function readSwitchAsked(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  half.waits = true
  if (input.length - at <= WAITING_BYTES_MAX) return MORE
  hole(talk, half)
  return input.length
}

function readSwitchAgreed(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  half.waits = true
  if (input.length - at <= WAITING_BYTES_MAX) return MORE
  leaveAgreed(talk)
  return input.length
}

function readRest(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  talk.out.push({ kind: 'rest', from: half.from, bytes: input.subarray(at) })
  return input.length
}

/**
 * A request that expects `100 Continue` and got its final response instead may never send its content;
 * a response to a HEAD that nobody saw has none. Both show by a start line where the content should begin.
 */
function contentIsMissing(talk: Talk, half: Half, input: Uint8Array, at: number): Recognition {
  const unknownRequest = half.from === 'server' && half.streamId === 0
  const refused = half.from === 'client' && half.expectsContinue && half.streamId === talk.answeredStreamId
  if (!unknownRequest && !refused) return 'no'
  const verdict = recogniseInMiddle(half.from, input, at)
  // A word in small letters is not waited for, so it must not count when it happens to come whole.
  if (verdict === 'yes' && refused && !methodInCapitals(input, at)) return 'no'
  return verdict === 'more' && input.length - at > WAITING_BYTES_MAX ? 'no' : verdict
}

function takeContent(talk: Talk, half: Half, input: Uint8Array, at: number, length: number): void {
  half.fresh = false
  half.wireBytes += length
  if (half.streamId === 0) return
  const bytes = new Uint8Array(input.buffer, input.byteOffset + at, length)
  talk.out.push({ kind: 'body', streamId: half.streamId, from: half.from, bytes })
}

/** No message starts here: another protocol on a connection's first bytes, lost framing later. */
function garbage(talk: Talk, half: Half, at: number): number {
  if (!talk.established) {
    becomeOpaque(talk, 'not this protocol')
    return at
  }
  hole(talk, half)
  half.boundary = false
  return at
}

/** Tells of a message with the fields within the limit, and that the limit cut it. */
function readLongHead(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const end = beginMessage(talk, half, input, at, 'limit')
  if (end === NO_START || end === MORE) return garbage(talk, half, at)
  hole(talk, half)
  half.boundary = false
  return end
}

/** Judges the first bytes as they come, and then the whole first line, once. */
function startsWell(half: Half, input: Uint8Array, at: number): boolean {
  half.judged = input.indexOf(LF, at + half.scanned) !== -1
  const looks = half.judged || half.scanned < FIRST_BYTES
  return !looks || recogniseStart(half.from, input, at) !== 'no'
}
