import type { Environment } from '../../base/index.ts'
import type { Signal } from '../../otlp/index.ts'
import type { OtlpSettings } from './settings.ts'

const TIMEOUT_MS = 10_000
/** What a timer can wait for. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
const PROTOCOLS: Readonly<Record<string, OtlpSettings['protocol']>> = {
  grpc: 'grpc',
  http: 'http',
  'http/protobuf': 'http',
}

/**
 * What the variables of the OpenTelemetry specification say
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/); those of the signal win. As it wants it, a
 * value that cannot be used is as good as none; `onProblem` is told its variable, and never the value.
 */
export function settingsFromEnvironment(
  environment: Environment,
  signal: Signal,
  onProblem: (problem: string) => void = () => {},
): OtlpSettings {
  const protocol = readProtocol()
  const endpoint = readEndpoint(protocol)
  return {
    protocol,
    endpoint,
    headers: readHeaders(),
    gzip: readCompression(),
    tls: {
      enabled: readTls(endpoint),
      insecureSkipVerify: false,
      caFile: read('CERTIFICATE')?.value,
      certFile: read('CLIENT_CERTIFICATE')?.value,
      keyFile: read('CLIENT_KEY')?.value,
    },
    timeoutMs: readTimeout(),
  }

  /** Empty is as good as not set. */
  function read(name: string): { readonly variable: string; readonly value: string } | undefined {
    for (const variable of [ofSignal(name), `OTEL_EXPORTER_OTLP_${name}`]) {
      const value = environment[variable]?.trim() ?? ''
      if (value !== '') return { variable, value }
    }
    return undefined
  }

  function ofSignal(name: string): string {
    return `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`
  }

  function readProtocol(): OtlpSettings['protocol'] {
    const said = read('PROTOCOL')
    if (said === undefined) return 'grpc'
    const protocol = Object.hasOwn(PROTOCOLS, said.value) ? PROTOCOLS[said.value] : undefined
    if (protocol === undefined) onProblem(`${said.variable} is neither grpc nor http/protobuf`)
    return protocol ?? 'grpc'
  }

  /** One for all signals is a base, to which HTTP adds the signal's path; one for a signal is all of it. */
  function readEndpoint(of: OtlpSettings['protocol']): string {
    const said = read('ENDPOINT')
    if (said === undefined) return ''
    const { variable, value } = said
    if (of !== 'http' || !value.includes('://')) return value
    const url = URL.parse(value)
    if (url === null) {
      onProblem(`${variable} is not a URL`)
      return ''
    }
    if (variable === ofSignal('ENDPOINT')) return url.href
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`
    return url.href
  }

  /** Only where no scheme says it. The default place is on this machine, and without. */
  function readTls(endpoint: string): boolean {
    if (endpoint === '') return false
    if (endpoint.includes('://')) return /^https:/i.test(endpoint)
    return read('INSECURE')?.value.toLowerCase() !== 'true'
  }

  /** Pairs of the signal are added to those for all signals. */
  function readHeaders(): Record<string, string> {
    const headers: Record<string, string> = {}
    for (const variable of ['OTEL_EXPORTER_OTLP_HEADERS', ofSignal('HEADERS')]) {
      for (const pair of (environment[variable] ?? '').split(',')) {
        if (pair.trim() === '') continue
        const [name, value] = readPair(pair)
        if (name === '' || value === undefined) onProblem(`${variable} has a part that is not name=value`)
        else headers[name] = value
      }
    }
    return headers
  }

  function readCompression(): boolean {
    const said = read('COMPRESSION')
    if (said === undefined || said.value === 'none') return false
    if (said.value !== 'gzip') onProblem(`${said.variable} is neither gzip nor none`)
    return said.value === 'gzip'
  }

  function readTimeout(): number {
    const said = read('TIMEOUT')
    if (said === undefined) return TIMEOUT_MS
    const timeoutMs = Number(said.value)
    if (Number.isInteger(timeoutMs) && timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs
    onProblem(`${said.variable} is no number of milliseconds`)
    return TIMEOUT_MS
  }
}

/** As in the header `baggage` of W3C: values may be percent-encoded, names in lower case. */
function readPair(pair: string): readonly [name: string, value: string | undefined] {
  const equals = pair.indexOf('=')
  if (equals === -1) return ['', undefined]
  return [pair.slice(0, equals).trim().toLowerCase(), percentDecoded(pair.slice(equals + 1).trim())]
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
