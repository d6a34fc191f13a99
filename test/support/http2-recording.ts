/** Real traffic of `node:http2`, in clear text over loopback: both sides' bytes in the order they passed. */
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Side } from '../../src/connections/index.ts'

export interface PassedChunk {
  readonly from: Side
  readonly bytes: Uint8Array
}

const AT_ONCE = 5
const PREFACE_BYTES = 24
const FRAME_HEAD_BYTES = 9
const HEADERS = 1
const CONTINUATION = 9
const END_HEADERS = 4
const PADDED = 8
const PRIORITY = 0x20

/** One connection with requests of several kinds, some at once, a few with a field of 20 kB. */
export async function recordHttp2(requests: number, longFields = true): Promise<readonly PassedChunk[]> {
  const chunks: PassedChunk[] = []
  const server = http2.createServer({ settings: { enablePush: false } })
  server.on('stream', answer)
  const relay = createServer((client) => pass(client, connect(portOf(server), '127.0.0.1'), chunks))
  await Promise.all([listening(server), listening(relay)])
  const session = http2.connect(`http://127.0.0.1:${portOf(relay)}`)
  for (let at = 0; at < requests; at += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, requests - at) }, (_, next) =>
        ask(session, at + next, longFields),
      ),
    )
  session.close()
  await once(session, 'close')
  relay.close()
  server.close()
  return chunks
}

/** The header blocks of each side of such a connection, put together from their frames (RFC 9113 §4.3). */
export async function headerBlocks(requests: number): Promise<Record<Side, readonly Uint8Array[]>> {
  const chunks = await recordHttp2(requests, false)
  const sent = (side: Side) =>
    Buffer.concat(chunks.filter(({ from }) => from === side).map(({ bytes }) => bytes))
  return { client: blocksIn(sent('client').subarray(PREFACE_BYTES)), server: blocksIn(sent('server')) }
}

function blocksIn(stream: Buffer): readonly Uint8Array[] {
  const blocks: Uint8Array[] = []
  let fragments: Uint8Array[] = []
  for (let at = 0; at + FRAME_HEAD_BYTES <= stream.length; ) {
    const length = stream.readUIntBE(at, 3)
    const [type = 0, flags = 0] = [stream[at + 3], stream[at + 4]]
    const payload = stream.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + length)
    at += FRAME_HEAD_BYTES + length
    if (type !== HEADERS && type !== CONTINUATION) continue
    fragments.push(type === HEADERS ? withoutExtras(payload, flags) : payload)
    if ((flags & END_HEADERS) === 0) continue
    blocks.push(new Uint8Array(Buffer.concat(fragments)))
    fragments = []
  }
  return blocks
}

function withoutExtras(payload: Buffer, flags: number): Buffer {
  const padding = flags & PADDED ? (payload[0] ?? 0) : 0
  const begin = (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0)
  return payload.subarray(begin, payload.length - padding)
}

function ask(session: http2.ClientHttp2Session, number: number, longFields: boolean): Promise<void> {
  const posts = number % 3 === 1
  const headers: http2.OutgoingHttpHeaders = {
    ':method': posts ? 'POST' : 'GET',
    ':path': `/items/${number}?page=${number % 7}`,
    'user-agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36',
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
    'accept-language': 'en-GB,en;q=0.7',
    'accept-encoding': 'gzip, deflate, br, zstd',
    cookie: `session=4f9c${number % 5}a7b2e1d04b; theme=dark; visited=${number}`,
    'x-request-id': `b7ad6b7169203331-${number.toString(16).padStart(8, '0')}`,
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-${number.toString(16).padStart(16, '0')}-01`,
    ...(longFields && number % 20 === 7 && { 'x-long': 'long '.repeat(4_000) }),
  }
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: !posts })
    stream.on('error', reject)
    stream.on('close', resolve)
    stream.resume()
    if (posts) stream.end(Buffer.alloc(100 * (1 + (number % 9)), `body ${number} `))
  })
}

function answer(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  const number = Number(/\d+/.exec(headers[':path'] ?? '')?.[0] ?? 0)
  stream.resume()
  if (number % 11 === 3) stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' })
  const trailers = number % 7 === 2
  const fields = {
    ':status': number % 13 === 5 ? 404 : 200,
    'content-type': number % 2 ? 'application/json; charset=utf-8' : 'text/html',
    'cache-control': 'private, max-age=0, must-revalidate',
    etag: `"${(number * 2_654_435_761).toString(16)}"`,
    server: 'nginx/1.27.1',
    'set-cookie': [`seen=${number}; Path=/; HttpOnly`, 'theme=dark; Path=/'],
    vary: 'Accept-Encoding, Origin',
    'x-request-id': String(headers['x-request-id']),
  }
  stream.respond(fields, { waitForTrailers: trailers })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': `c${number}` }))
  stream.end(Buffer.alloc(50 * (1 + (number % 12)), `<p>${number}</p>`))
}

function pass(client: Socket, server: Socket, chunks: PassedChunk[]): void {
  const keep = (from: Side) => (bytes: Buffer) => void chunks.push({ from, bytes: new Uint8Array(bytes) })
  client.on('data', keep('client')).pipe(server)
  server.on('data', keep('server')).pipe(client)
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
}

async function listening(server: Server | http2.Http2Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

function portOf(server: Server | http2.Http2Server): number {
  return (server.address() as AddressInfo).port
}
