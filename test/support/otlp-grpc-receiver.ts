import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

/** What it answers to one request: a response, an error, or nothing. */
export type GrpcAnswer = Uint8Array | Pick<ServiceError, 'code' | 'details' | 'metadata'> | undefined

export interface GrpcReceiver {
  readonly port: number
  /** Hangs up on everybody, and listens no more. */
  close(): void
}

export interface GrpcRequest {
  /** `logs` or `traces`. */
  readonly signal: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string | Buffer>>
}

const PATHS = { logs: 'logs.v1.LogsService', traces: 'trace.v1.TraceService' } as const

/** A receiver of OTLP/gRPC of grpc-js in this process, which does not look at what it gets. */
export async function startGrpcReceiver(
  answerTo: (request: GrpcRequest) => GrpcAnswer,
  options: { readonly credentials?: ServerCredentials; readonly address?: string } = {},
): Promise<GrpcReceiver> {
  const { credentials = ServerCredentials.createInsecure(), address = '127.0.0.1:0' } = options
  const server = new Server({ 'grpc.max_receive_message_length': 4 << 20 })
  for (const [signal, path] of Object.entries(PATHS)) server.addService(serviceOf(path), handlerOf(signal))
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  )
  return { port, close: () => server.forceShutdown() }

  function handlerOf(signal: string): UntypedServiceImplementation {
    const Export: handleUnaryCall<Buffer, Buffer> = ({ request, metadata }, answer) => {
      const said = answerTo({ signal, body: request, headers: metadata.getMap() })
      if (said instanceof Uint8Array) answer(null, Buffer.from(said))
      else if (said !== undefined) answer(said)
    }
    return { Export }
  }
}

function serviceOf(path: string) {
  const asItIs = (bytes: Buffer) => bytes
  return {
    Export: {
      path: `/opentelemetry.proto.collector.${path}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  }
}
