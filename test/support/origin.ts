import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { Readable } from 'node:stream'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type Headers, sha256Of } from './captured.ts'
import type { Certificate } from './programs.ts'

/** A request as it reached the origin, and the answer it gave. */
export interface Passed {
  readonly method: string
  readonly uri: string
  readonly headers: Headers
  readonly trailers: Headers
  readonly bodyBytes: number
  readonly bodySha256: string
  readonly answer: Answer
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface Origin {
  readonly plain: string
  readonly tls: string
  readonly ports: { readonly plain: number; readonly tls: number }
  /** Requests whose path has been asked for so far, in order. */
  passed(uri: string): readonly Passed[]
  close(): Promise<void>
}

export const PAGE =
  'A page of which the same words come again and again, so that it can be made smaller. '.repeat(40)

const PIECE_BYTES = 64 << 10

/**
 * A web server in this process. The first word of the path says what it answers: `echo` what came, `bytes/N`
 * that many bytes, and so on; the rest of the path tells tests apart.
 */
export async function startOrigin(certificate: Certificate): Promise<Origin> {
  const passed = new Map<string, Passed[]>()
  const plain = createServer(answer)
  const tls = createTlsServer(
    { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certificateFile) },
    answer,
  )
  const ports = { plain: await listen(plain), tls: await listen(tls) }
  return {
    plain: `http://localhost:${ports.plain}`,
    tls: `https://localhost:${ports.tls}`,
    ports,
    passed: (uri) => passed.get(uri) ?? [],
    close,
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (bytes: Buffer) => chunks.push(bytes))
    request.once('end', () => {
      const body = Buffer.concat(chunks)
      const uri = request.url ?? ''
      const given = answerTo(uri, request, body)
      const one: Passed = {
        method: request.method ?? '',
        uri,
        headers: joined(request.rawHeaders),
        trailers: joined(request.rawTrailers),
        bodyBytes: body.length,
        bodySha256: sha256Of(body),
        answer: given,
      }
      passed.set(uri, [...(passed.get(uri) ?? []), one])
      send(uri, response, given)
    })
  }

  async function close(): Promise<void> {
    plain.closeAllConnections()
    tls.closeAllConnections()
    await Promise.all([plain, tls].map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** That many bytes, the same for each call, of which no two stretches are alike and which are no text. */
export function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 0x9e37_79b9
  for (let at = 0; at + 4 <= length; at += 4) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9
    bytes.writeInt32LE(state | 0, at)
  }
  return bytes
}

function answerTo(uri: string, request: IncomingMessage, body: Buffer): Answer {
  const [, kind = '', argument = ''] = uri.split('/')
  const headers = { 'x-answer': kind }
  switch (kind) {
    case 'echo':
      return { status: 200, headers: { ...headers, 'content-type': typeOf(request) }, body }
    case 'bytes':
      return { status: 200, headers, body: bytesOf(Number(argument)) }
    case 'stored':
      return { status: 201, headers, body: Buffer.from(sha256Of(body)) }
    case 'status':
      return { status: Number(argument), headers: { ...headers, etag: '"one"' }, body: Buffer.alloc(0) }
    case 'gzip':
      return { status: 200, headers: { ...headers, 'content-encoding': kind }, body: gzipSync(PAGE) }
    case 'br':
      return {
        status: 200,
        headers: { ...headers, 'content-encoding': kind },
        body: brotliCompressSync(PAGE),
      }
    case 'zstd':
      return { status: 200, headers: { ...headers, 'content-encoding': kind }, body: zstdCompressSync(PAGE) }
    default:
      return { status: 200, headers: { ...headers, 'content-type': 'text/plain' }, body: Buffer.from(PAGE) }
  }
}

function send(uri: string, response: ServerResponse, { status, headers, body }: Answer): void {
  const isChunked = uri.startsWith('/chunked/')
  if (uri.startsWith('/hints/')) response.writeEarlyHints({ link: '</style.css>; rel=preload' })
  response.writeHead(status, {
    ...headers,
    ...(isChunked ? { trailer: 'x-checksum' } : status === 204 ? {} : { 'content-length': body.length }),
  })
  if (!isChunked) return void Readable.from(piecesOf(body)).pipe(response)
  const third = Math.ceil(body.length / 3)
  for (let at = 0; at < body.length; at += third) response.write(body.subarray(at, at + third))
  response.addTrailers({ 'x-checksum': sha256Of(body) })
  response.end()
}

/** As a program that reads a file sends it; of one call the agent copies 1 MiB at most. */
function* piecesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES)
}

function typeOf(request: IncomingMessage): string {
  return request.headers['content-type'] ?? 'application/octet-stream'
}

function joined(raw: readonly string[]): Headers {
  const headers: Record<string, string> = {}
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase()
    headers[name] = name in headers ? `${headers[name]}, ${raw[at + 1]}` : (raw[at + 1] ?? '')
  }
  return headers
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address: AddressInfo | string | null = server.address()
      if (address !== null && typeof address === 'object') resolve(address.port)
    })
  })
}
