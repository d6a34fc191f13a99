import type { Fields } from './head.ts'

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

/**
 * RFC 9112 §6.3 for requests. Transfer-Encoding wins over Content-Length; a coding whose last is not
 * `chunked` leaves the end unknown. What two recipients could read in two ways is decided here and nowhere
 * else.
 */
export function requestFraming(fields: Fields): Framing {
  if (fields.transferEncoding !== '') {
    const codings = transferCodings(fields.transferEncoding)
    if (codings.length > 0) return codings.at(-1) === 'chunked' ? CHUNKED : UNKNOWN
  }
  return lengthFraming(fields.contentLength, NONE)
}

/** RFC 9112 §6.3 for final responses. `method` is that of the request, undefined when nobody saw it. */
export function responseFraming(status: number, method: string | undefined, fields: Fields): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE
  if (fields.transferEncoding !== '') {
    const codings = transferCodings(fields.transferEncoding)
    if (codings.length > 0) return codings.at(-1) === 'chunked' ? CHUNKED : UNTIL_CLOSE
  }
  return lengthFraming(fields.contentLength, UNTIL_CLOSE)
}

function lengthFraming(contentLength: number, without: Framing): Framing {
  if (contentLength === -1) return without
  if (Number.isNaN(contentLength)) return UNKNOWN
  return contentLength === 0 ? NONE : { kind: 'sized', bytes: contentLength }
}

/** `identity` is left out: RFC 2616 had it, and it changes nothing. */
function transferCodings(value: string): string[] {
  if (value === 'chunked') return ['chunked']
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && item !== 'identity')
}
