import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { sha256Of } from './captured.ts'
import type { Certificate } from './programs.ts'

/** What Node.js got for a request. */
export interface Got {
  readonly status: number
  readonly interim: readonly number[]
  readonly trailers: IncomingHttpHeaders
  readonly bodyBytes: number
  readonly sha256: string
  /** Of the frame that reset the stream; 0 when none did. */
  readonly resetCode: number
}

export interface Ask {
  readonly headers: OutgoingHttpHeaders
  readonly body?: Uint8Array
  readonly trailers?: OutgoingHttpHeaders
  /** Gives the request up when it says so. */
  readonly signal?: AbortSignal
  /** Gives it up with the first content that comes. */
  readonly cutsContent?: boolean
}

/** Large enough for a whole answer in one call of the server. */
const LARGE_WINDOW_BYTES = 32 << 20

/** One connection of HTTP/2 of this process, that takes as much at once as the other side wants to send. */
export async function openSession(origin: string, certificate: Certificate): Promise<ClientHttp2Session> {
  const session = connect(origin, {
    ca: readFileSync(certificate.certificateFile),
    settings: { initialWindowSize: LARGE_WINDOW_BYTES },
  })
  await once(session, 'remoteSettings')
  session.setLocalWindowSize(LARGE_WINDOW_BYTES)
  return session
}

export function ask(session: ClientHttp2Session, asked: Ask): Promise<Got> {
  const { headers, body, trailers, signal, cutsContent } = asked
  const cut = new AbortController()
  const stream = session.request(headers, {
    endStream: body === undefined,
    waitForTrailers: trailers !== undefined,
    signal: signal ?? cut.signal,
  })
  if (trailers !== undefined) stream.once('wantTrailers', () => stream.sendTrailers(trailers))
  if (cutsContent) stream.once('data', () => cut.abort())
  if (body !== undefined) stream.end(body)
  return gotOf(stream)
}

async function gotOf(stream: ClientHttp2Stream): Promise<Got> {
  const content: Buffer[] = []
  const interim: number[] = []
  let status = 0
  let trailers: IncomingHttpHeaders = {}
  stream.on('headers', (fields) => interim.push(Number(fields[':status'])))
  stream.on('response', (fields) => {
    status = Number(fields[':status'])
  })
  stream.on('trailers', (fields) => {
    trailers = fields
  })
  stream.on('data', (bytes: Buffer) => content.push(bytes))
  // `rstCode` says what there is to say of it.
  stream.on('error', () => {})
  await new Promise((resolve) => stream.once('close', resolve))
  const body = Buffer.concat(content)
  const resetCode = stream.rstCode
  return { status, interim, trailers, bodyBytes: body.length, sha256: sha256Of(body), resetCode }
}
