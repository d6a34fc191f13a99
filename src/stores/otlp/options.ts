import { z } from 'zod'
import { endpointText, valueSource } from '../../base/index.ts'
import type { Origin } from '../../otlp/index.ts'
import type { OtlpSettings } from './settings.ts'

const Tls = z
  .object({
    enabled: z.boolean().default(false).describe('Speak TLS. A URL says it by its scheme.'),
    insecure_skip_verify: z.boolean().default(false).describe('Accept any certificate.'),
    ca_file: z
      .string()
      .optional()
      .describe('Certificates to trust, PEM; those of the system when not given.'),
    cert_file: z.string().optional().describe('Certificate of the client, PEM; needs `key_file`.'),
    key_file: z.string().optional().describe('Its key, PEM; needs `cert_file`.'),
  })
  .refine(
    ({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined),
    'cert_file and key_file need each other',
  )
  .prefault({})
  .describe('How the connection is secured.')

export const OtlpEndpoint = endpointText
  .refine(
    (text) => text === '' || text.includes('{{') || isEndpoint(text),
    'expected host:port, or a URL of http or https',
  )
  .optional()
  .describe(
    '`host:port`, or a URL; `{{NAME}}` stands for an environment variable. ' +
      'By default `localhost:4317`, or `localhost:4318` for `http`.',
  )

/** RFC 9110 §5.1 and §5.5: what may stand in a header without ending it. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** What event stores and object stores of OpenTelemetry have in common. */
export const OTLP_KEYS = {
  protocol: z
    .enum(['grpc', 'http', 'stdout'], {
      error: ({ input }) =>
        typeof input === 'string'
          ? `unsupported protocol: ${input}, supported protocols are 'grpc', 'http', and 'stdout'`
          : undefined,
    })
    .default('grpc')
    .describe('OTLP over gRPC, OTLP over HTTP, or JSON on standard output.'),
  service_name: z.string().default('qtap').describe('Resource attribute `service.name`.'),
  environment: z.string().default('production').describe('Resource attribute `environment`.'),
  headers: z
    .record(z.string(), valueSource)
    .refine((headers) => Object.keys(headers).every((name) => HEADER_NAME.test(name)), {
      message: 'the name of a header has letters, digits and hyphens',
    })
    .refine((headers) => Object.values(headers).every((value) => HEADER_VALUE.test(value)), {
      message: 'the value of a header has no line break and no control character',
    })
    .default({})
    .describe('Sent with each request, by name.'),
  tls: Tls,
  compression: z
    .enum(['none', 'gzip'])
    .default('none')
    .describe('How requests are compressed: `gzip` costs the agent time and saves network.'),
}

interface OtlpOptions {
  readonly protocol: 'grpc' | 'http' | 'stdout'
  readonly service_name: string
  readonly environment: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: z.output<typeof Tls>
  readonly compression: 'none' | 'gzip'
}

/** After which a request without an answer is tried again: the default of the OTLP specification. */
const TIMEOUT_MS = 10_000
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.24.0'
const DEFAULT_ENDPOINTS = { grpc: 'localhost:4317', http: 'localhost:4318', stdout: 'stdout' } as const

export function otlpSettings(options: OtlpOptions, endpoint: string): OtlpSettings {
  const { protocol, headers, tls, compression } = options
  return {
    protocol,
    endpoint,
    headers,
    gzip: compression === 'gzip',
    tls: {
      enabled: tls.enabled,
      insecureSkipVerify: tls.insecure_skip_verify,
      caFile: tls.ca_file,
      certFile: tls.cert_file,
      keyFile: tls.key_file,
    },
    timeoutMs: TIMEOUT_MS,
  }
}

/** Who sends the records of a store, which is their `scope`. */
export function otlpOrigin(
  { service_name, environment }: OtlpOptions,
  version: string,
  scope: string,
): Origin {
  const all = [
    ['service.name', service_name],
    ['service.version', version],
    ['environment', environment],
  ] as const
  return { resource: all.filter(([, value]) => value !== ''), scope, schemaUrl: SCHEMA_URL }
}

/** `host:port` that records go to, without scheme and path; the protocol's default where none is given. */
export function otlpAuthority(protocol: OtlpSettings['protocol'], endpoint: string): string {
  if (protocol === 'stdout' || endpoint === '') return DEFAULT_ENDPOINTS[protocol]
  return endpoint.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/\/.*$/, '')
}

/** Where records go, for the name of a spool: standard output needs none. */
export function otlpDestination({ protocol }: OtlpOptions, endpoint: string): string | undefined {
  if (protocol === 'stdout') return undefined
  return `${protocol} ${endpoint === '' ? DEFAULT_ENDPOINTS[protocol] : endpoint}`
}

/** `host`, `host:port`, or a URL of http or https. */
function isEndpoint(text: string): boolean {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  return /^https?:/i.test(url) && URL.canParse(url) && new URL(url).hostname !== ''
}
