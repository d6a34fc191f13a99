import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type handleServerStreamingCall, Server, ServerCredentials, status } from '@grpc/grpc-js'

/** A daemon that is none: its answers are what a test wants them to be. */
export interface FakeDaemon {
  /** Paths or methods that were asked for, in their order. */
  readonly asked: readonly string[]
  /** Hangs up on everybody, and leaves no socket behind. */
  close(): Promise<void>
}

/** Something that speaks HTTP at a UNIX socket. */
export async function fakeDocker(socket: string, answer: RequestListener): Promise<FakeDaemon> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.listen(socket)
  await once(server, 'listening')
  return { asked, close }

  async function close(): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
    rmSync(socket, { force: true })
  }
}

/** Undefined: the call fails with that there is no such thing; `hangs`: it is never answered. */
export type GrpcAnswer = (request: Buffer) => Buffer | undefined | 'hangs'

/** Writes to whoever listens, and may end. */
export type FakeStream = (write: (message: Buffer) => void, end: () => void) => void

/** Something that speaks gRPC at a UNIX socket: answers by method, and streams that tests write to. */
export async function fakeGrpc(
  socket: string,
  answers: Readonly<Record<string, GrpcAnswer>>,
  streams: Readonly<Record<string, FakeStream>> = {},
): Promise<FakeDaemon> {
  const asked: string[] = []
  const server = new Server()
  const asIs = (bytes: Buffer) => bytes
  for (const [path, answer] of Object.entries(answers)) {
    server.register(path, unary(path, answer), asIs, asIs, 'unary')
  }
  for (const [path, open] of Object.entries(streams)) {
    const handle: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      asked.push(path)
      open(
        (message) => call.write(message),
        () => call.end(),
      )
    }
    server.register(path, handle, asIs, asIs, 'serverStream')
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    )
  })
  return { asked, close }

  function unary(path: string, answer: GrpcAnswer) {
    return (
      call: { request: Buffer },
      reply: (error: { code: status } | null, bytes?: Buffer) => void,
    ): void => {
      asked.push(path)
      const bytes = answer(call.request)
      if (bytes === 'hangs') return
      if (bytes) reply(null, bytes)
      else reply({ code: status.NOT_FOUND })
    }
  }

  async function close(): Promise<void> {
    server.forceShutdown()
    rmSync(socket, { force: true })
  }
}
