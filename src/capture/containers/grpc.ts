import type { ServiceError } from '@grpc/grpc-js'
import type { Clock } from '../../base/index.ts'
import { type Fields, readFields } from './protobuf.ts'
import { ANSWER_BYTES_MAX, CALL_MS, NotOffered } from './session.ts'

const CODE_NOT_FOUND = 5
const CODE_UNIMPLEMENTED = 12
/** Half an hour without a question is no reason to hang up. */
const IDLE_MS_MAX = 2_147_483_647

export type GrpcHeaders = Readonly<Record<string, string>>

/** A call that goes on answering. */
export interface Following {
  /** Resolves when it ended, however it did. */
  readonly over: Promise<void>
  readonly cancel: () => void
}

export interface GrpcChannel {
  /** Undefined: there is no such thing. Fails with `NotOffered` where the method is not known. */
  readonly call: (method: string, request: Uint8Array, headers?: GrpcHeaders) => Promise<Fields | undefined>
  /** Every message of an answer that ends within the time of a call. */
  readonly collect: (
    method: string,
    request: Uint8Array,
    headers: GrpcHeaders,
    take: (message: Fields) => void,
  ) => Promise<void>
  readonly follow: (method: string, request: Uint8Array, take: (message: Fields) => void) => Following
  /** Resolves when the other end hung up. */
  readonly over: Promise<void>
  readonly close: () => void
}

/** gRPC over a UNIX socket, with messages as bytes. The package is loaded when there is such a socket. */
export async function openGrpc(path: string, clock: Clock): Promise<GrpcChannel> {
  const { Client, connectivityState, credentials, Metadata } = await import('@grpc/grpc-js')
  const client = new Client(`unix://${path}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
    'grpc.client_idle_timeout_ms': IDLE_MS_MAX,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  })
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(deadline(), (error) => (error ? reject(error) : resolve()))
  }).catch((error: unknown) => {
    client.close()
    throw error
  })
  const over = new Promise<void>((resolve) => {
    client.getChannel().watchConnectivityState(connectivityState.READY, Infinity, () => resolve())
  })
  return { call, collect, follow, over, close: () => client.close() }

  function call(method: string, request: Uint8Array, headers: GrpcHeaders = {}): Promise<Fields | undefined> {
    return new Promise((resolve, reject) => {
      const options = { deadline: deadline() }
      client.makeUnaryRequest(method, asBuffer, readFields, request, metadataOf(headers), options, answered)

      function answered(error: ServiceError | null, fields?: Fields): void {
        if (error === null) resolve(fields)
        else if (error.code === CODE_NOT_FOUND) resolve(undefined)
        else if (error.code === CODE_UNIMPLEMENTED) reject(new NotOffered(error.message))
        else reject(error)
      }
    })
  }

  function collect(
    method: string,
    request: Uint8Array,
    headers: GrpcHeaders,
    take: (message: Fields) => void,
  ): Promise<void> {
    const options = { deadline: deadline() }
    const stream = client.makeServerStreamRequest(
      method,
      asBuffer,
      readFields,
      request,
      metadataOf(headers),
      options,
    )
    stream.on('data', take)
    return new Promise((resolve, reject) => {
      stream.on('error', reject)
      stream.once('end', () => resolve())
    })
  }

  function follow(method: string, request: Uint8Array, take: (message: Fields) => void): Following {
    const stream = client.makeServerStreamRequest(method, asBuffer, readFields, request)
    stream.on('data', take)
    const ended = new Promise<void>((resolve) => {
      stream.on('error', () => resolve())
      stream.once('end', () => resolve())
    })
    return { over: ended, cancel: () => stream.cancel() }
  }

  function metadataOf(headers: GrpcHeaders) {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    return metadata
  }

  function deadline(): number {
    return clock.nowMs() + CALL_MS
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
