import {
  BARE_CR,
  CHUNK_LINE_END,
  CHUNK_OVERRUN,
  CHUNK_SIZE_INVALID,
  CHUNK_SIZE_OVERFLOWS,
  CONTROL_IN_FIELD,
  EMPTY_FIELD_NAME,
  FIELD_NAME_NOT_TOKEN,
  FOLDED_LINE,
  FORBIDDEN_TRAILER,
  LINE_WITHOUT_COLON,
  SPACE_BEFORE_COLON,
  SPACE_BEFORE_FIELDS,
} from './ambiguities.ts'
import { holdsBlankLine, scannedSoFar } from './blank-line.ts'
import { CR, HTAB, LF, latin1, SP } from './characters.ts'
import { doubt, endMessage, lose } from './endings.ts'
import { findFields, takeFields } from './fields.ts'
import { clearHead, MORE } from './head.ts'
import { HEAD_BYTES_MAX } from './messages.ts'
import type { Half, Talk } from './talk.ts'

/** Leading zeros included. */
const CHUNK_SIZE_DIGITS_MAX = 256
/** Chunk extensions included. */
const CHUNK_LINE_BYTES_MAX = 16 * 1024

const SEMICOLON = 0x3b
const INVALID = -1
const OVERFLOWS = -2

/** RFC 9110 §6.5.1: what says where a message ends, where it goes, who sent it and what its content is. */
const FORBIDDEN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'max-forwards',
  'proxy-authorization',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
])
/** What an odd line can be in a trailer section too. */
const ODD_LINES =
  FOLDED_LINE |
  SPACE_BEFORE_FIELDS |
  SPACE_BEFORE_COLON |
  LINE_WITHOUT_COLON |
  EMPTY_FIELD_NAME |
  FIELD_NAME_NOT_TOKEN |
  CONTROL_IN_FIELD |
  BARE_CR

/** RFC 9112 §7.1: the size is hex; what follows ";" is an extension and says nothing about the content. */
export function readChunkSize(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const end = input.indexOf(LF, at + half.scanned)
  const lineBytes = (end === -1 ? input.length : end) - at
  if (lineBytes > CHUNK_LINE_BYTES_MAX) return unframed(talk, half, at)
  const size = parseChunkSize(input, at, at + lineBytes)
  if (size < 0) {
    doubt(half, size === OVERFLOWS ? CHUNK_SIZE_OVERFLOWS : CHUNK_SIZE_INVALID)
    return unframed(talk, half, at)
  }
  if (end === -1) {
    half.scanned = lineBytes
    return MORE
  }
  noteChunkLine(half, input, at, end)
  half.scanned = 0
  half.wireBytes += lineBytes + 1
  half.remainingBytes = size
  half.state = size === 0 ? 'trailers' : 'chunk-data'
  return end + 1
}

export function readChunkEnd(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const lineEnd = lineEndAt(input, at)
  if (lineEnd === MORE) return MORE
  if (lineEnd === 0) {
    doubt(half, CHUNK_OVERRUN)
    return unframed(talk, half, at)
  }
  if (lineEnd === 1) doubt(half, CHUNK_LINE_END)
  half.wireBytes += lineEnd
  half.state = 'chunk-size'
  return at + lineEnd
}

/** RFC 9112 §7.1.2: fields, if any, then a blank line. */
export function readTrailers(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const lineEnd = lineEndAt(input, at)
  if (lineEnd === MORE) return MORE
  if (lineEnd > 0) {
    if (lineEnd === 1) doubt(half, CHUNK_LINE_END)
    half.wireBytes += lineEnd
    endMessage(talk, half)
    return at + lineEnd
  }
  const limit = Math.min(input.length, at + HEAD_BYTES_MAX)
  const head = talk.head
  clearHead(head)
  const end = holdsBlankLine(input, at + half.scanned, limit) ? findFields(input, at, limit, head) : MORE
  if (end === MORE) {
    half.scanned = scannedSoFar(input, at)
    if (input.length - at <= HEAD_BYTES_MAX) return MORE
    lose(talk, half, 'limit')
    return at
  }
  takeFields(input, latin1(input, at, end), at, head)
  doubt(half, head.doubts & ODD_LINES)
  tellTrailers(talk, half)
  half.wireBytes += end - at
  endMessage(talk, half)
  return end
}

/** A chunk's framing is broken, so the end of the message is not known. */
function unframed(talk: Talk, half: Half, at: number): number {
  lose(talk, half, 'gap')
  return at
}

function tellTrailers(talk: Talk, half: Half): void {
  const { headers } = talk.head
  if (half.streamId === 0 || headers.length === 0) return
  if (headers.some(([name]) => FORBIDDEN_TRAILERS.has(name.toLowerCase()))) doubt(half, FORBIDDEN_TRAILER)
  talk.out.push({ kind: 'trailers', streamId: half.streamId, from: half.from, headers })
}

/** Of a line that may not be whole yet; below 0 when it can't become one. */
function parseChunkSize(input: Uint8Array, begin: number, end: number): number {
  let size = 0
  let at = begin
  for (; at < end; at += 1) {
    const digit = hexDigit(input[at] ?? 0)
    if (digit === -1) break
    size = size * 16 + digit
    if (size > Number.MAX_SAFE_INTEGER || at - begin >= CHUNK_SIZE_DIGITS_MAX) return OVERFLOWS
  }
  if (at >= end) return at === begin && at < input.length ? INVALID : size
  const after = input[at]
  const ends = after === CR || after === SEMICOLON || after === SP || after === HTAB
  return at > begin && ends ? size : INVALID
}

/** Of a line that ends with the LF at `end`, and whose size was read. */
function noteChunkLine(half: Half, input: Uint8Array, begin: number, end: number): void {
  const last = input[end - 1] === CR ? end - 1 : end
  let at = begin
  while (hexDigit(input[at] ?? 0) !== -1) at += 1
  // Most lines are a size and CR LF.
  if (at === last && last < end) return
  const cr = input.indexOf(CR, at)
  if (last === end || cr < last) doubt(half, CHUNK_LINE_END)
  while (input[at] === SP || input[at] === HTAB) at += 1
  if (at < last && input[at] !== SEMICOLON && input[at] !== CR) doubt(half, CHUNK_SIZE_INVALID)
}

/** Length of the line end at `at`; 0 when something else stands there. */
function lineEndAt(input: Uint8Array, at: number): number {
  if (input[at] === LF) return 1
  if (input[at] !== CR) return 0
  if (at + 1 >= input.length) return MORE
  return input[at + 1] === LF ? 2 : 0
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}
