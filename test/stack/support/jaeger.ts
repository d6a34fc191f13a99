import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type Workshop } from '../../support/programs.ts'
import { type ReadSpan, spansIn, type TracesRequest } from './otlp-json.ts'
import { ask, programOf, startServer } from './server.ts'

const TRACES_MAX = 10_000
const LOOK_BACK_MS = 3_600_000

export interface Jaeger {
  /** `host:port` where it takes OTLP over gRPC. */
  readonly grpc: string
  /** Base URL where it takes OTLP over HTTP. */
  readonly http: string
  /** All spans of one trace. */
  trace(traceId: string): Promise<readonly ReadSpan[]>
  /** Spans of the last hour by service and name. */
  search(service: string, name: string): Promise<readonly ReadSpan[]>
  stop(): Promise<void>
}

export async function startJaeger(workshop: Workshop): Promise<Jaeger> {
  const [grpc, http, asked, askedByGrpc, health] = await Promise.all([1, 2, 3, 4, 5].map(freePort))
  const configFile = join(workshop.folder, 'jaeger.json')
  const address = (port: number | undefined) => ({ endpoint: `127.0.0.1:${port}` })
  const configuration = {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query', 'healthcheckv2'],
      pipelines: { traces: { receivers: ['otlp'], processors: [], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' } },
    },
    extensions: {
      healthcheckv2: { use_v2: true, http: address(health) },
      jaeger_storage: { backends: { memory: { memory: { max_traces: TRACES_MAX } } } },
      jaeger_query: { storage: { traces: 'memory' }, http: address(asked), grpc: address(askedByGrpc) },
    },
    receivers: { otlp: { protocols: { grpc: address(grpc), http: address(http) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  }
  writeFileSync(configFile, JSON.stringify(configuration))
  const base = `http://127.0.0.1:${asked}`
  const server = await startServer(workshop, programOf('jaeger'), ['--config', configFile], async () => {
    await ask(`${base}/api/v3/services`)
    return true
  })
  return {
    grpc: `127.0.0.1:${grpc}`,
    http: `http://127.0.0.1:${http}`,
    trace: (traceId) => read(new URL(`/api/v3/traces/${traceId}`, base)),
    search,
    stop: server.stop,
  }

  function search(service: string, name: string): Promise<readonly ReadSpan[]> {
    const url = new URL('/api/v3/traces', base)
    url.search = new URLSearchParams({
      'query.service_name': service,
      'query.operation_name': name,
      'query.start_time_min': new Date(Date.now() - LOOK_BACK_MS).toISOString(),
      'query.start_time_max': new Date(Date.now() + LOOK_BACK_MS).toISOString(),
      'query.num_traces': '1000',
    }).toString()
    return read(url)
  }

  async function read(url: URL): Promise<readonly ReadSpan[]> {
    const answer = (await ask(url)) as { readonly result: TracesRequest }
    return spansIn(answer.result)
  }
}
