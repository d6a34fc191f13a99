import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import { source } from '../../src/base/index.ts'
import type { Side, StreamEvent } from '../../src/connections/index.ts'
import { decode } from '../../src/decoders/index.ts'
import { EXCHANGE_LIMITS, type Exchange, pairExchanges } from '../../src/exchanges/index.ts'
import { SCRIPT_CONNECTION } from '../support/exchange-script.ts'

interface Chunk {
  readonly from: Side
  readonly bytes: Uint8Array
}

/** A message given to the library, in parts when it is to be sent in fragments. */
interface Sent {
  readonly from: Side
  readonly parts: readonly (string | Buffer)[]
  readonly compress: boolean
}

const WORDS = ['subscribe', 'price', '"id":', '12.5', ', ', '{', '}', 'ünïcödé ', '\n']
const LENGTHS = [0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 200_000]

const AGREEMENTS: readonly [name: string, deflate: PerMessageDeflateOptions | false][] = [
  ['no compression', false],
  ['compression', { threshold: 0 }],
  ['compression of what is long', { threshold: 100 }],
  [
    'compression without context',
    { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
  ],
  ['context on one side', { threshold: 0, clientNoContextTakeover: true }],
  ['small windows', { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 10 }],
  ['compression with little memory', { threshold: 0, zlibDeflateOptions: { level: 1, memLevel: 1 } }],
]

test.for(AGREEMENTS)('what two ends of ws say is what is heard: %s', async ([, perMessageDeflate]) => {
  const said = [...Array.from({ length: 120 }, someMessage), ...LENGTHS.flatMap(ofLength)]
  const chunks = await recorded(said, perMessageDeflate)
  for (const [upgrade, talk] of [
    exchangesOf(chunks),
    exchangesOf(resplit(chunks, 7)),
    exchangesOf(resplit(chunks, 1_000)),
  ]) {
    expect([upgrade?.protocol, upgrade?.completeness, upgrade?.response?.status]).toEqual([
      'http1',
      'complete',
      101,
    ])
    expect([talk?.protocol, talk?.completeness]).toEqual(['websocket', 'complete'])
    const { conversation } = talk ?? {}
    expect(conversation).toMatchObject({
      close: { from: 'client', code: 4_321, reason: 'gänug' },
      truncated: false,
    })
    for (const from of ['client', 'server'] as const) {
      const sent = said.filter((one) => one.from === from)
      const heard = conversation?.messages.filter((message) => message.from === from) ?? []
      expect(heard.map(({ type }) => type)).toEqual(
        sent.map(({ parts }) => (typeof parts[0] === 'string' ? 'text' : 'binary')),
      )
      for (const [index, { parts }] of sent.entries()) {
        const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
        expect(content.equals(heard[index]?.bytes ?? Buffer.of(1))).toBe(true)
        expect(heard[index]).toMatchObject({ length: content.length, truncated: false })
      }
      // A ping, a pong and a Close.
      expect(conversation?.[from]).toMatchObject({ messages: sent.length, controls: 3, missed: false })
    }
    expect([talk?.request.wireBytes, talk?.response?.wireBytes]).toEqual(frameBytesOf(chunks))
  }
})

/** Plays what was recorded to the stages from decoders on. */
function exchangesOf(chunks: readonly Chunk[]): readonly Exchange[] {
  const streams = source<StreamEvent>({})
  const paired = pairExchanges(decode(streams), {
    ...EXCHANGE_LIMITS,
    bodyBytesMax: 64 << 20,
    nextId: (at) => `id-${at / 1e6}`,
  })
  const exchanges: Exchange[] = []
  const connection = { ...SCRIPT_CONNECTION }
  paired.listen((exchange) => exchanges.push(exchange))
  for (const [at, { from, bytes }] of chunks.entries())
    streams.emit({ kind: 'bytes', connection, at, from, bytes })
  streams.emit({ kind: 'closed', connection, at: chunks.length })
  expect(paired.stats).toMatchObject({ bodiesHeldBytes: 0, conversationsHeldBytes: 0, exchangesOpen: 0 })
  return exchanges
}

/** What passed behind the heads of the upgrade. */
function frameBytesOf(chunks: readonly Chunk[]): number[] {
  return (['client', 'server'] as const).map((side) => {
    const all = Buffer.concat(chunks.filter(({ from }) => from === side).map(({ bytes }) => bytes))
    return all.length - all.indexOf('\r\n\r\n') - 4
  })
}

function resplit(chunks: readonly Chunk[], size: number): readonly Chunk[] {
  return chunks.flatMap(({ from, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => ({
      from,
      bytes: bytes.slice(index * size, (index + 1) * size),
    })),
  )
}

function someMessage(_: unknown, index: number): Sent {
  const words = Array.from(randomBytes(index % 40), (byte) => WORDS[byte % WORDS.length] ?? '')
  const isText = index % 3 > 0
  const parts = index % 5 === 0 ? [words.slice(0, 4).join(''), '', words.slice(4).join('')] : [words.join('')]
  return {
    from: index % 2 === 0 ? 'client' : 'server',
    parts: isText ? parts : parts.map((part) => Buffer.from(part)),
    compress: index % 4 > 0,
  }
}

function ofLength(length: number): Sent[] {
  const content = Buffer.concat([randomBytes(length >> 1), Buffer.alloc(length - (length >> 1), 'again ')])
  return (['client', 'server'] as const).map((from) => ({ from, parts: [content], compress: true }))
}

/** Lets both ends say it, in turns, through a wire tap. */
async function recorded(
  said: readonly Sent[],
  perMessageDeflate: PerMessageDeflateOptions | false,
): Promise<readonly Chunk[]> {
  const origin = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate })
  await once(origin, 'listening')
  const chunks: Chunk[] = []
  const wireTap = await openWireTap(portOf(origin), chunks)
  const client = new WebSocket(`ws://127.0.0.1:${portOf(wireTap)}/talk`, { perMessageDeflate })
  const [[server]] = await Promise.all([once(origin, 'connection'), once(client, 'open')])
  if (!(server instanceof WebSocket)) throw new Error('the library gave no end of the connection')
  for (const [index, message] of said.entries()) {
    const [sender, receiver] = message.from === 'client' ? [client, server] : [server, client]
    if (index === 10 || index === 21) {
      const pong = once(sender, 'pong')
      sender.ping(randomBytes(index))
      await pong
    }
    const received = once(receiver, 'message')
    for (const [part, content] of message.parts.entries())
      sender.send(content, { compress: message.compress, fin: part === message.parts.length - 1 })
    await received
  }
  const closed = once(wireTap, 'close')
  client.close(4_321, 'gänug')
  await once(client, 'close')
  origin.close()
  wireTap.close()
  await closed
  return chunks
}

async function openWireTap(port: number, chunks: Chunk[]): Promise<Server> {
  const tap = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    copy(client, server, 'client')
    copy(server, client, 'server')
  })
  tap.listen(0, '127.0.0.1')
  await once(tap, 'listening')
  return tap

  function copy(from: Socket, to: Socket, side: Side): void {
    from.on('data', (bytes) => {
      chunks.push({ from: side, bytes: new Uint8Array(bytes) })
      to.write(bytes)
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
  }
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
