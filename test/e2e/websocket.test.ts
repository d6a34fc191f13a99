import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, type Conversation, sha256Of } from '../support/captured.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'
import { startTalkServer, type Talked, type TalkServer } from '../support/websocket-server.ts'

const NODE = pathOf(process.execPath)
const CLIENT = join(import.meta.dirname, 'programs', 'websocket-client.js')
const LARGE = Buffer.alloc(3 << 20, 'large ')
/** What is kept of a conversation unless `--http-buffer-size` says otherwise. */
const KEPT_BYTES_MAX = 2 << 20
const PEAK_BYTES_MAX = 200 << 20
const WAYS = ['plain', 'tls'] as const
const COMPRESSIONS = ['none', 'deflate'] as const
const EACH = WAYS.flatMap((way) => COMPRESSIONS.map((compression) => [way, compression] as const))

type Way = (typeof WAYS)[number]
type Compression = (typeof COMPRESSIONS)[number]

let workshop: Workshop
let certificate: Certificate
let server: TalkServer
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  server = await startTalkServer(certificate)
  agent = await startWatching(workshop)
})
afterAll(async () => {
  server.close()
  await workshop.close()
})

test.each(EACH)('%s, compression %s: both ends have every message, in order', async (way, compression) => {
  const path = `/small/${way}-${compression}`
  const { client, talked } = await converse(way, compression, 'small', path)
  expect({ code: client.code, reason: client.reason }).toEqual({ code: 4001, reason: 'genug' })
  expect(talked.heard.map(({ bytes }) => bytes.toString('latin1'))).toContain('in three fragments')
  const texts = talked.heard.map(({ type, bytes }) => `${type} ${bytes.toString('hex')}`)
  for (const captured of await conversations(way, path)) {
    const { websocket } = captured
    expect(captured.completeness).toBe('complete')
    expect(saidBy(websocket, 'client')).toEqual(texts)
    expect(saidBy(websocket, 'server')).toEqual(texts)
    expectAnswersAfterQuestions(websocket)
    expect(websocket.messages_truncated).toBeUndefined()
    // Ping, pong and Close of the client; its own ping, the client's pong, and Close of the server.
    expect(websocket.client).toMatchObject({ messages: 5, control_frames: 3 })
    expect(websocket.server).toMatchObject({ messages: 5, control_frames: 3 })
    expect(websocket.close).toEqual({ from: 'client', code: 4001, reason: 'genug' })
    const contentBytes = talked.heard.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (compression === 'none') expect(websocket.client.bytes).toBe(contentBytes)
    else expect(websocket.client.bytes).toBeLessThan(contentBytes)
  }
})

test.each(EACH)(
  '%s, compression %s: of a message over the limit the beginning is kept, all is counted',
  async (way, compression) => {
    const path = `/large/${way}-${compression}`
    const { client, talked } = await converse(way, compression, 'large', path)
    expect(client.heard.map(({ sha256 }) => sha256)).toEqual(talked.heard.map(({ bytes }) => sha256Of(bytes)))
    for (const captured of await conversations(way, path)) {
      const { websocket } = captured
      expect(captured.completeness).toBe('truncated')
      expect(websocket.messages_truncated).toBe(true)
      expect(websocket.client.messages).toBe(3)
      expect(websocket.server.messages).toBe(3)
      if (compression === 'none') expect(websocket.client.bytes).toBe(LARGE.length + 'beforeafter'.length)
      const kept = websocket.messages.find(({ type }) => type === 'binary')
      const bytes = Buffer.from(kept?.body ?? '', 'base64')
      expect(kept).toMatchObject({ truncated: true })
      expect(bytes.length).toBeGreaterThan(KEPT_BYTES_MAX / 2)
      expect(bytes.equals(LARGE.subarray(0, bytes.length))).toBe(true)
      const keptBytes = websocket.messages.reduce((sum, message) => sum + contentOf(message).length, 0)
      expect(keptBytes).toBeLessThanOrEqual(KEPT_BYTES_MAX)
    }
  },
)

test.each(WAYS)('%s: of 3 MiB sent by one call the end is a gap where it was sent', async (way) => {
  const path = `/whole/${way}`
  const child = startClient(way, 'none', 'whole', path)
  await child.answered
  await child.ended()
  const ends = await bothEnds(way, path, 'websocket')
  const atClient = ends.find(({ direction }) => direction === 'egress-external')
  const atServer = ends.find(({ direction }) => direction === 'ingress')
  const messages = { messages: 3, bytes: LARGE.length + 'beforeafter'.length }
  expect(atServer).toMatchObject({ completeness: 'truncated', websocket: { client: messages } })
  expect(atClient).toMatchObject({ completeness: 'gap', receivedBytes: atServer?.receivedBytes })
  expect(atClient?.websocket?.server).toEqual(atServer?.websocket?.server)
  expect(atClient?.websocket?.messages_truncated).toBe(true)
  if (way === 'plain') {
    expect(atClient?.sentBytes).toBe(atServer?.sentBytes)
    expect(atClient?.websocket).toMatchObject({ client: messages, close: { from: 'client' } })
    return
  }
  // How many plain bytes are in a piece of TLS that was not seen is not known, nor what they said: the end of
  // this message perhaps, and the next one, and Close. The server's answer to it was not the first.
  expect(atClient?.websocket?.client).toMatchObject({ messages_at_least: true })
  expect(atClient?.websocket?.client.messages).toBeGreaterThanOrEqual(2)
  expect(atClient?.websocket?.client.messages).toBeLessThanOrEqual(messages.messages)
  expect(atClient?.websocket?.close).toMatchObject({ code: 4001, reason: 'genug' })
  expect(atClient?.websocket?.close?.from).not.toBe('server')
})

