import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Metadata } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type GrpcAnswer,
  type GrpcReceiver,
  type GrpcRequest,
  startGrpcReceiver,
} from '../../../test/support/otlp-grpc-receiver.ts'
import { openOtlpOracle } from '../../../test/support/otlp-oracle.ts'
import { joined, parcelOf, SENT, surroundings } from '../../../test/support/otlp-sending.ts'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import type { Signal } from '../../otlp/index.ts'
import type { Sender } from '../delivery/parcel.ts'
import { openOtlpSender } from './sender.ts'

const oracle = openOtlpOracle()
const TAKEN = new Uint8Array()

const closing: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe('a receiver that does its part', () => {
  test.for(['logs', 'traces'] as const)('gets %s with all parcels, and the headers', async (signal) => {
    const seen: GrpcRequest[] = []
    const { port } = await receive((request) => {
      seen.push(request)
      return TAKEN
    })
    const sender = open(port, { headers: { 'X-Team': 'a b' } }, signal)
    expect(await sender.send(SENT)).toEqual({ kind: 'delivered' })
    expect(seen).toMatchObject([{ signal, headers: { 'x-team': 'a b' } }])
    expect(seen[0]?.body.toString()).toBe('one|two')
    expect(seen[0]?.headers['user-agent']).toMatch(/^qtap\/1\.2\.3 grpc-node-js/)
  })

  test('gets gzip when asked for', async () => {
    const bodies: string[] = []
    const encodings: (string | string[] | undefined)[] = []
    const port = await serveHttp2((stream, headers) => {
      encodings.push(headers['grpc-encoding'])
      stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true })
    })
    await open(port, { gzip: true }).send(SENT)
    expect(encodings).toEqual(['gzip'])
    const receiver = await receive(({ body }) => {
      bodies.push(body.toString())
      return TAKEN
    })
    const large = 'x'.repeat(100_000)
    expect((await open(receiver.port, { gzip: true }).send([parcelOf(large)])).kind).toBe('delivered')
    expect(bodies).toEqual([large])
  })

  test('may take a part', async () => {
    const { port } = await receive(() =>
      oracle.encode('collector.logs.v1.ExportLogsServiceResponse', {
        partialSuccess: { rejectedLogRecords: 7, errorMessage: 'one is too old' },
      }),
    )
    expect(await open(port).send(SENT)).toEqual({
      kind: 'partly',
      refused: 2,
      why: `127.0.0.1:${port} rejects 7: one is too old`,
    })
  })

  test('several batches are under way at once', async () => {
    let most = 0
    let present = 0
    const port = await serveHttp2((stream) => {
      present += 1
      most = Math.max(most, present)
      setTimeout(() => {
        present -= 1
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        stream.end(Buffer.alloc(5))
      }, 50)
    })
    const sender = open(port)
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => sender.send(SENT)))
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => ({ kind: 'delivered' })))
    expect(most).toBeGreaterThan(1)
  })
})

describe('a receiver that says no', () => {
  test.for([
    [14, 'again'],
    [16, 'again'],
    [3, 'refused'],
    [8, 'refused'],
  ] as const)('code %i', async ([code, kind]) => {
    const { port } = await receive(() => ({ code, details: 'because of one', metadata: new Metadata() }))
    const outcome = await open(port).send(SENT)
    expect(outcome).toMatchObject({ kind, why: expect.stringMatching(`127.0.0.1:${port} answers `) })
  })

  test('RetryInfo says when to come again', async () => {
    const metadata = new Metadata()
    metadata.set('grpc-status-details-bin', retryInfo(3))
    const { port } = await receive(() => ({ code: 8, details: 'slow down', metadata }))
    expect(await open(port).send(SENT)).toEqual({
      kind: 'again',
      afterMs: 3_000,
      why: `127.0.0.1:${port} answers RESOURCE_EXHAUSTED: slow down`,
    })
  })

  test('a batch that is too large is refused, the next is taken', async () => {
    const { port } = await receive(() => TAKEN)
    const sender = open(port)
    expect(await sender.send([parcelOf(Buffer.alloc(5 << 20))])).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('larger than max'),
    })
    expect((await sender.send(SENT)).kind).toBe('delivered')
  })
})

