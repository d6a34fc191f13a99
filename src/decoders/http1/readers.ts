import { parseFields } from './head.ts'
import { becomeOpaque, beginMessage, endMessage, HEAD_BYTES_MAX, lose, NO_START } from './messages.ts'
import { hole, nextToAnswer } from './order.ts'
import { recogniseInMiddle, recogniseStart, skipLineEnds } from './recognise.ts'
import { readHunting } from './resync.ts'
import { type Half, MORE, type Reader, type State, type Talk } from './talk.ts'

/** Read at once, without looking for its end first. */
const SHORT_HEAD_BYTES = 2048
/** Enough to see a method or an HTTP version. */
const FIRST_BYTES = 128
/** Responses without their request, and what follows a CONNECT, wait up to this length. */
const WAITING_BYTES_MAX = 64 * 1024
/** Leading zeros included. */
const CHUNK_SIZE_DIGITS_MAX = 256
/** Chunk extensions included. */
const CHUNK_LINE_BYTES_MAX = 16 * 1024

const LF = 10
const CR = 13
const BLANK = Buffer.from('\n\r\n')
const BARE_BLANK = Buffer.from('\n\n')

export const READERS = {
  start: readStart,
  sized: readSized,
  'until-close': readUntilClose,
  'chunk-size': readChunkSize,
  'chunk-data': readChunkData,
  'chunk-end': readChunkEnd,
  trailers: readTrailers,
  hunting: readHunting,
  'connect-sent': readConnectSent,
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
  // Most heads are short and whole, and reading them finds their end.
  if (half.scanned === 0) {
    const text = latin1(input, at, Math.min(input.length, at + SHORT_HEAD_BYTES))
    const used = beginMessage(talk, half, text)
    if (used === NO_START) return garbage(talk, half, at)
    if (used !== MORE) return at + used
  }
  return readSlowHead(talk, half, input, at)
}

/** A head that is long, or stands in more than one chunk: looks for the blank line before reading. */
function readSlowHead(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (half.scanned === 0) half.judged = false
  const block = takeBlock(half, input, at)
  if (block !== undefined) {
    half.scanned = 0
    const used = beginMessage(talk, half, block)
    if (used === NO_START) return garbage(talk, half, at)
    if (used !== MORE) return at + used
  }
  if (!half.judged && !startsWell(half, input, at)) return garbage(talk, half, at)
  if (input.length - at > HEAD_BYTES_MAX) return readLongHead(talk, half, input, at)
  half.scanned = Math.max(1, input.length - at - BLANK.length + 1)
  return MORE
}

