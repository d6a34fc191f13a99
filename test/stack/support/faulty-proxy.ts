import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2'
import { connect, createServer, type Socket } from 'node:net'
import { listen } from '../../support/origin.ts'

const RETRY_AFTER_S = 1
const RESOURCE_EXHAUSTED = 8

/**
 * What becomes of a connection: `pass` goes to the Collector; of the others nothing reaches it. `refuse`
 * answers that it has too much to do and when to come again, `close` breaks off after the head of an answer,
 * `hang` never answers, and stays like that for a connection that began so.
 */
export type Fault = 'pass' | 'refuse' | 'close' | 'hang'

export interface FaultyProxy {
  readonly port: number
  /** Requests that were answered wrongly, or not at all. */
  readonly harmed: number
  become(fault: Fault): void
  close(): void
}

/** Stands in front of a real receiver and does to connections what networks and busy receivers do. */
export async function startFaultyProxy(
  protocol: 'grpc' | 'http',
  upstreamPort: number,
  first: Fault,
): Promise<FaultyProxy> {
  let fault = first
  let harmed = 0
  const sockets = new Map<Socket, Fault>()
  const http1 = createHttp1(answerHttp)
  const http2 = createHttp2()
  http2.on('stream', answerGrpc)
  const server = createServer((socket) => {
    sockets.set(socket, fault)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    if (fault === 'pass') passOn(socket)
    else if (fault === 'hang') socket.once('data', () => (harmed += 1)).resume()
    else (protocol === 'grpc' ? http2 : http1).emit('connection', socket)
  })
  const port = await listen(server)
  return {
    port,
    get harmed() {
      return harmed
    },
    become,
    close: () => {
      server.close()
      for (const socket of sockets.keys()) socket.destroy()
    },
  }

  function become(next: Fault): void {
    fault = next
    for (const [socket, since] of sockets) if (since !== 'hang') socket.destroy()
  }

  function passOn(socket: Socket): void {
    const upstream = connect(upstreamPort, '127.0.0.1')
    upstream.on('error', () => socket.destroy())
    upstream.once('close', () => socket.destroy())
    socket.once('close', () => upstream.destroy())
    socket.pipe(upstream).pipe(socket)
  }

  function answerHttp(asked: IncomingMessage, response: ServerResponse): void {
    harmed += 1
    asked.resume()
    asked.once('end', () => {
      if (fault === 'refuse') response.writeHead(503, { 'retry-after': String(RETRY_AFTER_S) }).end()
      else {
        response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 10 })
        response.flushHeaders()
        setImmediate(() => asked.socket.destroy())
      }
    })
  }

  function answerGrpc(stream: ServerHttp2Stream): void {
    harmed += 1
    const head = { ':status': 200, 'content-type': 'application/grpc' }
    stream.on('error', () => {})
    stream.resume()
    stream.once('end', () => {
      if (fault === 'refuse') {
        const details = { 'grpc-status-details-bin': retryInfo(RETRY_AFTER_S).toString('base64') }
        stream.respond({ ...head, 'grpc-status': RESOURCE_EXHAUSTED, ...details }, { endStream: true })
      } else {
        stream.respond(head)
        setImmediate(() => stream.session?.destroy())
      }
    })
  }
}

/** `google.rpc.Status` of this code with `google.rpc.RetryInfo`, encoded by hand. */
function retryInfo(seconds: number): Buffer {
  const delay = bytesField(1, Buffer.from([0x08, seconds]))
  const packed = [
    bytesField(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    bytesField(2, delay),
  ]
  return Buffer.concat([Buffer.from([0x08, RESOURCE_EXHAUSTED]), bytesField(3, Buffer.concat(packed))])
}

/** Shorter than 128 bytes. */
function bytesField(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}
