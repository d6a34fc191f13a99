import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type Headers, sha256Of } from './captured.ts'
import { bytesOf, PAGE } from './origin.ts'
import type { Certificate } from './programs.ts'

/** A request as it reached the origin, and what it answered. */
export interface Passed2 {
  readonly method: string
  readonly authority: string
  /** Without the pseudo fields. */
  readonly headers: Headers
  readonly trailers: Headers
  readonly bodySha256: string
  readonly answer: Answer2
}

export interface Answer2 {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, string>>
}

/** A server of HTTP/2 in this process: in clear text for those who know it, and by ALPN. */
export interface Http2Origin {
  readonly plain: string
  readonly tls: string
  /** The requests for a path so far, in order. */
  passed(path: string): readonly Passed2[]
  close(): Promise<void>
}

/** What an answer that breaks off brings of its content. */
export const BROKEN_BYTES = 30_000

const PIECE_BYTES = 64 << 10
const NO_FIELDS = {}

/**
 * The first word of a path says what it answers: `echo` what came, `bytes/N` that many bytes, `burst/N` as
 * many in few system calls, `fields/N` a field of that length, `silence` nothing, `breaks` a beginning, and
 * so on; the rest tells tests apart.
 */
export async function startHttp2Origin(certificate: Certificate): Promise<Http2Origin> {
  const passed = new Map<string, Passed2[]>()
  const sessions = new Set<ServerHttp2Session>()
  const plain = createServer()
  const tls = createSecureServer({
    key: readFileSync(certificate.keyFile),
    cert: readFileSync(certificate.certificateFile),
  })
  const servers: readonly Http2Server[] = [plain, tls]
  for (const server of servers) {
    server.on('stream', receive)
    server.on('session', (session) => {
      sessions.add(session)
      session.once('close', () => sessions.delete(session))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return {
    plain: `http://localhost:${portOf(plain)}`,
    tls: `https://localhost:${portOf(tls)}`,
    passed: (path) => passed.get(path) ?? [],
    close,
  }

  function receive(
    stream: ServerHttp2Stream,
    head: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[],
  ): void {
    const path = head[':path'] ?? ''
    const content: Buffer[] = []
    let trailers: Headers = NO_FIELDS
    // A client that gives up its request is a test, not a mistake.
    stream.on('error', () => {})
    stream.on('data', (bytes: Buffer) => content.push(bytes))
    stream.on('trailers', (_fields, _flags_, raw: readonly string[]) => {
      trailers = joinedFields(raw)
    })
    stream.once('end', () => {
      const body = Buffer.concat(content)
      const answer = answerTo(path, head, body)
      const one = {
        method: head[':method'] ?? '',
        authority: head[':authority'] ?? '',
        headers: joinedFields(rawHeaders),
        trailers,
        bodySha256: sha256Of(body),
        answer,
      }
      passed.set(path, [...(passed.get(path) ?? []), one])
      send(stream, path, answer)
    })
  }

  async function close(): Promise<void> {
    for (const session of sessions) session.destroy()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** Names in lower case, without the pseudo fields; repeated ones joined as RFC 9110 §5.3 says. */
export function joinedFields(raw: readonly string[]): Headers {
  const fields: Record<string, string> = {}
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    if (name.startsWith(':')) continue
    fields[name] = name in fields ? `${fields[name]}, ${raw[at + 1]}` : (raw[at + 1] ?? '')
  }
  return fields
}

function answerTo(path: string, head: IncomingHttpHeaders, body: Buffer): Answer2 {
  const [, kind = '', argument = ''] = path.split('/')
  const headers = { 'x-answer': kind, 'content-type': 'text/plain' }
  const page = { status: 200, headers, body: Buffer.from(PAGE), trailers: NO_FIELDS }
  switch (kind) {
    case 'echo':
      return { ...page, headers: { ...headers, ...echoed(head) }, body }
    case 'bytes':
    case 'burst':
    case 'breaks':
      return { ...page, body: bytesOf(kind === 'breaks' ? BROKEN_BYTES : Number(argument)) }
    case 'status':
      return { ...page, status: Number(argument), body: Buffer.alloc(0) }
    case 'fields':
      return { ...page, headers: { ...headers, 'x-long': 'long '.repeat(Number(argument) / 5).trim() } }
    case 'gzip':
      return { ...page, headers: { ...headers, 'content-encoding': kind }, body: gzipSync(PAGE) }
    case 'br':
      return { ...page, headers: { ...headers, 'content-encoding': kind }, body: brotliCompressSync(PAGE) }
    case 'trailers':
      return { ...page, trailers: { 'x-checksum': sha256Of(PAGE), 'x-second': 'two' } }
    default:
      return page
  }
}

/** The type of what came, and its numbered fields. */
function echoed(head: IncomingHttpHeaders): Record<string, string> {
  const names = Object.keys(head).filter((name) => name === 'content-type' || name.startsWith('x-name-'))
  return Object.fromEntries(names.map((name) => [name, String(head[name])]))
}

function send(stream: ServerHttp2Stream, path: string, { status, headers, body, trailers }: Answer2): void {
  if (path.startsWith('/silence/') || stream.destroyed) return
  if (path.startsWith('/refused/')) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
  if (path.startsWith('/hints/')) {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' })
    stream.additionalHeaders({ ':status': 103, link: '</script.js>; rel=preload' })
  }
  const fields = { ':status': status, ...headers }
  if (body.length === 0) return stream.respond(fields, { endStream: true })
  const hasTrailers = Object.keys(trailers).length > 0
  stream.respond(fields, { waitForTrailers: hasTrailers })
  if (hasTrailers) stream.once('wantTrailers', () => stream.sendTrailers(trailers))
  if (path.startsWith('/breaks/'))
    return void stream.write(body, () => stream.destroy(new Error('breaks off')))
  if (path.startsWith('/burst/')) return void stream.end(body)
  Readable.from(piecesOf(body)).pipe(stream)
}

/** As a program that reads a file sends it. */
function* piecesOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES)
}

function portOf(server: Http2Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('the origin does not listen')
  return address.port
}
