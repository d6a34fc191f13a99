import { Buffer } from 'node:buffer'

/** How content is searched for places and fields. */
export type ContentKind = 'json' | 'json lines' | 'json sequence' | 'events' | 'form' | 'multipart' | 'other'

const LOOKED_AT_BYTES = 256
const JSON_LINES = /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|jsonstream|stream\+json)$/
/** Nothing but fields, as far as it is looked at. */
const FORM = /^[\w\-.~%+[\]]{1,128}=[^\s<>"{}]*\s*$/

/**
 * By what the content type says, and by how the content begins: JSON is sent under all names, even as a form,
 * which is the type that some programs add when they are told none.
 */
export function contentKindOf(bytes: Uint8Array, contentType: string): ContentKind {
  const semicolon = contentType.indexOf(';')
  const type = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
  if (type.startsWith('multipart/')) return 'multipart'
  if (type === 'text/event-stream') return 'events'
  if (type === 'application/json-seq') return 'json sequence'
  if (JSON_LINES.test(type)) return 'json lines'
  if (isJsonText(bytes, 0)) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (FORM.test(Buffer.from(bytes.subarray(0, LOOKED_AT_BYTES)).toString('latin1'))) return 'form'
  return /\bjson\b/.test(type) ? 'json' : 'other'
}

/** Whether an object or an array of JSON begins there, behind white space or a mark of UTF-8. */
export function isJsonText(bytes: Uint8Array, from: number): boolean {
  let at = bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? from + 3 : from
  for (const end = Math.min(bytes.length, at + LOOKED_AT_BYTES); at < end; at += 1) {
    const byte = bytes[at]
    if (byte === 0x7b || byte === 0x5b) return true
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false
  }
  return false
}
