import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { openOtlpOracle } from '../../../test/support/otlp-oracle.ts'
import { clockAt, joined, parcelOf, SENT, surroundings } from '../../../test/support/otlp-sending.ts'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import type { Sender } from '../delivery/parcel.ts'
import { openOtlpSender } from './sender.ts'

const oracle = openOtlpOracle()
const RESPONSE = 'collector.logs.v1.ExportLogsServiceResponse'
const AT_ONE_SECOND = surroundings({ clock: clockAt(() => 1_000) })
const PROTOBUF = { 'content-type': 'application/x-protobuf' }

const closing: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe('a receiver that does its part', () => {
  test('gets one POST with all parcels, and the headers', async () => {
    const seen: { request: IncomingMessage; body: Buffer }[] = []
    const port = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push({ request, body })
        response.writeHead(200, PROTOBUF).end()
      })
    })
    const sender = open(port, { headers: { Authorization: 'Bearer x', 'Content-Type': 'text/plain' } })
    expect(await sender.send(SENT)).toEqual({ kind: 'delivered' })
    const { request, body } = seen[0] ?? expect.fail()
    expect(request).toMatchObject({
      method: 'POST',
      url: '/v1/logs',
      headers: {
        authorization: 'Bearer x',
        'content-type': 'application/x-protobuf',
        'content-length': String(body.length),
        'user-agent': 'qtap/1.2.3',
        host: `127.0.0.1:${port}`,
      },
    })
    expect(body.toString()).toBe('one|two')
  })

  test('keeps its connections: many batches, few sockets', async () => {
    let sockets = 0
    const port = await serve((request, response) => void bodyOf(request).then(() => response.end()))
    servers.at(-1)?.on('connection', () => {
      sockets += 1
    })
    const sender = open(port)
    for (let batch = 0; batch < 20; batch += 1) expect((await sender.send(SENT)).kind).toBe('delivered')
    expect(sockets).toBe(1)
    const together = await Promise.all(Array.from({ length: 8 }, () => sender.send(SENT)))
    expect(together.every(({ kind }) => kind === 'delivered')).toBe(true)
    expect(sockets).toBeGreaterThan(1)
    expect(sockets).toBeLessThanOrEqual(8)
  })
})

describe('a receiver with a way of its own', () => {
  test('gets gzip when asked for', async () => {
    const bodies: string[] = []
    const port = await serve((request, response) => {
      void bodyOf(request).then((body) => {
        bodies.push(`${request.headers['content-encoding']} ${gunzipSync(body).toString()}`)
        response.end()
      })
    })
    expect((await open(port, { gzip: true }).send(SENT)).kind).toBe('delivered')
    expect(bodies).toEqual(['gzip one|two'])
  })

  test('may answer 202 or 204, with no body or a strange one', async () => {
    for (const [status, body] of [
      [204, ''],
      [202, '{"status":"ok"}'],
      [200, '<html>'],
    ] as const) {
      const port = await serve((request, response) => {
        void bodyOf(request).then(() => response.writeHead(status).end(body))
      })
      expect(await open(port).send(SENT)).toEqual({ kind: 'delivered' })
    }
  })

  test('may take a part', async () => {
    const rejecting = oracle.encode(RESPONSE, {
      partialSuccess: { rejectedLogRecords: 1, errorMessage: 'no one' },
    })
    const port = await serve((request, response) => {
      void bodyOf(request).then(() => response.writeHead(200, PROTOBUF).end(rejecting))
    })
    expect(await open(port).send(SENT)).toEqual({
      kind: 'partly',
      refused: 1,
      why: `http://127.0.0.1:${port}/v1/logs rejects 1: no one`,
    })
  })
})

describe('a receiver that says no', () => {
  test.for([
    [503, { 'retry-after': '2' }, { kind: 'again', afterMs: 2_000 }],
    [429, { 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }, { kind: 'again', afterMs: 9_000 }],
    [502, {}, { kind: 'again' }],
    [401, {}, { kind: 'again', afterMs: 30_000 }],
    [301, { location: 'http://127.0.0.1:9/' }, { kind: 'again', afterMs: 30_000 }],
    [400, {}, { kind: 'refused' }],
    [500, {}, { kind: 'refused' }],
  ] as const)('%i %j', async ([status, headers, expected]) => {
    const port = await serve((request, response) => {
      void bodyOf(request).then(() => response.writeHead(status, headers).end())
    })
    const outcome = await open(port).send(SENT)
    expect(outcome).toEqual({
      ...expected,
      why: `http://127.0.0.1:${port}/v1/logs answers with HTTP status ${status}`,
    })
  })

  test('its reason is told, but for what was sent', async () => {
    const port = await serve((request, response) => {
      void bodyOf(request).then((body) =>
        response
          .writeHead(400, { 'content-type': 'text/plain' })
          .end(`cannot read ${body.toString()} of Bearer-t0ken`),
      )
    })
    const sender = open(port, { headers: { authorization: 'Bearer-t0ken' } })
    expect(await sender.send([parcelOf('confidential')])).toEqual({
      kind: 'refused',
      why: `http://127.0.0.1:${port}/v1/logs answers with HTTP status 400: cannot read … of …-…`,
    })
  })

  test('413 counts although it came before all was sent', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(413, { connection: 'close' }).end()
    })
    const large = [parcelOf(Buffer.alloc(32 << 20))]
    const outcome = await open(port).send(large)
    // Where the connection breaks before the answer is read, the batch is tried again.
    expect(['refused', 'again']).toContain(outcome.kind)
    const small = await open(port).send(SENT)
    expect(small.kind).toBe('refused')
  })
})

