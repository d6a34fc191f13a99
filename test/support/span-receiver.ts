import { createServer } from 'node:http'
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { z } from 'zod'
import { listen } from './origin.ts'
import { openOtlpOracle } from './otlp-oracle.ts'

/** A span as it came in, by the official definitions. */
export interface ReceivedSpan {
  readonly by: 'grpc' | 'http'
  readonly resource: Attributes
  readonly scope: string
  /** In hex. */
  readonly traceId: string
  readonly spanId: string
  readonly name: string
  readonly kind: number
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Attributes
  readonly events: readonly {
    readonly name: string
    readonly time: bigint
    readonly attributes: Attributes
  }[]
}

type Attributes = Readonly<Record<string, string | { readonly int: string }>>

export interface SpanReceiver {
  readonly ports: { readonly grpc: number; readonly http: number }
  readonly spans: readonly ReceivedSpan[]
  close(): void
}

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

const KeyValues = z
  .array(
    z.object({
      key: z.string(),
      value: z.union([
        z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
        z.object({ intValue: z.string() }).transform(({ intValue }) => ({ int: intValue })),
      ]),
    }),
  )
  .default([])
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value])))
const Nanos = z.string().transform(BigInt)
const Id = z.array(z.number()).transform((bytes) => Buffer.from(bytes).toString('hex'))
const Request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: KeyValues }),
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.object({
              traceId: Id,
              spanId: Id,
              name: z.string(),
              kind: z.number(),
              startTimeUnixNano: Nanos,
              endTimeUnixNano: Nanos,
              attributes: KeyValues,
              events: z
                .array(z.object({ name: z.string(), timeUnixNano: Nanos, attributes: KeyValues }))
                .default([]),
            }),
          ),
        }),
      ),
    }),
  ),
})

/** Takes traces by gRPC and by HTTP, in this process. */
export async function startSpanReceiver(): Promise<SpanReceiver> {
  const oracle = openOtlpOracle()
  const spans: ReceivedSpan[] = []
  const http = createServer((asked, answer) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.once('end', () => {
      const isTraces = asked.method === 'POST' && asked.url === '/v1/traces'
      if (isTraces) take('http', Buffer.concat(chunks))
      answer.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  const grpc = new Server()
  grpc.addService(SERVICE, {
    Export(call: { readonly request: Buffer }, answer: (error: null, response: Buffer) => void) {
      take('grpc', call.request)
      answer(null, Buffer.alloc(0))
    },
  })
  const ports = { http: await listen(http), grpc: await bind(grpc) }
  return {
    ports,
    spans,
    close() {
      http.close()
      grpc.forceShutdown()
    },
  }

  function take(by: 'grpc' | 'http', bytes: Uint8Array): void {
    const request = Request.parse(oracle.decode('collector.trace.v1.ExportTraceServiceRequest', bytes))
    for (const { resource, scopeSpans } of request.resourceSpans)
      for (const { scope, spans: received } of scopeSpans)
        for (const { startTimeUnixNano: start, endTimeUnixNano: end, ...span } of received) {
          const events = span.events.map(({ timeUnixNano, ...event }) => ({ ...event, time: timeUnixNano }))
          spans.push({ ...span, by, resource: resource.attributes, scope: scope.name, start, end, events })
        }
  }
}

const SERVICE: ServiceDefinition = {
  Export: {
    path: METHOD,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: Buffer) => message,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
}
