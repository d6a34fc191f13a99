import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { listen } from './origin.ts'
import type { Certificate } from './programs.ts'

const FRAGMENT_BYTES = 256 << 10

/** A conversation as the server saw it. */
export interface Talked {
  readonly heard: readonly { readonly type: 'text' | 'binary'; readonly bytes: Buffer }[]
  /** Bytes of its TCP connection. */
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly code: number
  readonly reason: string
}

export interface TalkServer {
  /** `ws://localhost:PORT` */
  readonly plain: string
  readonly tls: string
  /** The conversation over this path, once it has begun. */
  talking(path: string): Promise<WebSocket>
  /** The same, once it is over. */
  talked(path: string): Promise<Talked>
  close(): void
}

/** A server of ws in this process: answers each message with itself, after a ping, and takes compression. */
export async function startTalkServer(certificate: Certificate): Promise<TalkServer> {
  const key = readFileSync(certificate.keyFile)
  const cert = readFileSync(certificate.certificateFile)
  const plain = createServer()
  const tls = createTlsServer({ key, cert })
  const talking = new Map<string, PromiseWithResolvers<WebSocket>>()
  const talked = new Map<string, PromiseWithResolvers<Talked>>()
  for (const server of [plain, tls]) serve(server)
  const ports = { plain: await listen(plain), tls: await listen(tls) }
  return {
    plain: `ws://localhost:${ports.plain}`,
    tls: `wss://localhost:${ports.tls}`,
    talking: (path) => promised(talking, path).promise,
    talked: (path) => promised(talked, path).promise,
    close: () => {
      for (const server of [plain, tls]) server.close()
    },
  }

  function serve(server: Server): void {
    const sockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } })
    sockets.on('connection', (socket, request) => {
      const path = request.url ?? ''
      const heard: { type: 'text' | 'binary'; bytes: Buffer }[] = []
      let last = Promise.resolve()
      socket.ping('server')
      socket.on('message', (message, isBinary) => {
        const bytes = wholeOf(message)
        heard.push({ type: isBinary ? 'binary' : 'text', bytes })
        last = last.then(() => answer(socket, bytes, isBinary))
      })
      const { socket: connection } = request
      connection.once('close', () => {
        const { bytesRead: receivedBytes, bytesWritten: sentBytes } = connection
        void closed.then(({ code, reason }) =>
          promised(talked, path).resolve({ heard, receivedBytes, sentBytes, code, reason }),
        )
      })
      const closed = new Promise<{ code: number; reason: string }>((resolve) =>
        socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
      )
      promised(talking, path).resolve(socket)
    })
  }
}

/** In fragments: of one call the agent copies some 2 MiB at most. */
async function answer(socket: WebSocket, bytes: Buffer, binary: boolean): Promise<void> {
  for (let at = 0, end = 0; at === 0 || at < bytes.length; at = end) {
    end = at + FRAGMENT_BYTES
    const fin = end >= bytes.length
    await new Promise((resolve) => socket.send(bytes.subarray(at, end), { binary, fin }, resolve))
  }
}

function promised<Value>(
  all: Map<string, PromiseWithResolvers<Value>>,
  path: string,
): PromiseWithResolvers<Value> {
  const found = all.get(path) ?? Promise.withResolvers<Value>()
  all.set(path, found)
  return found
}

function wholeOf(message: RawData): Buffer {
  if (Array.isArray(message)) return Buffer.concat(message)
  return Buffer.isBuffer(message) ? message : Buffer.from(message)
}
