import { readFileSync } from 'node:fs'
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { TALK } from './grpc-service.ts'
import type { Certificate } from './programs.ts'

export interface GrpcServer {
  /** `localhost:PORT` */
  readonly plain: string
  readonly tls: string
  close(): void
}

/** A server of grpc-js in this process, of the service that `TALK` describes. */
export async function startGrpcServer(certificate: Certificate): Promise<GrpcServer> {
  const server = new Server()
  server.addService(TALK, handlers())
  const key = readFileSync(certificate.keyFile)
  const chain = readFileSync(certificate.certificateFile)
  const secure = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: chain }])
  const plain = await bind(server, ServerCredentials.createInsecure())
  const tls = await bind(server, secure)
  return { plain: `localhost:${plain}`, tls: `localhost:${tls}`, close: () => server.forceShutdown() }
}

function bind(server: Server, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port))),
  )
}

function handlers(): UntypedServiceImplementation {
  const Echo: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    call.sendMetadata(asked(call.metadata))
    answer(null, call.request, ending())
  }
  const Count: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    for (let left = Number(call.request.toString()); left > 0; left -= 1) call.write(Buffer.from(`${left}`))
    call.end(ending())
  }
  const Sum: handleClientStreamingCall<Buffer, Buffer> = (call, answer) => {
    let messages = 0
    call.on('data', () => {
      messages += 1
    })
    call.once('end', () => answer(null, Buffer.from(String(messages)), ending()))
  }
  const Chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (message: Buffer) => call.write(message))
    call.once('end', () => call.end(ending()))
  }
  const Fail: handleUnaryCall<Buffer, Buffer> = (call, answer) =>
    answer({ code: status.NOT_FOUND, details: call.request.toString(), metadata: ending() })
  const Wait: handleUnaryCall<Buffer, Buffer> = (call) => call.sendMetadata(asked(call.metadata))
  return { Echo, Count, Sum, Chat, Fail, Wait }
}

function asked(metadata: Metadata): Metadata {
  const [run = ''] = metadata.get('x-run')
  const back = new Metadata()
  back.set('x-asked', run)
  return back
}

function ending(): Metadata {
  const metadata = new Metadata()
  metadata.set('x-end', 'over')
  return metadata
}
