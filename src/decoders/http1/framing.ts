import {
  CHUNKED_MISPLACED,
  CODING_IN_HTTP_1_0,
  CODING_UNFRAMED,
  CODING_UNKNOWN,
  CONTENT_WITH_CONNECT,
  HOST_AND_TARGET_DIFFER,
  LENGTH_AND_CODING,
  LENGTH_WITHOUT_CONTENT,
} from './ambiguities.ts'
import { trimmed } from './characters.ts'
import type { Head } from './head.ts'

/** Where a message's content ends. `unknown`: the header section contradicts itself, nobody can say. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }
  | { readonly kind: 'unknown' }

const NONE: Framing = { kind: 'none' }
const CHUNKED: Framing = { kind: 'chunked' }
const UNTIL_CLOSE: Framing = { kind: 'until-close' }
const UNKNOWN: Framing = { kind: 'unknown' }

/** RFC 9112 §7: the registered transfer codings. */
const CODINGS = new Set(['chunked', 'gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'])

/**
 * RFC 9112 §6.3 for requests, of the head that was just read. What two recipients could read in two ways is
 * decided here, and noted in `head.doubts`.
 */
export function requestFraming(head: Head): Framing {
  if (head.hostFields > 0 && head.target.charCodeAt(0) !== 47) compareHosts(head)
  if (head.method === 'CONNECT') {
    if (hasContentFields(head)) head.doubts |= CONTENT_WITH_CONNECT
    return NONE
  }
  return (head.hasCoding ? codingFraming(head, UNKNOWN) : undefined) ?? lengthFraming(head, NONE)
}

/** RFC 9112 §6.3 for final responses. `method` is that of the request, undefined when nobody saw it. */
export function responseFraming(status: number, method: string | undefined, head: Head): Framing {
  if (method === 'HEAD' || status === 304) return NONE
  if (status < 200 || status === 204 || (method === 'CONNECT' && status < 300)) {
    if (hasContentFields(head)) head.doubts |= LENGTH_WITHOUT_CONTENT
    return NONE
  }
  return (head.hasCoding ? codingFraming(head, UNTIL_CLOSE) : undefined) ?? lengthFraming(head, UNTIL_CLOSE)
}

function lengthFraming(head: Head, without: Framing): Framing {
  const { contentLength } = head
  if (contentLength === -1) return without
  if (Number.isNaN(contentLength)) return UNKNOWN
  return contentLength === 0 ? NONE : { kind: 'sized', bytes: contentLength }
}

/**
 * RFC 9112 §6.3 case 4, `unframed` when the last coding is not chunked. `identity` changes nothing, as
 * RFC 2616 had it; undefined when there is nothing else.
 */
function codingFraming(head: Head, unframed: Framing): Framing | undefined {
  if (head.contentLength !== -1) head.doubts |= LENGTH_AND_CODING
  if (head.version === 'HTTP/1.0') head.doubts |= CODING_IN_HTTP_1_0
  if (head.transferEncoding === 'chunked') return CHUNKED
  const named = head.transferEncoding
    .split(',')
    .map(trimmed)
    .filter((coding) => coding !== '')
  if (named.length === 0 || named.some((coding) => !CODINGS.has(coding))) head.doubts |= CODING_UNKNOWN
  const codings = named.filter((coding) => coding !== 'identity')
  if (codings.length === 0) return undefined
  if (codings.slice(0, -1).includes('chunked')) head.doubts |= CHUNKED_MISPLACED
  if (codings.at(-1) === 'chunked') return CHUNKED
  if (unframed === UNKNOWN) head.doubts |= CODING_UNFRAMED
  return unframed
}

function hasContentFields(head: Head): boolean {
  return head.hasCoding || (head.contentLength !== -1 && head.contentLength !== 0)
}

/** RFC 9112 §3.2.2: a target in absolute-form names the host, whatever Host says. */
function compareHosts(head: Head): void {
  const absolute = /^(https?):\/\/([^/?#]*)/i.exec(head.target)
  if (absolute === null) return
  const [, scheme = '', authority = ''] = absolute
  const named = authority.slice(authority.lastIndexOf('@') + 1)
  const port = scheme.length === 4 ? ':80' : ':443'
  if (hostOf(named, port) !== hostOf(head.host, port)) head.doubts |= HOST_AND_TARGET_DIFFER
}

/** Without the port that the scheme has anyway (RFC 9110 §4.2.3). */
function hostOf(authority: string, port: string): string {
  const lower = authority.toLowerCase()
  const bare = lower.endsWith(':') ? lower.slice(0, -1) : lower
  return bare.endsWith(port) ? bare.slice(0, -port.length) : bare
}