describe('a receiver that fails', () => {
  test('nobody listens', async () => {
    const receiver = await receive(() => TAKEN)
    receiver.close()
    expect(await open(receiver.port).send(SENT)).toEqual({
      kind: 'again',
      why: `127.0.0.1:${receiver.port}: the connection was refused`,
    })
  })

  test('no such host', async () => {
    const sender = openOtlpSender(otlpTo('grpc', 'host.invalid'), 'logs', joined, surroundings())
    closing.push(() => sender.close())
    const outcome = await sender.send(SENT)
    expect(outcome).toMatchObject({ kind: 'again', why: expect.stringMatching(/^host\.invalid:4317/) })
  })

  test('no answer', async () => {
    const { port } = await receive(() => undefined)
    expect(await open(port, { timeoutMs: 300 }).send(SENT)).toEqual({
      kind: 'again',
      why: `127.0.0.1:${port}: it does not answer within 0.3 s`,
    })
  })

  test('never a word', async () => {
    const port = await listen(createServer(() => {}))
    expect(await open(port, { timeoutMs: 300 }).send(SENT)).toMatchObject({ kind: 'again' })
  })

  const FAILURES: readonly [what: string, onStream: (stream: ServerHttp2Stream) => void][] = [
    ['closes after the head', (stream) => stream.respond({ ':status': 200 }, { endStream: true })],
    [
      'resets after the head',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
        stream.close(2)
      },
    ],
    ['resets', (stream) => stream.close(2)],
    ['refuses the stream', (stream) => stream.close(7)],
    ['wants calm', (stream) => stream.close(11)],
    ['breaks the connection', (stream) => stream.session?.socket.destroy()],
    ['is a proxy without its backend', (stream) => stream.respond({ ':status': 503 }, { endStream: true })],
  ]

  test.for(FAILURES)('%s', async ([, onStream]) => {
    const port = await serveHttp2(onStream)
    expect(await open(port, { timeoutMs: 2_000 }).send(SENT)).toMatchObject({
      kind: 'again',
      why: expect.stringMatching(`^127.0.0.1:${port}`),
    })
  })

  test('speaks something else', async () => {
    const port = await listen(createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    expect(await open(port, { timeoutMs: 2_000 }).send(SENT)).toMatchObject({ kind: 'again' })
  })

  test('it comes back', async () => {
    const first = await receive(() => TAKEN)
    const sender = open(first.port)
    expect((await sender.send(SENT)).kind).toBe('delivered')
    first.close()
    expect((await sender.send(SENT)).kind).toBe('again')
    await receive(() => TAKEN, `127.0.0.1:${first.port}`)
    await expect.poll(async () => (await sender.send(SENT)).kind, { timeout: 10_000 }).toBe('delivered')
  })
})

test('IPv6', async () => {
  const { port } = await receive(() => TAKEN, '[::1]:0')
  const sender = openOtlpSender(otlpTo('grpc', `[::1]:${port}`), 'logs', joined, surroundings())
  closing.push(() => sender.close())
  expect(await sender.send(SENT)).toEqual({ kind: 'delivered' })
})

test('closing ends what is under way', async () => {
  let asked: () => void = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const { port } = await receive(() => {
    asked()
    return undefined
  })
  const sender = open(port)
  const sending = sender.send(SENT)
  await isAsked
  await sender.close()
  expect(await sending).toEqual({ kind: 'again', why: `127.0.0.1:${port}: the agent ends` })
  expect(await sender.send(SENT)).toMatchObject({ kind: 'again' })
})

async function receive(
  answerTo: (request: GrpcRequest) => GrpcAnswer,
  address?: string,
): Promise<GrpcReceiver> {
  const receiver = await startGrpcReceiver(answerTo, address === undefined ? {} : { address })
  closing.push(async () => receiver.close())
  return receiver
}

test('a peer that takes the connection and says nothing is left for a new connection', async () => {
  const { port: receiving } = await receive(() => TAKEN)
  let isMute = true
  const port = await listen(
    createServer((socket) => {
      if (isMute) return
      const through = connect(receiving, '127.0.0.1')
      through.on('error', () => socket.destroy())
      socket.pipe(through).pipe(socket)
    }),
  )
  const sender = open(port, { timeoutMs: 300 })
  expect((await sender.send(SENT)).kind).toBe('again')
  isMute = false
  await expect.poll(async () => (await sender.send(SENT)).kind, { timeout: 10_000 }).toBe('delivered')
})

/** Acts when the whole request is there. */
async function serveHttp2(
  onStream: (stream: ServerHttp2Stream, headers: NodeJS.Dict<string | string[]>) => void,
): Promise<number> {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    stream.resume()
    stream.once('end', () => onStream(stream, headers as NodeJS.Dict<string | string[]>))
  })
  return await listen(server)
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function open(port: number, changes: Parameters<typeof otlpTo>[2] = {}, signal: Signal = 'logs'): Sender {
  const settings = otlpTo('grpc', `127.0.0.1:${port}`, changes)
  const sender = openOtlpSender(settings, signal, joined, surroundings())
  closing.push(() => sender.close())
  return sender
}

function retryInfo(seconds: number): Buffer {
  const { root } = protobuf.parse(`
    syntax = "proto3";
    message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
    message Any { string type_url = 1; bytes value = 2; }
    message RetryInfo { Duration retry_delay = 1; }
    message Duration { int64 seconds = 1; int32 nanos = 2; }
  `)
  const value = root.lookupType('RetryInfo').encode({ retryDelay: { seconds } }).finish()
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }]
  return Buffer.from(root.lookupType('Status').encode({ code: 8, details }).finish())
}