describe('a receiver that fails', () => {
  test('nobody listens', async () => {
    const port = await serve(() => {})
    await closing.pop()?.()
    expect(await open(port).send(SENT)).toEqual({
      kind: 'again',
      why: `http://127.0.0.1:${port}/v1/logs: the connection was refused`,
    })
  })

  test('no such host', async () => {
    const sender = openOtlpSender(otlpTo('http', 'host.invalid:4318'), 'logs', joined, AT_ONE_SECOND)
    closing.push(() => sender.close())
    expect(await sender.send(SENT)).toEqual({
      kind: 'again',
      why: expect.stringMatching(/^http:\/\/host\.invalid:4318\/v1\/logs: (no such host|the host name)/),
    })
  })

  const FAILURES: readonly [what: string, onRequest: (socket: Socket) => void, why: RegExp][] = [
    ['closes without an answer', (socket) => socket.end(), /closed before an answer came/],
    ['resets', (socket) => socket.resetAndDestroy(), /closed before an answer came/],
    [
      'closes after the head',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
      /closed within its answer/,
    ],
    ['speaks something else', (socket) => socket.end('SSH-2.0-OpenSSH\r\n'), /does not answer in HTTP/],
    ['sends no bytes at all', () => {}, /does not answer within 0\.3 s/],
    [
      'sends one byte after the other',
      (socket) => {
        const timer = setInterval(() => socket.write('H'), 20)
        socket.on('close', () => clearInterval(timer))
        socket.write('HTTP/1.1 200 OK\r\nX-Filler: ')
      },
      /does not answer within 0\.3 s/,
    ],
    [
      'begins a body and hangs',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'),
      /does not answer within 0\.3 s/,
    ],
  ]

  test.for(FAILURES)('%s', async ([, onRequest, why]) => {
    const port = await serveRaw(onRequest)
    const sender = open(port, { timeoutMs: 300 })
    expect(await sender.send(SENT)).toEqual({ kind: 'again', why: expect.stringMatching(why) })
  })
})

describe('a connection that is not what it was', () => {
  test('a body without end is not read', async () => {
    let writtenBytes = 0
    const port = await serveRaw((socket) => {
      socket.write('HTTP/1.1 400 Bad\r\nContent-Type: text/plain\r\n\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(64 << 10, 'x'))) writtenBytes += 64 << 10
      }
      socket.on('drain', more)
      more()
    })
    const { kind } = await open(port).send(SENT)
    expect(kind).toBe('refused')
    expect(writtenBytes).toBeLessThan(32 << 20)
  })

  test('a connection that was closed while idle is no failure', async () => {
    const port = await serve((request, response) => void bodyOf(request).then(() => response.end()))
    const server = servers.at(-1)
    const sockets: Socket[] = []
    server?.on('connection', (socket: Socket) => sockets.push(socket))
    const sender = open(port)
    expect((await sender.send(SENT)).kind).toBe('delivered')
    for (const socket of sockets) socket.resetAndDestroy()
    expect((await sender.send(SENT)).kind).toBe('delivered')
  })

  test('it comes back', async () => {
    const port = await serve((request, response) => void bodyOf(request).then(() => response.end()))
    const sender = open(port)
    expect((await sender.send(SENT)).kind).toBe('delivered')
    await closing.shift()?.()
    expect((await sender.send(SENT)).kind).toBe('again')
    await serve((request, response) => void bodyOf(request).then(() => response.end()), port)
    expect((await sender.send(SENT)).kind).toBe('delivered')
  })
})

test('IPv6', async () => {
  const hosts: (string | undefined)[] = []
  const listener: RequestListener = (request, response) => {
    hosts.push(request.headers.host)
    void bodyOf(request).then(() => response.end())
  }
  const port = await listen(createServer(listener), 0, '::1')
  const sender = openOtlpSender(otlpTo('http', `[::1]:${port}`), 'logs', joined, AT_ONE_SECOND)
  closing.push(() => sender.close())
  expect(await sender.send(SENT)).toEqual({ kind: 'delivered' })
  expect(hosts).toEqual([`[::1]:${port}`])
})

test('closing ends what is under way', async () => {
  let asked: () => void = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const port = await serveRaw(() => asked())
  const sender = open(port)
  const sending = sender.send(SENT)
  await isAsked
  await sender.close()
  expect(await sending).toMatchObject({ kind: 'again', why: expect.stringContaining('the agent ends') })
  expect(await sender.send(SENT)).toMatchObject({ kind: 'again' })
})

const servers: Server[] = []

async function serve(listener: RequestListener, port = 0): Promise<number> {
  return await listen(createServer(listener), port)
}

/** Acts when the whole head of a request is there. */
async function serveRaw(onRequest: (socket: Socket) => void): Promise<number> {
  const server = createRawServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => onRequest(socket))
  })
  return await listen(server, 0)
}

async function listen(server: Server, port: number, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  servers.push(server)
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function open(port: number, changes: Parameters<typeof otlpTo>[2] = {}): Sender {
  const sender = openOtlpSender(otlpTo('http', `127.0.0.1:${port}`, changes), 'logs', joined, AT_ONE_SECOND)
  closing.push(() => sender.close())
  return sender
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
