import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificate, freePort, type Workshop } from '../../support/programs.ts'
import {
  type LogsRequest,
  type ReadRecord,
  type ReadSpan,
  recordsIn,
  spansIn,
  type TracesRequest,
} from './otlp-json.ts'
import { ask, programOf, type Server, startServer } from './server.ts'

/** What it is asked to be; the least of everything where nothing is said. */
export interface CollectorSettings {
  /** TLS for both protocols, by this certificate. */
  readonly certificate?: Certificate
  /** Who does not bear it is refused. */
  readonly token?: string
  /** Where all it receives goes on to as well: a base URL of OTLP over HTTP, or `host:port` of gRPC. */
  readonly logsTo?: string
  readonly tracesTo?: string
  /**
   * Instead of files: what it receives goes on to this base URL without a queue, so that it answers what is
   * answered there.
   */
  readonly passesOnTo?: string
  /** Where it listens; free ports when not said. */
  readonly ports?: CollectorPorts
}

export interface CollectorPorts {
  readonly grpc: number
  readonly http: number
}

export interface Collector {
  readonly ports: CollectorPorts
  /** Everything that reached its files, also in runs before this one. */
  records(): readonly ReadRecord[]
  spans(): readonly ReadSpan[]
  told(): string
  stop(): Promise<void>
  kill(): Promise<void>
  /** Again at the same ports, with the same files. */
  startAgain(): Promise<void>
}

const NEWLINE = 0x0a

let folders = 0

/** The real Collector. It answers only after what it received stands in its file. */
export async function startCollector(
  workshop: Workshop,
  settings: CollectorSettings = {},
): Promise<Collector> {
  folders += 1
  const folder = join(workshop.folder, `collector-${folders}`)
  mkdirSync(folder)
  const ports = settings.ports ?? { grpc: await freePort(), http: await freePort() }
  const health = await freePort()
  let runs = 0
  let server: Server
  await start()
  return {
    ports,
    records: readingOf<LogsRequest, ReadRecord>(folder, 'logs', recordsIn),
    spans: readingOf<TracesRequest, ReadSpan>(folder, 'traces', spansIn),
    told: () => server.told(),
    stop: () => server.stop(),
    kill: () => server.kill(),
    startAgain: start,
  }

  async function start(): Promise<void> {
    runs += 1
    const configFile = join(folder, `collector-${runs}.json`)
    writeFileSync(configFile, JSON.stringify(configuration(folder, runs, { ...settings, ports }, health)))
    server = await startServer(workshop, programOf('collector'), ['--config', configFile], async () => {
      await ask(`http://127.0.0.1:${health}/`)
      return true
    })
  }
}

/** YAML is a superset of this. */
function configuration(
  folder: string,
  run: number,
  settings: CollectorSettings & { readonly ports: CollectorPorts },
  health: number,
): object {
  const { ports, token, certificate } = settings
  const tls = certificate && { cert_file: certificate.certificateFile, key_file: certificate.keyFile }
  const listening = {
    ...(tls && { tls }),
    ...(token !== undefined && { auth: { authenticator: 'bearertokenauth' } }),
  }
  const exporters = exportersOf(folder, run, settings)
  return {
    extensions: {
      health_check: { endpoint: `127.0.0.1:${health}` },
      ...(token !== undefined && { bearertokenauth: { scheme: 'Bearer', token } }),
    },
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `127.0.0.1:${ports.grpc}`, ...listening },
          http: { endpoint: `127.0.0.1:${ports.http}`, ...listening },
        },
      },
    },
    exporters: { ...exporters.logs, ...exporters.traces },
    service: {
      telemetry: { metrics: { level: 'none' } },
      extensions: ['health_check', ...(token === undefined ? [] : ['bearertokenauth'])],
      pipelines: {
        logs: { receivers: ['otlp'], exporters: Object.keys(exporters.logs) },
        traces: { receivers: ['otlp'], exporters: Object.keys(exporters.traces) },
      },
    },
  }
}

type Exporters = Readonly<Record<string, object>>

function exportersOf(
  folder: string,
  run: number,
  { passesOnTo, logsTo, tracesTo }: CollectorSettings,
): { readonly logs: Exporters; readonly traces: Exporters } {
  const tls = { insecure: true }
  if (passesOnTo !== undefined) {
    const atOnce = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }
    const on = { 'otlp_http/on': { endpoint: passesOnTo, tls, ...atOnce } }
    return { logs: on, traces: on }
  }
  return {
    logs: {
      'file/logs': fileExporter(folder, 'logs', run),
      ...(logsTo !== undefined && { 'otlp_http/logs': { endpoint: logsTo, compression: 'none', tls } }),
    },
    traces: {
      'file/traces': fileExporter(folder, 'traces', run),
      ...(tracesTo !== undefined && { 'otlp_grpc/traces': { endpoint: tracesTo, tls } }),
    },
  }
}

/** Without rotation it would keep lines back in memory, and lose them when it is killed. */
function fileExporter(folder: string, kind: string, run: number): object {
  return { path: join(folder, `${kind}-${run}.jsonl`), rotation: { max_megabytes: 1_000_000 } }
}

/**
 * Reads the lines of all runs, each once. A run that was killed may have written its last line by half; it
 * did not answer for it.
 */
function readingOf<Line, Item>(
  folder: string,
  kind: 'logs' | 'traces',
  itemsIn: (line: Line) => readonly Item[],
): () => readonly Item[] {
  const passed = new Map<string, number>()
  const items: Item[] = []
  return () => {
    for (const name of readdirSync(folder).filter((file) => file.startsWith(`${kind}-`))) {
      const begin = passed.get(name) ?? 0
      const bytes = readFileSync(join(folder, name)).subarray(begin)
      const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
      for (const text of whole.toString().split('\n')) {
        if (text !== '') items.push(...itemsIn(JSON.parse(text) as Line))
      }
      passed.set(name, begin + whole.length)
    }
    return items
  }
}