/** Content-Length, RFC 9112 §6.2. */
function readSized(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (half.fresh && contentIsMissing(talk, half, input, at)) return at
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

/** RFC 9112 §7.1: the size is hex; what follows ";" is an extension and says nothing about the content. */
function readChunkSize(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const end = input.indexOf(LF, at + half.scanned)
  const lineBytes = (end === -1 ? input.length : end) - at
  if (lineBytes > CHUNK_LINE_BYTES_MAX) return unframed(talk, half, at)
  const size = parseChunkSize(input, at, at + lineBytes)
  if (size === -1) return unframed(talk, half, at)
  if (end === -1) {
    half.scanned = lineBytes
    return MORE
  }
  half.scanned = 0
  half.wireBytes += lineBytes + 1
  half.remainingBytes = size
  half.state = size === 0 ? 'trailers' : 'chunk-data'
  return end + 1
}

function readChunkData(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const bytes = Math.min(half.remainingBytes, input.length - at)
  takeContent(talk, half, input, at, bytes)
  half.remainingBytes -= bytes
  if (half.remainingBytes === 0) half.state = 'chunk-end'
  return at + bytes
}

function readChunkEnd(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const lineEnd = lineEndAt(input, at)
  if (lineEnd === MORE) return MORE
  if (lineEnd === 0) return unframed(talk, half, at)
  half.wireBytes += lineEnd
  half.state = 'chunk-size'
  return at + lineEnd
}

/** RFC 9112 §7.1.2: fields, if any, then a blank line. */
function readTrailers(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const lineEnd = lineEndAt(input, at)
  if (lineEnd === MORE) return MORE
  if (lineEnd > 0) {
    half.wireBytes += lineEnd
    endMessage(talk, half)
    return at + lineEnd
  }
  const block = takeBlock(half, input, at)
  if (block === undefined) {
    half.scanned = Math.max(0, input.length - at - BLANK.length + 1)
    if (input.length - at <= HEAD_BYTES_MAX) return MORE
    lose(talk, half, 'limit')
    return at
  }
  const used = parseFields(block, 0, talk.fields)
  tellTrailers(talk, half)
  half.wireBytes += used
  endMessage(talk, half)
  return at + used
}

/** After CONNECT only its response says whether a tunnel or another request follows. */
function readConnectSent(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  half.waits = true
  if (input.length - at <= WAITING_BYTES_MAX) return MORE
  hole(talk, half)
  return input.length
}

/**
 * A request that expects `100 Continue` and got its final response instead may never send its content;
 * a response to a HEAD that nobody saw has none. Both show by a start line where the content should begin.
 */
function contentIsMissing(talk: Talk, half: Half, input: Uint8Array, at: number): boolean {
  const unknownRequest = half.from === 'server' && half.streamId === 0
  const refused = half.from === 'client' && half.expectsContinue && half.streamId === talk.answeredStreamId
  if (!unknownRequest && !refused) return false
  if (recogniseInMiddle(half.from, input, at) !== 'yes') return false
  endMessage(talk, half)
  return true
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

/** A chunk's framing is broken, so the end of the message is not known. */
function unframed(talk: Talk, half: Half, at: number): number {
  lose(talk, half, 'gap')
  return at
}

/** Tells of a message with the fields within the limit, and that the limit cut it. */
function readLongHead(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const used = beginMessage(talk, half, latin1(input, at, at + HEAD_BYTES_MAX), 'limit')
  if (used === NO_START || used === MORE) return garbage(talk, half, at)
  hole(talk, half)
  half.boundary = false
  return at + used
}

/** Text from `at` that holds a blank line of either kind; undefined when there is none within the limit. */
function takeBlock(half: Half, input: Uint8Array, at: number): string | undefined {
  const end = Math.min(input.length, at + HEAD_BYTES_MAX)
  const begin = at + half.scanned
  const search = Buffer.from(input.buffer, input.byteOffset + begin, Math.max(0, end - begin))
  let found = search.indexOf(BLANK)
  if (found === -1) found = search.indexOf(BARE_BLANK)
  return found === -1 ? undefined : latin1(input, at, Math.min(end, begin + found + BLANK.length))
}

function latin1(input: Uint8Array, begin: number, end: number): string {
  return Buffer.prototype.toString.call(input, 'latin1', begin, end)
}

/** Judges the first bytes as they come, and then the whole first line, once. */
function startsWell(half: Half, input: Uint8Array, at: number): boolean {
  half.judged = input.indexOf(LF, at + half.scanned) !== -1
  const looks = half.judged || half.scanned < FIRST_BYTES
  return !looks || recogniseStart(half.from, input, at) !== 'no'
}

/** Length of the line end at `at`; 0 when something else stands there. */
function lineEndAt(input: Uint8Array, at: number): number {
  if (input[at] === LF) return 1
  if (input[at] !== CR) return 0
  if (at + 1 >= input.length) return MORE
  return input[at + 1] === LF ? 2 : 0
}

function tellTrailers(talk: Talk, half: Half): void {
  if (half.streamId === 0) return
  const headers = talk.fields.headers
  if (headers.length === 0) return
  talk.out.push({ kind: 'trailers', streamId: half.streamId, from: half.from, headers })
}

/** Of a line that may not be whole yet; -1 when it can't become one. */
function parseChunkSize(input: Uint8Array, begin: number, end: number): number {
  let size = 0
  let at = begin
  for (; at < end; at += 1) {
    const digit = hexDigit(input[at] ?? 0)
    if (digit === -1) break
    size = size * 16 + digit
    if (size > Number.MAX_SAFE_INTEGER) return -1
  }
  if (at === begin || at - begin > CHUNK_SIZE_DIGITS_MAX) return -1
  const after = input[at]
  const ends = at >= end || after === CR || after === 0x3b || after === 0x20 || after === 0x09
  return ends ? size : -1
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
