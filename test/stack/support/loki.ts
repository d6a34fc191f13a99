import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type Workshop } from '../../support/programs.ts'
import { ask, programOf, startServer } from './server.ts'

const LIMIT = 5_000
const LOOK_BACK_NS = 3_600n * 1_000_000_000n
const FIRST_DAY = '2024-01-01'

/** A line as Loki gives it: its text, and everything it can be found by. */
export interface LokiLine {
  readonly line: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Loki {
  /** Where it takes OTLP over HTTP. */
  readonly otlp: string
  /** All lines of the last hour that LogQL finds. */
  query(logql: string): Promise<readonly LokiLine[]>
  stop(): Promise<void>
}

export async function startLoki(workshop: Workshop): Promise<Loki> {
  const folder = join(workshop.folder, 'loki')
  mkdirSync(folder)
  const ports = { http: await freePort(), grpc: await freePort() }
  const configFile = join(folder, 'loki.json')
  writeFileSync(configFile, JSON.stringify(configuration(folder, ports)))
  const base = `http://127.0.0.1:${ports.http}`
  const server = await startServer(workshop, programOf('loki'), [`-config.file=${configFile}`], async () => {
    await ask(`${base}/ready`)
    return true
  })
  return { otlp: `${base}/otlp`, query, stop: server.stop }

  async function query(logql: string): Promise<readonly LokiLine[]> {
    const url = new URL('/loki/api/v1/query_range', base)
    const now = BigInt(Date.now()) * 1_000_000n
    url.search = new URLSearchParams({
      query: logql,
      start: String(now - LOOK_BACK_NS),
      end: String(now + LOOK_BACK_NS),
      limit: String(LIMIT),
    }).toString()
    const answer = await ask(url)
    return linesOf(answer as Answer)
  }
}

interface Answer {
  readonly data: {
    readonly resultType: string
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>
      readonly values: readonly (readonly [time: string, line: string])[]
    }[]
  }
}

function linesOf({ data }: Answer): readonly LokiLine[] {
  if (data.resultType !== 'streams') throw new Error(`Loki answered with ${data.resultType}`)
  return data.result.flatMap(({ stream, values }) => values.map(([, line]) => ({ line, labels: stream })))
}

/** Everything in one process and one folder, ready at once. */
function configuration(folder: string, ports: { readonly http: number; readonly grpc: number }): object {
  const address = '127.0.0.1'
  return {
    auth_enabled: false,
    server: {
      http_listen_address: address,
      http_listen_port: ports.http,
      grpc_listen_address: address,
      grpc_listen_port: ports.grpc,
      log_level: 'warn',
    },
    common: {
      instance_addr: address,
      path_prefix: folder,
      storage: {
        filesystem: { chunks_directory: join(folder, 'chunks'), rules_directory: join(folder, 'rules') },
      },
      replication_factor: 1,
      ring: { kvstore: { store: 'inmemory' } },
    },
    schema_config: {
      configs: [
        {
          from: FIRST_DAY,
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    limits_config: { allow_structured_metadata: true },
    analytics: { reporting_enabled: false },
    ingester: { lifecycler: { min_ready_duration: '0s', final_sleep: '0s' } },
    frontend: { scheduler_dns_lookup_period: '200ms' },
  }
}
