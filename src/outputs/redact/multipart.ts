import { Buffer } from 'node:buffer'
import { formDecoded } from './url-fields.ts'

/** One part of a multipart body (RFC 2046 §5.1), by its places in the bytes. */
export interface Part {
  /** Of the form field (RFC 7578 §4.2); empty when there is none. */
  readonly name: string
  readonly contentType: string
  /** Of the content: `Content-Transfer-Encoding`, in lower case. */
  readonly encoding: string
  /** The content. */
  readonly from: number
  readonly to: number
}

/** A head of a part that is longer is none. */
const HEAD_BYTES_MAX = 16 * 1024
const BOUNDARY = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"]{1,200}))/i
const NAME = /;\s*name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i
const EXTENDED_NAME = /;\s*name\*\s*=\s*[^\s;']*'[^\s;']*'([^\s;]*)/i

/** The parts of a body; the last goes on to the end where its end is missing. */
export function partsOf(bytes: Uint8Array, contentType: string): readonly Part[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const delimiter = delimiterOf(body, contentType)
  if (delimiter === undefined) return []
  const parts: Part[] = []
  let at = beginningOf(body, delimiter)
  while (at !== -1) {
    const begin = at + delimiter.length
    const next = body.indexOf(`\n${delimiter}`, begin, 'latin1')
    const end = next === -1 ? body.length : body[next - 1] === 0x0d ? next - 1 : next
    const part = readPart(body, begin, end)
    if (part !== undefined) parts.push(part)
    at = next === -1 ? -1 : next + 1
  }
  return parts
}

/** As the content type names it, else as the first line is. */
function delimiterOf(body: Buffer, contentType: string): string | undefined {
  const [, quoted, plain] = BOUNDARY.exec(contentType) ?? []
  const named = quoted?.replace(/\\(.)/g, '$1') ?? plain
  if (named !== undefined) return `--${named}`
  const [line] = /^--[^\r\n]{1,200}/.exec(body.toString('latin1', 0, 256)) ?? []
  return line?.trimEnd()
}

function beginningOf(body: Buffer, delimiter: string): number {
  const found = body.indexOf(delimiter, 0, 'latin1')
  if (found <= 0 || body[found - 1] === 0x0a) return found
  const later = body.indexOf(`\n${delimiter}`, found, 'latin1')
  return later === -1 ? -1 : later + 1
}

/** Undefined when the head of the part has no end: then there is no content yet. */
function readPart(body: Buffer, begin: number, end: number): Part | undefined {
  const head = body.toString('latin1', begin, Math.min(end, begin + HEAD_BYTES_MAX))
  const empty = /\r?\n\r?\n/.exec(head)
  if (empty === null) return undefined
  const fields = head.slice(0, empty.index).replace(/\r?\n[ \t]+/g, ' ')
  const disposition = fieldOf(fields, 'content-disposition')
  return {
    name: nameIn(disposition),
    contentType: fieldOf(fields, 'content-type'),
    encoding: fieldOf(fields, 'content-transfer-encoding').trim().toLowerCase(),
    from: Math.min(end, begin + empty.index + empty[0].length),
    to: end,
  }
}

function fieldOf(fields: string, name: string): string {
  for (const line of fields.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon !== -1 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1)
  }
  return ''
}

/** HTML escapes quotes and line ends as `%XX`, others by a backslash; RFC 5987 names the charset. */
function nameIn(disposition: string): string {
  const [, extended] = EXTENDED_NAME.exec(disposition) ?? []
  if (extended !== undefined) return formDecoded(extended)
  const [, quoted, plain] = NAME.exec(disposition) ?? []
  return formDecoded(quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
}
