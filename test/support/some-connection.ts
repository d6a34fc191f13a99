import type { Connection } from '../../src/connections/index.ts'

/** A connection of which nothing is known yet, but for what `changes` say. */
export function someConnection(changes: Partial<Connection> = {}): Connection {
  return {
    id: '00000000000000000000',
    key: 1,
    socketProtocol: 'tcp',
    role: 'client',
    local: { ip: '127.0.0.1', port: 40_000 },
    remote: { ip: '127.0.0.1', port: 443 },
    joinedLate: false,
    openedAt: 0,
    process: undefined,
    tls: undefined,
    dnsName: undefined,
    hostName: undefined,
    protocol: undefined,
    closedAt: undefined,
    totals: undefined,
    sent: { capturedBytes: 0, missingBytes: 0 },
    received: { capturedBytes: 0, missingBytes: 0 },
    ...changes,
  }
}
