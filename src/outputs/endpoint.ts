import type { Connection } from '../connections/index.ts'
import type { Heads } from '../exchanges/index.ts'

const LABEL_CHARACTERS_MAX = 63
const DOMAIN_CHARACTERS_MAX = 253

/**
 * Whom the exchange was with: what the DNS told the process of the address, else the name in the TLS
 * handshake, else the host the client asked for, else the address of the server's end.
 */
export function endpointOf({ connection, request }: Pick<Heads, 'connection' | 'request'>): string {
  return nameOf(connection) ?? asDomain(withoutPort(request.authority)) ?? addressOf(connection)
}

/** The same of a connection, whose host is the one that its first request asked for. */
export function endpointOfConnection(connection: Connection): string {
  return nameOf(connection) ?? asDomain(connection.hostName) ?? addressOf(connection)
}

function nameOf({ role, dnsName, tls }: Connection): string | undefined {
  // A client's name is not that of the server it talks to.
  const told = role === 'client' ? asDomain(dnsName) : undefined
  return told ?? asDomain(tls?.serverName)
}

function addressOf({ role, local, remote }: Connection): string {
  return role === 'server' ? local.ip : remote.ip
}

function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':')
  if (colon < 0) return authority
  for (let at = colon + 1; at < authority.length; at += 1) {
    if (!isDigit(authority.charCodeAt(at))) return authority
  }
  return authority.slice(0, colon)
}

/** In lower case; undefined for what is no name of letters, digits and hyphens, such as an address. */
function asDomain(name: string | undefined): string | undefined {
  if (name === undefined || name.length === 0 || name.length > DOMAIN_CHARACTERS_MAX) return undefined
  let labelBegin = 0
  let labelIsNumber = true
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at)
    if (code === DOT) {
      if (at === labelBegin) return undefined
      labelBegin = at + 1
      labelIsNumber = true
      continue
    }
    if (at - labelBegin === LABEL_CHARACTERS_MAX || !isOfLabel(code)) return undefined
    labelIsNumber &&= isDigit(code)
  }
  // No top-level domain is a number, so a number at the end means an IPv4 address.
  return labelBegin === name.length || labelIsNumber ? undefined : name.toLowerCase()
}

const DOT = 0x2e
const HYPHEN = 0x2d

function isOfLabel(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(code) || code === HYPHEN
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
