import { once } from 'node:events'
import * as http2 from 'node:http2'
import { duplexPair } from 'node:stream'
import type { Header } from '../../src/decoders/index.ts'
import type { Step } from './decoder-script.ts'

/** What one end of a connection heard of the other's message. */
export interface Heard {
  /** Without pseudo fields, in the order they came. */
  headers: readonly Header[]
  /** `METHOD path`, or the status. */
  start: string
  body: string
  trailers: readonly Header[]
  /** To its end: nobody gave the stream up. */
  ended: boolean
}

export interface Session {
  readonly steps: readonly Step[]
  /** By stream id. */
  readonly requests: ReadonlyMap<number, Heard>
  readonly responses: ReadonlyMap<number, Heard>
}

export interface SessionOptions {
  readonly exchanges: number
  readonly atOnce: number
  readonly settings?: http2.Settings
  readonly padded?: boolean
  /** Of the longest body. */
  readonly bodyBytes?: number
}

/** A client and a server of `node:http2` in memory: their bytes as they passed, and what each heard. */
export async function recordSession(options: SessionOptions): Promise<Session> {
  const { exchanges, atOnce, settings = {}, padded = false, bodyBytes = 2000 } = options
  const steps: Step[] = []
  const requests = new Map<number, Heard>()
  const responses = new Map<number, Heard>()
  const [near, far] = duplexPair()
  noteWrites(near, '>', steps)
  noteWrites(far, '<', steps)
  const constants = http2.constants
  const paddingStrategy = padded ? constants.PADDING_STRATEGY_MAX : constants.PADDING_STRATEGY_NONE
  const server = http2.performServerHandshake(far, { settings, paddingStrategy })
  server.on('stream', (stream, _headers, _flags, raw) => {
    const heard = hear(stream, raw ?? [])
    requests.set(stream.id ?? 0, heard)
    stream.on('end', () => answer(stream, heard, bodyBytes))
  })
  const client = http2.connect('http://x.example', {
    createConnection: () => near,
    settings,
    paddingStrategy,
  })
  for (let at = 0; at < exchanges; at += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, exchanges - at) }, (_, next) => at + next)
    await Promise.all(numbers.map((number) => ask(client, number, bodyBytes, responses)))
  }
  client.close()
  await once(client, 'close')
  return { steps: [...steps, ['x']], requests, responses }
}

/** So that every place of every body is told from all others. */
function bodyOf(number: number, side: string, bytes: number): string {
  let text = ''
  while (text.length < bytes) text += `${side}${number}:${text.length};`
  return text.slice(0, bytes)
}

async function ask(
  client: http2.ClientHttp2Session,
  number: number,
  bodyBytes: number,
  responses: Map<number, Heard>,
): Promise<void> {
  const posts = number % 3 === 1
  const stream = client.request(
    {
      ':method': posts ? 'POST' : 'GET',
      ':path': `/${number}`,
      accept: 'text/html',
      cookie: `session=${number % 4}; theme=dark`,
      'user-agent': 'probe/1.0',
      'x-request-id': `id-${number}`,
      ...(number % 9 === 4 && { 'x-long': 'long'.repeat(7000) }),
    },
    { endStream: !posts },
  )
  if (posts) stream.end(bodyOf(number, 'q', (number * 7919) % bodyBytes))
  stream.on(
    'response',
    (_headers, _flags, raw) => void responses.set(stream.id ?? 0, hear(stream, raw ?? [])),
  )
  if (number % 17 === 16) stream.on('response', () => stream.close(http2.constants.NGHTTP2_CANCEL))
  await once(stream, 'close')
}

function answer(stream: http2.ServerHttp2Stream, { start, headers }: Heard, bodyBytes: number): void {
  const number = Number(start.split('/')[1])
  if (number % 11 === 3) stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' })
  if (number % 13 === 7) {
    stream.respond({ ':status': 204 }, { endStream: true })
    return
  }
  const fields = {
    ':status': [200, 404, 201, 503][number % 4],
    'content-type': 'text/html',
    etag: `"${number}"`,
    'set-cookie': [`seen=${number % 3}`, 'theme=dark'],
    'x-request-id': headers.find(([name]) => name === 'x-request-id')?.[1] ?? '',
  }
  stream.respond(fields, { waitForTrailers: number % 5 === 2 })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': `c${number}` }))
  stream.on('error', () => undefined)
  stream.end(bodyOf(number, 'a', (number * 104_729) % bodyBytes))
}

function hear(stream: http2.Http2Stream, raw: readonly string[]): Heard {
  const fields = pairsIn(raw)
  const pseudo = new Map(fields.filter(([name]) => name.startsWith(':')))
  const start = pseudo.get(':status') ?? `${pseudo.get(':method')} ${pseudo.get(':path')}`
  const heard: Heard = {
    headers: fields.filter(([name]) => !name.startsWith(':')),
    start,
    body: '',
    trailers: [],
    ended: false,
  }
  stream.setEncoding('latin1')
  stream.on('data', (text: string) => {
    heard.body += text
  })
  stream.on('trailers', (_headers: unknown, _flags: unknown, rawTrailers?: readonly string[]) => {
    heard.trailers = pairsIn(rawTrailers ?? [])
  })
  stream.on('end', () => {
    heard.ended = stream.rstCode === http2.constants.NGHTTP2_NO_ERROR
  })
  return heard
}

function pairsIn(raw: readonly string[]): Header[] {
  return raw.flatMap((name, at): Header[] => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []))
}

function noteWrites(side: NodeJS.WritableStream, kind: '>' | '<', steps: Step[]): void {
  const write = side.write.bind(side)
  side.write = (chunk: string | Uint8Array, ...rest: never[]) => {
    steps.push([kind, Buffer.from(chunk).toString('latin1')])
    return write(chunk, ...rest)
  }
}
