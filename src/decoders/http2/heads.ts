import type { Doubts, Header, RequestHead, ResponseHead } from '../message.ts'
import type { FieldBlock } from './hpack/hpack.ts'

/**
 * A field section with its pseudo fields (RFC 9113 §8.3) taken out. Reused from block to block: read it
 * before the next one.
 */
export interface HeadFields {
  method: string | undefined
  scheme: string | undefined
  authority: string | undefined
  path: string | undefined
  status: string | undefined
  headers: readonly Header[]
  /** In it was a pseudo field of a request. */
  asks: boolean
  ambiguous: string[] | undefined
  unknownFields: readonly string[]
}

const COLON = 58
const VERSION = 'HTTP/2'
/** What ends a line, or a string, for others must not stand in a field (RFC 9113 §8.2.1). */
const LINE_END = /[\0\r\n]/
/** Nor must white space begin or end one, and recipients differ in what they do about it. */
const OUTER_SPACE = /^[ \t]+|[ \t]+$/g
const NO_HEADER: Header = ['', '']
const NO_WAYS: readonly string[] = []

export function noHeadFields(): HeadFields {
  return {
    method: undefined,
    scheme: undefined,
    authority: undefined,
    path: undefined,
    status: undefined,
    headers: [],
    asks: false,
    ambiguous: undefined,
    unknownFields: [],
  }
}

/** The first of a repeated pseudo field counts, and the repetition is said to be ambiguous. */
export function readFields(block: FieldBlock, into: HeadFields): void {
  into.method = undefined
  into.scheme = undefined
  into.authority = undefined
  into.path = undefined
  into.status = undefined
  into.asks = false
  into.ambiguous = undefined
  into.unknownFields = block.unknownFields
  const { fields } = block
  let pseudoFields = 0
  while (fields[pseudoFields]?.[0].charCodeAt(0) === COLON) {
    readPseudo(fields[pseudoFields], into)
    pseudoFields += 1
  }
  const headers = pseudoFields === 0 ? fields : fields.slice(pseudoFields)
  into.headers = headers
  let strays = false
  for (let index = 0; index < headers.length; index += 1) {
    const [name, value] = headers[index] ?? NO_HEADER
    if (name.charCodeAt(0) === COLON) strays = true
    if (LINE_END.test(value)) doubt(into, 'control character in a field')
    else if (isSpace(value, 0) || isSpace(value, value.length - 1)) {
      doubt(into, 'outer white space in a field')
      into.headers = into.headers.with(index, [name, value.replace(OUTER_SPACE, '')])
    } else if (name === 'transfer-encoding') doubt(into, 'Transfer-Encoding has no meaning in HTTP/2')
    else if (name === 'host' && into.authority !== undefined && value !== into.authority)
      doubt(into, 'Host differs from :authority')
  }
  if (strays) takeStrays(into)
}

/** RFC 9113 §8.3.1; CONNECT without a path (§8.5) has its authority as target. */
export function requestHead(streamId: number, fields: HeadFields): RequestHead {
  const { method, path, scheme, authority, headers } = fields
  const target = path ?? (method === 'CONNECT' ? authority : undefined)
  if (fields.unknownFields.length === 0) {
    if (method === undefined) doubt(fields, 'no :method')
    if (target === undefined) doubt(fields, 'no :path')
  }
  return {
    kind: 'request',
    streamId,
    version: VERSION,
    method: method ?? '',
    target: target ?? '',
    scheme,
    authority,
    headers,
    doubts: doubtsOf(fields),
  }
}

/** RFC 9113 §8.3.2 */
export function responseHead(streamId: number, fields: HeadFields): ResponseHead {
  const status = statusOf(fields)
  if (status === 0 && fields.unknownFields.length === 0) doubt(fields, 'no :status')
  const { headers } = fields
  return {
    kind: 'response',
    streamId,
    version: VERSION,
    status,
    reason: '',
    headers,
    doubts: doubtsOf(fields),
  }
}

/** 0 when it was not said, or is no status. */
export function statusOf({ status }: HeadFields): number {
  return status !== undefined && /^[1-9]\d\d$/.test(status) ? Number(status) : 0
}

function doubtsOf({ ambiguous, unknownFields }: HeadFields): Doubts | undefined {
  if (ambiguous === undefined && unknownFields.length === 0) return undefined
  return { ambiguous: ambiguous ?? NO_WAYS, unknownFields }
}

function readPseudo(field: Header | undefined, into: HeadFields): void {
  if (field === undefined) return
  const [name, value] = field
  switch (name) {
    case ':method':
      into.asks = true
      if (into.method === undefined) into.method = value
      else doubt(into, 'several :method')
      return
    case ':path':
      into.asks = true
      if (into.path === undefined) into.path = value
      else doubt(into, 'several :path')
      return
    case ':scheme':
      into.asks = true
      if (into.scheme === undefined) into.scheme = value
      else doubt(into, 'several :scheme')
      return
    case ':authority':
      into.asks = true
      if (into.authority === undefined) into.authority = value
      else doubt(into, 'several :authority')
      return
    case ':status':
      if (into.status === undefined) into.status = value
      else doubt(into, 'several :status')
      return
    default:
  }
}

/** Pseudo fields stand before all others (RFC 9113 §8.3); those that do not are read, and doubted. */
function takeStrays(into: HeadFields): void {
  doubt(into, 'pseudo fields among the others')
  into.headers = into.headers.filter((header) => {
    if (header[0].charCodeAt(0) !== COLON) return true
    readPseudo(header, into)
    return false
  })
}

function isSpace(value: string, at: number): boolean {
  const code = value.charCodeAt(at)
  return code === 32 || code === 9
}

function doubt(into: HeadFields, way: string): void {
  into.ambiguous ??= []
  if (!into.ambiguous.includes(way)) into.ambiguous.push(way)
}
