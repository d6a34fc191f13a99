import type { Header } from '../message.ts'

/**
 * What the header section says about where the message ends. Reused from head to head: read it before the
 * next one.
 */
export interface Fields {
  headers: Header[]
  /** -1: no Content-Length; NaN: not a number, or several that differ. */
  contentLength: number
  /** All Transfer-Encoding values joined with commas, in lower case; empty without one. */
  transferEncoding: string
  /** `Expect: 100-continue` */
  expectsContinue: boolean
}

export interface RequestLine {
  readonly method: string
  readonly target: string
  readonly version: string
}

export interface StatusLine {
  readonly version: string
  readonly status: number
  readonly reason: string
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const LF = 10
const CR = 13
const SP = 32
const HTAB = 9

export function noFields(): Fields {
  return { headers: [], contentLength: -1, transferEncoding: '', expectsContinue: false }
}

/**
 * RFC 9112 §3, of the line that ends at `lineEnd`. The target may hold spaces, as lenient servers allow;
 * undefined when this is no request line.
 */
export function parseRequestLine(text: string, lineEnd: number): RequestLine | undefined {
  const end = trimmedEnd(text, lineEnd)
  const versionAt = text.lastIndexOf(' HTTP/1.', end)
  const methodEnd = text.indexOf(' ')
  if (versionAt <= methodEnd + 1 || versionAt + 9 !== end || !isDigit(text.charCodeAt(end - 1)))
    return undefined
  const method = text.slice(0, methodEnd)
  if (!TOKEN.test(method)) return undefined
  return {
    method,
    target: text.slice(methodEnd + 1, versionAt),
    version: text.charCodeAt(end - 1) === 49 ? 'HTTP/1.1' : text.slice(versionAt + 1, end),
  }
}

/**
 * RFC 9112 §4, of the line that ends at `lineEnd`. The reason and the space before it may be absent;
 * undefined when this is no status line.
 */
export function parseStatusLine(text: string, lineEnd: number): StatusLine | undefined {
  if (!text.startsWith('HTTP/1.') || !isDigit(text.charCodeAt(7)) || text.charCodeAt(8) !== SP)
    return undefined
  const end = trimmedEnd(text, lineEnd)
  let at = 9
  while (at < end && text.charCodeAt(at) === SP) at += 1
  if (at + 3 > end || (at + 3 < end && text.charCodeAt(at + 3) !== SP)) return undefined
  let status = 0
  for (let digit = at; digit < at + 3; digit += 1) {
    const code = text.charCodeAt(digit)
    if (!isDigit(code)) return undefined
    status = status * 10 + code - 48
  }
  if (status < 100) return undefined
  const version = text.charCodeAt(7) === 49 ? 'HTTP/1.1' : text.slice(0, 8)
  return { version, status, reason: text.slice(at + 4, end) }
}

/**
 * RFC 9112 §5: the lines of `text` from `at` on are fields, up to a blank one. Gives the index behind the
 * blank line, -1 when `text` ends before it. A folded line (obs-fold) continues the value before it with
 * one space; a line without a name is passed over.
 */
export function parseFields(text: string, at: number, fields: Fields): number {
  const headers: Header[] = []
  fields.headers = headers
  fields.contentLength = -1
  fields.transferEncoding = ''
  fields.expectsContinue = false
  let begin = at
  for (;;) {
    const end = text.indexOf('\n', begin)
    if (end === -1) return -1
    if (end === begin || (end === begin + 1 && text.charCodeAt(begin) === CR)) return end + 1
    let next = end
    while (text.charCodeAt(next + 1) === SP || text.charCodeAt(next + 1) === HTAB) {
      next = text.indexOf('\n', next + 1)
      if (next === -1) return -1
    }
    const header = next === end ? parseLine(text, begin, end) : parseFolded(text.slice(begin, next))
    if (header !== undefined) {
      headers.push(header)
      noteFraming(header, fields)
    }
    begin = next + 1
  }
}

function parseFolded(lines: string): Header | undefined {
  const unfolded = lines
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
  return parseLine(unfolded, 0, unfolded.length)
}

function parseLine(text: string, begin: number, end: number): Header | undefined {
  const colon = text.indexOf(':', begin)
  if (colon === -1 || colon >= end) return undefined
  let nameBegin = begin
  let nameEnd = colon
  while (nameBegin < nameEnd && isSpace(text.charCodeAt(nameBegin))) nameBegin += 1
  while (nameEnd > nameBegin && isSpace(text.charCodeAt(nameEnd - 1))) nameEnd -= 1
  if (nameEnd === nameBegin) return undefined
  let valueBegin = colon + 1
  let valueEnd = end
  while (valueBegin < valueEnd && isSpace(text.charCodeAt(valueBegin))) valueBegin += 1
  while (valueEnd > valueBegin && isSpace(text.charCodeAt(valueEnd - 1))) valueEnd -= 1
  return [text.slice(nameBegin, nameEnd), text.slice(valueBegin, valueEnd)]
}

function noteFraming(header: Header, fields: Fields): void {
  const name = header[0]
  switch (name.length) {
    case 6:
      if (name.toLowerCase() === 'expect') fields.expectsContinue = header[1].toLowerCase() === '100-continue'
      return
    case 14:
      if (name.toLowerCase() === 'content-length') {
        const length = parseContentLength(header[1])
        const agrees = fields.contentLength === -1 || fields.contentLength === length
        fields.contentLength = agrees ? length : Number.NaN
      }
      return
    case 17:
      if (name.toLowerCase() === 'transfer-encoding') {
        const before = fields.transferEncoding
        fields.transferEncoding =
          before === '' ? header[1].toLowerCase() : `${before},${header[1].toLowerCase()}`
      }
      return
    default:
  }
}

/** RFC 9112 §6.3 case 5: `5, 5` means 5; anything else that is not digits means nothing. */
function parseContentLength(value: string): number {
  if (isNumber(value)) return Number(value)
  const lengths = new Set(value.split(',').map((item) => item.trim()))
  const [only] = lengths
  return lengths.size === 1 && only !== undefined && isNumber(only) ? Number(only) : Number.NaN
}

function trimmedEnd(text: string, lineEnd: number): number {
  let end = lineEnd
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1
  return end
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB || code === CR || code === LF
}

function isNumber(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    if (!isDigit(value.charCodeAt(at))) return false
  }
  return value !== ''
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
