import type { Process } from '../../src/capture/index.ts'
import type { Connection } from '../../src/connections/index.ts'
import type { Body, Exchange, Request, Response } from '../../src/exchanges/index.ts'

/** What a test wants to be different from `GET https://api.example.com/v1/items?page=2` answered by 200. */
export interface SampleChanges {
  readonly exchange?: Partial<Exchange>
  readonly request?: Partial<Request>
  readonly response?: Partial<Response>
  readonly connection?: Partial<Connection>
  readonly process?: Partial<Process>
}

export const SAMPLE_PROCESS: Process = {
  pid: 4242,
  parentPid: 1,
  startedAt: 1_000_000_000,
  exe: '/usr/bin/curl',
  binary: 'curl',
  args: ['curl'],
  userId: 1000,
  userName: 'operator',
  containerId: '',
}

/** An exchange as the exchanges stage would give it: a client's, complete, over TLS and HTTP/2. */
export function sampleExchange(changes: SampleChanges = {}): Exchange {
  return {
    id: 'd654d8g7p3qnd27vfhb0',
    connection: sampleConnection(changes),
    protocol: 'http2',
    request: {
      method: 'GET',
      target: '/v1/items?page=2',
      scheme: 'https',
      authority: 'api.example.com',
      path: '/v1/items',
      url: 'https://api.example.com/v1/items?page=2',
      headers: [
        ['user-agent', 'curl/8.18.0'],
        ['accept', '*/*'],
      ],
      trailers: [],
      body: sampleBody(''),
      wireBytes: 72,
      ...changes.request,
    },
    response: {
      status: 200,
      reason: '',
      headers: [
        ['content-type', 'application/json'],
        ['server', 'nginx'],
      ],
      trailers: [],
      body: sampleBody('{"items":[]}'),
      wireBytes: 127,
      ...changes.response,
    },
    startedAt: 5_000_000_000,
    respondedAt: 5_012_000_000,
    endedAt: 5_013_000_000,
    durationMs: 12,
    completeness: 'complete',
    ...changes.exchange,
  }
}

/** A body that was seen whole, with no content coding. */
export function sampleBody(content: string | Uint8Array, changes: Partial<Body> = {}): Body {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return {
    bytes,
    wireBytes: bytes.length,
    decodedBytes: bytes.length,
    truncated: false,
    missing: false,
    sha256: undefined,
    codingsLeft: [],
    ...changes,
  }
}

function sampleConnection(changes: SampleChanges): Connection {
  return {
    id: 'd654d887p3qnd27vfhag',
    key: 1,
    role: 'client',
    local: { ip: '192.0.2.10', port: 40_000 },
    remote: { ip: '203.0.113.5', port: 443 },
    joinedLate: false,
    openedAt: 4_000_000_000,
    process: { ...SAMPLE_PROCESS, ...changes.process },
    tls: {
      version: 0x0304,
      suite: 0x1301,
      serverName: 'api.example.com',
      protocols: ['h2'],
      unreadable: undefined,
      opened: true,
    },
    sent: { capturedBytes: 72, missingBytes: 0 },
    received: { capturedBytes: 127, missingBytes: 0 },
    ...changes.connection,
  }
}
