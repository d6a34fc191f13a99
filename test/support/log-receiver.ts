import { createServer } from 'node:http'
import { Metadata } from '@grpc/grpc-js'
import { type LogsRequest, type ReadRecord, recordsIn } from '../stack/support/otlp-json.ts'
import { listen } from './origin.ts'
import { type GrpcReceiver, startGrpcReceiver } from './otlp-grpc-receiver.ts'
import { openOtlpOracle } from './otlp-oracle.ts'

export interface LogReceiver {
  /** `localhost:PORT` of each protocol. */
  readonly endpoints: { readonly grpc: string; readonly http: string }
  /** In the order in which they came. */
  readonly records: readonly ReadRecord[]
  /** Numbers of records of each request. */
  readonly requests: readonly number[]
  /** While false, everything is sent away, to be sent again. */
  isUp: boolean
  close(): void
}

const UNAVAILABLE = 14
const NOTHING = new Uint8Array(0)

/** Takes logs by gRPC and by HTTP in this process, and reads them by the official definitions. */
export async function startLogReceiver(): Promise<LogReceiver> {
  const oracle = openOtlpOracle()
  const records: ReadRecord[] = []
  const requests: number[] = []
  const receiver = { isUp: true }
  const grpc: GrpcReceiver = await startGrpcReceiver(({ body }) => {
    if (!receiver.isUp) return { code: UNAVAILABLE, details: 'not now', metadata: new Metadata() }
    take(body)
    return NOTHING
  })
  const http = createServer((asked, answer) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.once('end', () => {
      if (receiver.isUp) take(Buffer.concat(chunks))
      answer.writeHead(receiver.isUp ? 200 : 503, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  const httpPort = await listen(http)
  return Object.assign(receiver, {
    endpoints: { grpc: `localhost:${grpc.port}`, http: `localhost:${httpPort}` },
    records,
    requests,
    close() {
      grpc.close()
      http.closeAllConnections()
      http.close()
    },
  })

  function take(body: Uint8Array): void {
    const request = oracle.decode('collector.logs.v1.ExportLogsServiceRequest', body) as LogsRequest
    const taken = recordsIn(request)
    requests.push(taken.length)
    records.push(...taken)
  }
}
