import type { Connection } from '../connections/index.ts'

/** Which way a request went, seen from this host. */
export type TrafficDirection = 'ingress' | 'egress-internal' | 'egress-external'

/** Accepted connections are ingress; others are told apart by whether the remote address is private. */
export function directionOf(connection: Connection): TrafficDirection {
  if (connection.role === 'server') return 'ingress'
  return isPrivate(connection.remote.ip) ? 'egress-internal' : 'egress-external'
}

/** RFC 1918 and RFC 4193 only: loopback, link-local and shared (RFC 6598) addresses are not private. */
export function isPrivate(ip: string): boolean {
  const address = ip.startsWith('::ffff:') ? ip.slice(7) : ip
  if (address.startsWith('10.') || address.startsWith('192.168.')) return true
  if (address.startsWith('172.')) {
    const second = Number.parseInt(address.slice(4), 10)
    return second >= 16 && second <= 31
  }
  return /^f[cd][0-9a-f]{2}:/i.test(address)
}
