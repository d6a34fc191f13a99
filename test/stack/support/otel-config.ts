import { pathOf } from '../../support/programs.ts'
import { programOf } from './server.ts'

/** How the agent under test reaches an OTLP receiver. */
export interface Way {
  readonly protocol: 'grpc' | 'http'
  /** `host:port`. */
  readonly endpoint: string
  /** With it, TLS that trusts nothing but what this file holds. */
  readonly caFile?: string
  readonly gzip?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export interface OtelConfig extends Way {
  readonly level: 'summary' | 'headers' | 'full'
}

/**
 * A `qtap.yaml` that sends events and objects by OTLP, and watches what programs ask
 * for, but neither the servers nor programs of Node.js, of which the test itself is one.
 */
export function otelConfig({ level, ...way }: OtelConfig): string {
  const servers = (['collector', 'jaeger', 'loki'] as const).map(programOf)
  const ignored = [...servers, pathOf(process.execPath)]
  return JSON.stringify({
    version: 2,
    services: {
      event_stores: [{ type: 'otel', endpoint: way.endpoint, ...storeOptions(way) }],
      object_stores: [{ type: 'otel', otel_endpoint: way.endpoint, ...storeOptions(way) }],
    },
    stacks: { stack: { plugins: [{ type: 'http_capture', config: { level, format: 'json' } }] } },
    tap: {
      direction: 'egress',
      ignore_loopback: false,
      http: { stack: 'stack' },
      filters: { custom: ignored.map((exe) => ({ exe, strategy: 'exact' })) },
    },
  })
}

function storeOptions({ protocol, caFile, gzip, headers }: Way): object {
  return {
    protocol,
    service_name: 'qtap',
    environment: 'stack-test',
    ...(gzip !== undefined && { compression: gzip ? 'gzip' : 'none' }),
    ...(headers && { headers }),
    tls: { enabled: caFile !== undefined, ...(caFile !== undefined && { ca_file: caFile }) },
  }
}