test('a conversation that the server ends says so', async () => {
  const path = '/server/ends'
  const child = startClient('plain', 'none', 'small', path)
  await child.answered
  const socket = await server.talking(path)
  socket.close(1013, 'später')
  const { code } = await child.ended()
  expect(code).toBe(1013)
  for (const captured of await conversations('plain', path)) {
    expect(captured.completeness).toBe('complete')
    expect(captured.websocket.close).toEqual({ from: 'server', code: 1013, reason: 'später' })
  }
})

test('a conversation that breaks off has no Close', async () => {
  const path = '/server/breaks'
  const child = startClient('plain', 'none', 'small', path)
  await child.answered
  const socket = await server.talking(path)
  socket.terminate()
  expect((await child.ended()).code).toBe(1006)
  for (const captured of await conversations('plain', path)) {
    expect(captured.websocket.close).toBeUndefined()
    expect(captured.websocket.client.messages).toBe(5)
  }
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ strayRecords: 0 })
  // Of the two large messages that one call each sent.
  expect(counted['connections']?.['missingBytes']).toBeLessThan(WAYS.length * (LARGE.length - KEPT_BYTES_MAX))
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(counted['exchanges']).toMatchObject({ conversationsHeldBytes: 0, messagesWithoutRequest: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

interface Heard {
  readonly heard: readonly { readonly type: string; readonly length: number; readonly sha256: string }[]
  readonly code: number
  readonly reason: string
}

function startClient(way: Way, compression: Compression, talk: string, path: string) {
  const { certificateFile } = certificate
  const child = workshop.start(NODE, [CLIENT, server[way] + path, certificateFile, compression, talk], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('started without a pipe')
  const lines = createInterface({ input: child.stdout })
  const answered = once(lines, 'line')
  return { answered, ended }

  async function ended(): Promise<Heard> {
    const said = once(lines, 'line')
    child.stdin?.end()
    const [text]: string[] = await said
    return JSON.parse(text ?? '')
  }
}

/** The whole conversation. The upgrade that leads to it is told of while it still goes on. */
async function converse(
  way: Way,
  compression: Compression,
  talk: string,
  path: string,
): Promise<{ client: Heard; talked: Talked }> {
  const child = startClient(way, compression, talk, path)
  await child.answered
  const upgrades = await bothEnds(way, path, 'http1')
  for (const captured of upgrades) {
    expect(captured).toMatchObject({ method: 'GET', status: 101, completeness: 'complete' })
    expect(captured.requestHeaders).toMatchObject({ 'x-talk': talk, upgrade: 'websocket' })
    expect(captured.responseHeaders['sec-websocket-extensions']).toBe(
      compression === 'none' ? undefined : 'permessage-deflate',
    )
    expect(captured.websocket).toBeUndefined()
  }
  expect(agent.exchanges.all.filter(isOf(way, path, 'websocket'))).toEqual([])
  const client = await child.ended()
  const talked = await server.talked(path)
  const [upgrade] = upgrades
  for (const captured of await conversations(way, path)) {
    if (way === 'tls' || upgrade === undefined) continue
    expect(upgrade.sentBytes + captured.sentBytes).toBe(talked.receivedBytes)
    expect(upgrade.receivedBytes + captured.receivedBytes).toBe(talked.sentBytes)
  }
  return { client, talked }
}

type Conversing = Captured & { readonly websocket: Conversation }

async function conversations(way: Way, path: string): Promise<readonly Conversing[]> {
  const ends = await bothEnds(way, path, 'websocket')
  const [one, other] = ends
  expect(one).toMatchObject({ sentBytes: other?.sentBytes, receivedBytes: other?.receivedBytes })
  return ends.filter((captured): captured is Conversing => {
    expect(captured).toMatchObject({ method: 'GET', status: 101, exe: NODE })
    expect(captured.websocket).toBeDefined()
    return captured.websocket !== undefined
  })
}

async function bothEnds(way: Way, path: string, protocol: string): Promise<readonly Captured[]> {
  const ends = await agent.exchanges.until(isOf(way, path, protocol), 2)
  expect(ends.map(({ direction }) => direction).sort()).toEqual(['egress-external', 'ingress'])
  expect(new Set(ends.map(({ pid }) => pid)).size).toBe(2)
  return ends
}

function isOf(way: Way, path: string, protocol: string): (captured: Captured) => boolean {
  const url = server[way].replace('ws', 'http') + path
  return (captured) => captured.url === url && captured.protocol === protocol
}

function saidBy({ messages }: Conversation, side: string): readonly string[] {
  return messages
    .filter(({ from }) => from === side)
    .map((message) => `${message.type} ${contentOf(message).toString('hex')}`)
}

/** Each message is answered with itself, so the answer stands behind the question. */
function expectAnswersAfterQuestions({ messages }: Conversation): void {
  let open = 0
  for (const { from } of messages) {
    open += from === 'client' ? 1 : -1
    expect(open).toBeGreaterThanOrEqual(0)
  }
}

function contentOf({ text, body }: Conversation['messages'][number]): Buffer {
  return text === undefined ? Buffer.from(body ?? '', 'base64') : Buffer.from(text)
}
