import type { Exchange } from '../exchanges/index.ts'

const LABEL = /^[a-z0-9-]{1,63}$/i
const DOMAIN_CHARACTERS_MAX = 253

/**
 * Whom the exchange was with: the name in the TLS handshake, else the host the client asked for, else the
 * address of the server's end.
 */
export function endpointOf(exchange: Exchange): string {
  const { connection, request } = exchange
  const serverName = connection.tls?.serverName
  if (serverName !== undefined && isDomain(serverName)) return serverName.toLowerCase()
  const host = request.authority.replace(/:\d*$/, '')
  if (isDomain(host)) return host.toLowerCase()
  return connection.role === 'server' ? connection.local.ip : connection.remote.ip
}

/** True for names of letters, digits and hyphens, false for addresses. */
function isDomain(name: string): boolean {
  if (name.length === 0 || name.length > DOMAIN_CHARACTERS_MAX) return false
  const labels = name.split('.')
  if (!labels.every((label) => LABEL.test(label))) return false
  // No top-level domain is a number, so a number at the end means an IPv4 address.
  return !/^\d+$/.test(labels.at(-1) ?? '')
}
