import type { Header } from '../decoders/index.ts'
import type { Exchange, Grpc, Request, Response } from '../exchanges/index.ts'

/** Header names in canonical case; a list only where several `Set-Cookie` lines came. */
export type HeaderMap = Record<string, string | string[]>

export type CanonicalName = (name: string) => string

// Real traffic uses some hundred names; 1,024 names of at most 64 characters are about 150 KB.
const CACHED_NAMES_MAX = 1024
const CACHED_NAME_CHARACTERS_MAX = 64
const PROTO = '__proto__'
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/

/**
 * Makes a function that writes `content-type` as `Content-Type`; names that are no RFC 9110 tokens stay.
 * Remembers the first 1,024 spellings; further ones are computed each time.
 */
export function createCanonicalNames(): CanonicalName {
  const known = new Map<string, string>()
  return canonicalName

  function canonicalName(name: string): string {
    const before = known.get(name)
    if (before !== undefined) return before
    const canonical = canonicalCase(name)
    if (known.size < CACHED_NAMES_MAX && name.length <= CACHED_NAME_CHARACTERS_MAX) known.set(name, canonical)
    return canonical
  }
}

function canonicalCase(name: string): string {
  if (!TOKEN.test(name)) return name
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

/** The headers, after the pseudo headers `:authority`, `:method`, `:path` (no query) and `:scheme`. */
export function requestHeaders(request: Request, canonicalName: CanonicalName): HeaderMap {
  const map: HeaderMap = {
    ':authority': request.authority,
    ':method': request.method,
    ':path': request.path,
    ':scheme': request.scheme,
  }
  return addHeaders(map, request.headers, canonicalName)
}

/** The response's headers after `:status` and, in HTTP/1, `:transfer-encoding` when there is one. */
export function responseHeaders(
  response: Response,
  protocol: Exchange['protocol'],
  canonicalName: CanonicalName,
): HeaderMap {
  const map: HeaderMap = { ':status': String(response.status) }
  const coding = protocol === 'http1' ? headerValue(response.headers, 'transfer-encoding') : undefined
  if (coding !== undefined) map[':transfer-encoding'] = coding
  return addHeaders(map, response.headers, canonicalName)
}

/**
 * The response's headers with the status that is reported for the call, and with what the call ended in,
 * which comes in the trailers or not at all.
 */
export function grpcResponseHeaders(
  response: Response,
  grpc: Grpc,
  reportedStatus: number,
  canonicalName: CanonicalName,
): HeaderMap {
  const map = addHeaders({ ':status': String(reportedStatus) }, response.headers, canonicalName)
  if (grpc.status !== undefined) map['Grpc-Status'] = String(grpc.status)
  if (grpc.statusName !== '') map['Grpc-Status-Name'] = grpc.statusName
  if (grpc.message !== '') map['Grpc-Message'] = grpc.message
  return map
}

/** Undefined when there are none. */
export function trailerMap(trailers: readonly Header[], canonicalName: CanonicalName): HeaderMap | undefined {
  return trailers.length === 0 ? undefined : addHeaders({}, trailers, canonicalName)
}

/** Value of the first header of this name (given in lower case). */
export function headerValue(headers: readonly Header[], lowerCaseName: string): string | undefined {
  for (const [name, value] of headers) {
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return value
  }
  return undefined
}

// RFC 9110 §5.3 joins repeated lines by a comma; Set-Cookie is the exception it names, and RFC 9113 §8.2.3
// joins the crumbs of Cookie by a semicolon.
function addHeaders(map: HeaderMap, headers: readonly Header[], canonicalName: CanonicalName): HeaderMap {
  for (const [wireName, value] of headers) {
    if (wireName.startsWith(':')) continue
    const name = canonicalName(wireName)
    if (name === PROTO) makeRoomForProto(map)
    const before = map[name]
    if (before === undefined) map[name] = value
    else if (typeof before !== 'string') before.push(value)
    else if (name === 'Set-Cookie') map[name] = [before, value]
    else map[name] = before + (name === 'Cookie' ? '; ' : ', ') + value
  }
  return map
}

/** A plain object reaches its prototype by `__proto__` until it has a property of that name itself. */
function makeRoomForProto(map: HeaderMap): void {
  if (Object.hasOwn(map, PROTO)) return
  Object.defineProperty(map, PROTO, {
    value: undefined,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}
