/**
 * Records real TLS sessions of `node:tls` over loopback: the ciphertext of both directions in the order it
 * passed a relay, the secrets, and the plain text each end sent.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { CapturedBytes } from '../src/base/index.ts'
import type { Process, SecretLabel, TlsSecret } from '../src/capture/index.ts'
import type { Side, TlsUnreadable } from '../src/connections/index.ts'

export interface Chunk {
  readonly from: Side
  readonly bytes: Uint8Array
}

export interface KeyLogLine {
  readonly label: SecretLabel
  readonly clientRandom: Uint8Array
  readonly secret: Uint8Array
}

export interface Recording {
  readonly chunks: readonly Chunk[]
  readonly keyLog: readonly KeyLogLine[]
  readonly keyLogText: string
  readonly plain: Record<Side, Uint8Array>
  /** To be given to the next recording, to resume this session. */
  readonly ticket: Buffer | undefined
}

export interface RecordingOptions {
  readonly server: tls.TlsOptions
  readonly client: tls.ConnectionOptions
  /** What client and server send in turn. */
  readonly turns: readonly (readonly [request: Uint8Array, response: Uint8Array])[]
  /** TLS 1.2: the client asks for a new handshake before this turn. */
  readonly renegotiateBefore?: number
}

/** A key and a certificate for `localhost`, made anew. */
export function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-tls-'))
  try {
    const keyFile = join(folder, 'key.pem')
    const certFile = join(folder, 'cert.pem')
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2']
    execFileSync('openssl', [...request, '-keyout', keyFile, '-out', certFile], { stdio: 'pipe' })
    return { key: readFileSync(keyFile), cert: readFileSync(certFile) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function recordSession(options: RecordingOptions): Promise<Recording> {
  const chunks: Chunk[] = []
  const lines: string[] = []
  const server = tls.createServer(options.server, (socket) => answer(socket, options.turns))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = createServer((client) => pass(client, connect(portOf(server), '127.0.0.1'), chunks))
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const client = tls.connect({
    host: '127.0.0.1',
    port: portOf(relay),
    servername: 'localhost',
    rejectUnauthorized: false,
    ...options.client,
  })
  let ticket: Buffer | undefined
  client.on('keylog', (line) => lines.push(line.toString()))
  client.on('session', (session) => {
    ticket = session
  })
  await once(client, 'secureConnect')
  for (const [turn, [request, response]] of options.turns.entries()) {
    if (turn === options.renegotiateBefore) await renegotiate(client)
    client.write(request)
    await readBytes(client, response.length)
  }
  client.end()
  await once(client, 'close')
  const closed = [once(server, 'close'), once(relay, 'close')]
  server.close()
  relay.close()
  await Promise.all(closed)
  return {
    chunks,
    keyLog: lines.flatMap(parseLine),
    keyLogText: lines.join(''),
    plain: {
      client: Buffer.concat(options.turns.map(([request]) => request)),
      server: Buffer.concat(options.turns.map(([, response]) => response)),
    },
    ticket,
  }
}

function pass(client: Socket, server: Socket, chunks: Chunk[]): void {
  client.on('data', (bytes) => {
    chunks.push({ from: 'client', bytes: Uint8Array.from(bytes) })
    server.write(bytes)
  })
  server.on('data', (bytes) => {
    chunks.push({ from: 'server', bytes: Uint8Array.from(bytes) })
    client.write(bytes)
  })
  client.on('end', () => server.end())
  server.on('end', () => client.end())
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
}

function answer(socket: tls.TLSSocket, turns: RecordingOptions['turns']): void {
  let turn = 0
  let received = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes) => {
    received += bytes.length
    const [request, response] = turns[turn] ?? []
    if (!request || !response || received < request.length) return
    received -= request.length
    turn += 1
    socket.write(response)
  })
}

function renegotiate(client: tls.TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    client.renegotiate({ rejectUnauthorized: false }, (error) => (error ? reject(error) : resolve()))
  })
}

async function readBytes(socket: tls.TLSSocket, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const piece: Buffer | null = socket.read()
    if (piece) left -= piece.length
    else await once(socket, 'readable')
  }
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return address.port
}

const LABELS = [
  'CLIENT_RANDOM',
  'CLIENT_EARLY_TRAFFIC_SECRET',
  'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'CLIENT_TRAFFIC_SECRET_0',
  'SERVER_TRAFFIC_SECRET_0',
  'EXPORTER_SECRET',
  'EARLY_EXPORTER_SECRET',
] as const satisfies readonly SecretLabel[]

/** Empty for labels the agent does not take, such as OpenSSL's `RSA`. */
function parseLine(line: string): readonly KeyLogLine[] {
  const [word = '', random = '', secret = ''] = line.trim().split(' ')
  const label = LABELS.find((known) => known === word)
  if (!label) return []
  return [{ label, clientRandom: Buffer.from(random, 'hex'), secret: Buffer.from(secret, 'hex') }]
}

/** A process of which only the pid matters. */
export function processOf(pid: number): Process {
  return {
    pid,
    parentPid: 1,
    startedAt: 0,
    exe: '/usr/bin/program',
    binary: 'program',
    args: [],
    userId: 0,
    userName: 'root',
    hostname: '',
    ancestors: [],
    environment: {},
    strategy: 'observe',
    container: undefined,
    podUid: '',
    skips: 0,
  }
}

/** The event a key log line would have been, without the client random unless told. */
export function secretEvent(
  line: Pick<KeyLogLine, 'label' | 'secret'>,
  from: { readonly pid: number; readonly session: number; readonly thread?: number },
  clientRandom?: Uint8Array,
): TlsSecret {
  return {
    kind: 'secret',
    at: 0,
    process: processOf(from.pid),
    thread: from.thread ?? from.pid,
    session: from.session,
    label: line.label,
    secret: new CapturedBytes(Uint8Array.from(line.secret)),
    clientRandom,
  }
}

/** A sink that keeps all it is told. */
export function keepPlain() {
  const pieces: Record<Side, Uint8Array[]> = { client: [], server: [] }
  const order: string[] = []
  const gaps: { from: Side; missingBytes: number | undefined; atByte: number }[] = []
  const reasons: TlsUnreadable[] = []
  return {
    pieces,
    order,
    gaps,
    reasons,
    all: (from: Side) => Buffer.concat(pieces[from]),
    plain(from: Side, bytes: Uint8Array) {
      pieces[from].push(Uint8Array.from(bytes))
      order.push(from)
    },
    gap(from: Side, missingBytes: number | undefined) {
      gaps.push({ from, missingBytes, atByte: Buffer.concat(pieces[from]).length })
      order.push(`${from} gap`)
    },
    unwantedAhead: (_from: Side) => 0,
    passed: (_from: Side, _bytes: number) => {},
    unreadable: (why: TlsUnreadable) => void reasons.push(why),
  }
}
