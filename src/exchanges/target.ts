import type { Connection } from '../connections/index.ts'
import type { RequestHead } from '../decoders/index.ts'

/** What a request asks for, put together from its target, its Host and its connection. */
export interface Target {
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly url: string
}

/**
 * RFC 9112 §3.2 and §7.1: origin-form takes scheme and authority from the connection and from Host;
 * absolute-form brings its own (user and password are left out); authority-form has no path.
 * What the pseudo fields of HTTP/2 say of them comes first (RFC 9113 §8.3.1).
 */
export function readTarget(connection: Connection, head: RequestHead): Target {
  const { target } = head
  if (target.charCodeAt(0) === 47) {
    const scheme = schemeOf(connection, head)
    const authority = authorityOf(connection, head)
    return { scheme, authority, path: pathOf(target), url: `${scheme}://${authority}${target}` }
  }
  if (head.method === 'CONNECT') {
    const scheme = schemeOf(connection, head)
    return { scheme, authority: target, path: '', url: `${scheme}://${target}` }
  }
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(target)
  if (absolute !== null) return readAbsolute(connection, head, absolute)
  const scheme = schemeOf(connection, head)
  const authority = authorityOf(connection, head)
  // A target that is not known (empty) adds nothing.
  if (target === '*' || target === '')
    return { scheme, authority, path: target, url: `${scheme}://${authority}` }
  return { scheme, authority, path: pathOf(target), url: `${scheme}://${authority}/${target}` }
}

function readAbsolute(
  connection: Connection,
  head: RequestHead,
  [, scheme = '', named = '', rest = '']: readonly string[],
): Target {
  const lower = scheme.toLowerCase()
  const host = named.slice(named.lastIndexOf('@') + 1)
  const authority = host === '' ? authorityOf(connection, head) : host
  const origin = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme: lower, authority, path: pathOf(origin), url: `${lower}://${authority}${origin}` }
}

function schemeOf({ tls }: Connection, { scheme }: RequestHead): string {
  if (scheme !== undefined && scheme !== '') return scheme
  return tls !== undefined && tls.unreadable === undefined ? 'https' : 'http'
}

function authorityOf(connection: Connection, { authority, headers }: RequestHead): string {
  if (authority !== undefined && authority !== '') return authority
  for (const [name, value] of headers) {
    if (value === '') continue
    if (name.length === 4 && name.toLowerCase() === 'host') return value
  }
  const { ip, port } = connection.role === 'client' ? connection.remote : connection.local
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}
