import type { Connection } from '../connections/index.ts'
import type { Header } from '../decoders/index.ts'

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
 */
export function readTarget(
  connection: Connection,
  method: string,
  target: string,
  headers: readonly Header[],
): Target {
  if (target.charCodeAt(0) === 47) {
    const scheme = schemeOf(connection)
    const authority = authorityOf(connection, headers)
    return { scheme, authority, path: pathOf(target), url: `${scheme}://${authority}${target}` }
  }
  if (method === 'CONNECT') {
    const scheme = schemeOf(connection)
    return { scheme, authority: target, path: '', url: `${scheme}://${target}` }
  }
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/is.exec(target)
  if (absolute !== null) return readAbsolute(connection, headers, absolute)
  const scheme = schemeOf(connection)
  const authority = authorityOf(connection, headers)
  if (target === '*') return { scheme, authority, path: '*', url: `${scheme}://${authority}` }
  return { scheme, authority, path: pathOf(target), url: `${scheme}://${authority}/${target}` }
}

function readAbsolute(
  connection: Connection,
  headers: readonly Header[],
  [, scheme = '', named = '', rest = '']: readonly string[],
): Target {
  const lower = scheme.toLowerCase()
  const host = named.slice(named.lastIndexOf('@') + 1)
  const authority = host === '' ? authorityOf(connection, headers) : host
  const origin = rest.startsWith('/') ? rest : `/${rest}`
  return { scheme: lower, authority, path: pathOf(origin), url: `${lower}://${authority}${origin}` }
}

function schemeOf(connection: Connection): string {
  const { tls } = connection
  return tls !== undefined && tls.unreadable === undefined ? 'https' : 'http'
}

function authorityOf(connection: Connection, headers: readonly Header[]): string {
  for (const [name, value] of headers) {
    if (value === '') continue
    if (name.length === 4 && name.toLowerCase() === 'host') return value
    if (name === ':authority') return value
  }
  const { ip, port } = connection.role === 'client' ? connection.remote : connection.local
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}
