import { BARE_CR, CONTROL_IN_START_LINE, START_LINE_SPACES } from './ambiguities.ts'
import {
  CR,
  HTAB,
  hasControl,
  IS_TARGET,
  IS_TOKEN,
  IS_VALUE,
  isDigit,
  isToken,
  LF,
  latin1,
  SP,
} from './characters.ts'
import { type Head, MORE, NO_START } from './head.ts'
import { knownName } from './known-names.ts'
import { METHOD_BYTES_MAX, STATUS_SPACES_MAX } from './recognise.ts'

const VERSION_BYTES = 8
/** Said of `lineTextEnd` when the text was taken from the line already. */
const TAKEN = -1

/**
 * RFC 9112 §3: method SP target SP HTTP/1.x. Gives the place behind the line, `MORE`, or `NO_START`; writes
 * into `head`, whose target stands in the text of the head until `takeLineText`.
 */
export function readRequestLine(input: Uint8Array, at: number, limit: number, head: Head): number {
  const methodMax = Math.min(limit, at + METHOD_BYTES_MAX)
  let methodEnd = at
  while (methodEnd < methodMax && IS_TOKEN[input[methodEnd] ?? 0] === 1) methodEnd += 1
  if (methodEnd === limit) return MORE
  if (methodEnd === at || input[methodEnd] !== SP) return NO_START
  const targetBegin = methodEnd + 1
  let targetEnd = targetBegin
  while (targetEnd < limit && IS_TARGET[input[targetEnd] ?? 0] === 1) targetEnd += 1
  const versionEnd = targetEnd + 1 + VERSION_BYTES
  if (versionEnd + 1 < limit && targetEnd > targetBegin && input[targetEnd] === SP) {
    const end = lineEnd(input, versionEnd)
    if (end > 0 && isVersion(input, targetEnd + 1)) {
      head.version = versionAt(input, targetEnd + 1)
      head.method = knownName(input, at, methodEnd)?.name ?? latin1(input, at, methodEnd)
      head.lineTextBegin = targetBegin - at
      head.lineTextEnd = targetEnd - at
      return end
    }
  }
  const end = input.indexOf(LF, targetEnd)
  if (end === -1 || end >= limit) return MORE
  const text = latin1(input, at, end)
  return readOddRequestLine(text, methodEnd - at, head) ? end + 1 : NO_START
}

/** RFC 9112 §4: HTTP/1.x SP three digits, then SP and a reason, which may be absent. */
export function readStatusLine(input: Uint8Array, at: number, limit: number, head: Head): number {
  const statusAt = at + VERSION_BYTES + 1
  const reasonAt = statusAt + 4
  if (reasonAt < limit && isVersion(input, at) && input[statusAt - 1] === SP) {
    const status = statusOf(input, statusAt)
    if (status >= 100 && input[reasonAt - 1] === SP) {
      let reasonEnd = reasonAt
      while (reasonEnd < limit && IS_VALUE[input[reasonEnd] ?? 0] === 1) reasonEnd += 1
      const end = reasonEnd + 1 < limit ? lineEnd(input, reasonEnd) : 0
      const last = input[reasonEnd - 1]
      if (end > 0 && (reasonEnd === reasonAt || (last !== SP && last !== HTAB))) {
        head.version = versionAt(input, at)
        head.status = status
        head.lineTextBegin = reasonAt - at
        head.lineTextEnd = reasonEnd - at
        return end
      }
    }
  }
  const end = input.indexOf(LF, at)
  if (end === -1 || end >= limit) return MORE
  return readOddStatusLine(latin1(input, at, end), head) ? end + 1 : NO_START
}

/** What of the start line stands in the head's `text`. */
export function takeLineText(head: Head, text: string): string | undefined {
  return head.lineTextEnd === TAKEN ? undefined : text.slice(head.lineTextBegin, head.lineTextEnd)
}

/** A line that is not in the one right form, as lenient recipients read it (RFC 9112 §3). */
function readOddRequestLine(line: string, methodEnd: number, head: Head): boolean {
  const text = withoutLineEnd(line)
  const end = outerEnd(text)
  const versionBegin = end - VERSION_BYTES
  if (versionBegin - 1 <= methodEnd || text.charCodeAt(versionBegin - 1) !== SP) return false
  if (!/^HTTP\/1\.\d$/.test(text.slice(versionBegin, end))) return false
  const between = text.slice(methodEnd + 1, versionBegin - 1)
  const target = between.replace(/^ +| +$/g, '')
  if (target === '' || !isToken(text.slice(0, methodEnd))) return false
  head.method = text.slice(0, methodEnd)
  head.target = target
  head.version = text.slice(versionBegin, end)
  head.lineTextEnd = TAKEN
  if (end < text.length || target !== between || /[ \t]/.test(target)) head.doubts |= START_LINE_SPACES
  noteOddities(text, target, head)
  return true
}

function readOddStatusLine(line: string, head: Head): boolean {
  const text = withoutLineEnd(line)
  const end = outerEnd(text)
  const parts = /^(HTTP\/1\.\d)( +)([1-9]\d\d)(?: (.*))?$/s.exec(text.slice(0, end))
  if (parts === null) return false
  const [, version = '', spaces = '', status = '', reason = ''] = parts
  if (spaces.length > STATUS_SPACES_MAX) return false
  head.version = version
  head.status = Number(status)
  head.reason = reason
  head.lineTextEnd = TAKEN
  if (spaces.length > 1) head.doubts |= START_LINE_SPACES
  noteOddities(text, reason, head)
  return true
}

function noteOddities(text: string, inner: string, head: Head): void {
  if (text.includes('\r')) head.doubts |= BARE_CR
  if (hasControl(inner)) head.doubts |= CONTROL_IN_START_LINE
}

function withoutLineEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function outerEnd(text: string): number {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === SP || text.charCodeAt(end - 1) === CR)) end -= 1
  return end
}

/** The place behind the line end at `at`; 0 when something else stands there. */
function lineEnd(input: Uint8Array, at: number): number {
  if (input[at] === CR && input[at + 1] === LF) return at + 2
  return input[at] === LF ? at + 1 : 0
}

function isVersion(input: Uint8Array, at: number): boolean {
  return (
    input[at] === 72 &&
    input[at + 1] === 84 &&
    input[at + 2] === 84 &&
    input[at + 3] === 80 &&
    input[at + 4] === 47 &&
    input[at + 5] === 49 &&
    input[at + 6] === 46 &&
    isDigit(input[at + 7])
  )
}

function versionAt(input: Uint8Array, at: number): string {
  return input[at + 7] === 49 ? 'HTTP/1.1' : `HTTP/1.${(input[at + 7] ?? 48) - 48}`
}

/** 0 when there are not three digits. */
function statusOf(input: Uint8Array, at: number): number {
  let status = 0
  for (let place = at; place < at + 3; place += 1) {
    const code = input[place] ?? 0
    if (!isDigit(code)) return 0
    status = status * 10 + code - 48
  }
  return status
}
