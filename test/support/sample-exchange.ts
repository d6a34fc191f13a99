import type { Process } from '../../src/capture/index.ts'
import type { Connection } from '../../src/connections/index.ts'
import type {
  Body,
  Conversation,
  Exchange,
  Progress,
  Request,
  Response,
  SpokenMessage,
} from '../../src/exchanges/index.ts'

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
  hostname: 'web-1',
  ancestors: [],
  environment: {},
  strategy: 'observe',
  container: undefined,
  podUid: '',
  skips: 0,
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

/** The same exchange 20 s after its beginning, when 14,500 bytes of the response have come. */
export function sampleProgress(changes: Partial<Progress> = {}): Progress {
  const { id, connection, protocol, request, response, startedAt, respondedAt } = sampleExchange()
  return {
    id,
    connection,
    protocol,
    request,
    response,
    startedAt,
    respondedAt,
    at: startedAt + 20e9,
    lastAt: startedAt + 19e9,
    requestBytes: 0,
    responseBytes: 14_500,
    messages: undefined,
    grpc: undefined,
    ...changes,
  }
}

/** A body that was seen whole, with no content coding. */
export function sampleBody(content: string | Uint8Array, changes: Partial<Body> = {}): Body {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return {
    bytes,
    wireBytes: bytes.length,
    lengthKnown: true,
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
    socketProtocol: 'tcp',
    role: 'client',
    local: { ip: '192.0.2.10', port: 40_000 },
    remote: { ip: '203.0.113.5', port: 443 },
    joinedLate: false,
    openedAt: 4_000_000_000,
    process: { ...SAMPLE_PROCESS, ...changes.process },
    tls: {
      offeredVersion: 0x0304,
      version: 0x0304,
      suite: 0x1301,
      serverName: 'api.example.com',
      protocols: ['h2'],
      protocol: 'h2',
      unreadable: undefined,
      opened: true,
    },
    dnsName: undefined,
    hostName: undefined,
    protocol: 'http2',
    closedAt: undefined,
    totals: undefined,
    sent: { capturedBytes: 72, missingBytes: 0 },
    received: { capturedBytes: 127, missingBytes: 0 },
    ...changes.connection,
  }
}

/** What two ends of a WebSocket said to each other: one message each way, then a Close. */
export function sampleConversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    client: { messages: 1, bytes: 5, controls: 2, missed: false },
    server: { messages: 1, bytes: 3, controls: 1, missed: false },
    close: { from: 'client', code: 1000, reason: 'bye' },
    messages: [
      sampleMessage('client', 'text', 'hello', 5_012_000_000),
      sampleMessage('server', 'binary', Uint8Array.of(1, 2, 255), 5_012_500_000),
    ],
    truncated: false,
    ...changes,
  }
}

/** A message that was seen whole. */
export function sampleMessage(
  from: 'client' | 'server',
  type: 'text' | 'binary',
  content: string | Uint8Array,
  at: number,
): SpokenMessage {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { from, type, at, bytes, length: bytes.length, wireBytes: bytes.length, truncated: false }
}

/** The exchange that such a conversation is. */
export function sampleWebSocket(changes: Partial<Conversation> = {}): Exchange {
  return sampleExchange({
    exchange: { protocol: 'websocket', durationMs: 13, conversation: sampleConversation(changes) },
    request: { url: 'https://api.example.com/live', path: '/live', wireBytes: 25 },
    response: { status: 101, headers: [['upgrade', 'websocket']], body: sampleBody(''), wireBytes: 9 },
  })
}
