import type { Side } from '../../connections/index.ts'
import type { Recognition } from '../decoder.ts'
import { CR, IS_TOKEN, isDigit, LF, SP } from './characters.ts'

/** Longer words before the first space are not methods. */
export const METHOD_BYTES_MAX = 64
/** Between version and status; the standard has one. */
export const STATUS_SPACES_MAX = 56
/** A start line longer than this is not waited for. */
const LINE_BYTES_MAX = 64 * 1024

const STATUS_START = [72, 84, 84, 80, 47, 49, 46] // HTTP/1.

/** Could `bytes`, from `at`, be the start of an HTTP/1.x message? Line ends in front are passed over. */
export function recogniseStart(from: Side, bytes: Uint8Array, at: number): Recognition {
  const begin = skipLineEnds(bytes, at)
  return from === 'client' ? recogniseRequest(bytes, begin) : recogniseResponse(bytes, begin)
}

export function skipLineEnds(bytes: Uint8Array, at: number): number {
  let begin = at
  while (begin < bytes.length && (bytes[begin] === CR || bytes[begin] === LF)) begin += 1
  return begin
}

/**
 * As `recogniseStart`, but for the middle of something else, where chance could make a start line: a
 * request's target must also look like one, and a line that is not whole is waited for only when its
 * method is in capitals.
 */
export function recogniseInMiddle(from: Side, bytes: Uint8Array, at: number): Recognition {
  const begin = skipLineEnds(bytes, at)
  if (from === 'server') return recogniseResponse(bytes, begin)
  const verdict = recogniseRequest(bytes, begin)
  if (verdict === 'no') return verdict
  let space = begin
  while (space < bytes.length && isCapital(bytes[space])) space += 1
  if (bytes[space] !== SP) {
    if (verdict === 'more') return space === bytes.length ? 'more' : 'no'
    space = bytes.indexOf(SP, begin)
  }
  const first = bytes[space + 1]
  if (first === undefined) return verdict
  const looksLikeTarget = first === 47 || first === 42 || first === 104 || first === 72 // / * h H
  return looksLikeTarget || (bytes[begin] === 67 && space - begin === 7) ? verdict : 'no' // CONNECT
}

/**
 * Whether the word at `at` is in capitals, as all registered methods are (RFC 9110 §9.1): content is more
 * likely to begin with any other word than a request.
 */
export function methodInCapitals(bytes: Uint8Array, at: number): boolean {
  let end = skipLineEnds(bytes, at)
  while (end < bytes.length && isCapital(bytes[end])) end += 1
  return bytes[end] === SP
}

/** RFC 9112 §3: method SP target SP HTTP/1.x */
function recogniseRequest(bytes: Uint8Array, begin: number): Recognition {
  let at = begin
  const methodMax = Math.min(bytes.length, begin + METHOD_BYTES_MAX)
  while (at < methodMax && IS_TOKEN[bytes[at] ?? 0] === 1) at += 1
  if (at === bytes.length) return 'more'
  if (at === begin || bytes[at] !== SP) return 'no'
  const end = bytes.indexOf(LF, at)
  if (end === -1) return bytes.length - begin > LINE_BYTES_MAX ? 'no' : 'more'
  let last = end
  while (last > at && (bytes[last - 1] === CR || bytes[last - 1] === SP)) last -= 1
  if (last - 10 <= at || bytes[last - 9] !== SP) return 'no'
  for (let index = 0; index < 7; index += 1) {
    if (bytes[last - 8 + index] !== STATUS_START[index]) return 'no'
  }
  return isDigit(bytes[last - 1]) ? 'yes' : 'no'
}

/** RFC 9112 §4: HTTP/1.x SP three digits */
function recogniseResponse(bytes: Uint8Array, begin: number): Recognition {
  for (let index = 0; index < 7; index += 1) {
    if (begin + index >= bytes.length) return 'more'
    if (bytes[begin + index] !== STATUS_START[index]) return 'no'
  }
  const rest = bytes.length - begin
  if (rest < 10) return 'more'
  if (!isDigit(bytes[begin + 7]) || bytes[begin + 8] !== SP) return 'no'
  let at = begin + 9
  while (at < bytes.length && bytes[at] === SP) at += 1
  if (at - begin > 8 + STATUS_SPACES_MAX || bytes[at] === 48) return 'no'
  for (let index = 0; index < 3; index += 1) {
    if (at + index >= bytes.length) return 'more'
    if (!isDigit(bytes[at + index])) return 'no'
  }
  if (at + 3 >= bytes.length) return 'more'
  const after = bytes[at + 3]
  return after === SP || after === CR || after === LF ? 'yes' : 'no'
}

/** Letters, and what joins the words of a method: M-SEARCH. */
function isCapital(code: number | undefined): boolean {
  return code !== undefined && ((code >= 65 && code <= 90) || code === 45 || code === 95)
}
