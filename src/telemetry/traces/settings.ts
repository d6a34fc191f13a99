import type { Environment } from '../../base/index.ts'
import type { Attributes } from '../../otlp/index.ts'

export type TraceExporter = 'otlp' | 'console'

export interface TraceSettings {
  /** None for no tracing. */
  readonly exporters: readonly TraceExporter[]
  /** Who sends the spans. */
  readonly resource: Attributes
  /** One line each, for the log. */
  readonly warnings: readonly string[]
}

/** What spans say of the agent. */
export interface Agent {
  readonly version: string
  readonly hostname: string
}

const EXPORTERS: Readonly<Record<string, TraceExporter>> = {
  otlp: 'otlp',
  console: 'console',
  stdout: 'console',
}
const NONE = 'none'

/**
 * Whether connections are traced, by the variables that the OpenTelemetry specification names. Unlike there
 * `OTEL_TRACES_EXPORTER` has no default: tracing is off until somebody asks for it.
 */
export function readTraceSettings(environment: Environment, agent: Agent): TraceSettings {
  const warnings: string[] = []
  const exporters = isDisabled() ? [] : readExporters()
  const resource = exporters.length === 0 ? [] : resourceOf(agent, environment, readAttributes())
  return { exporters, resource, warnings }

  function isDisabled(): boolean {
    const value = textOf('OTEL_SDK_DISABLED').toLowerCase()
    if (value !== '' && value !== 'true' && value !== 'false')
      warnings.push(`OTEL_SDK_DISABLED is "${value}", not true or false: it counts as false`)
    return value === 'true'
  }

  function readExporters(): readonly TraceExporter[] {
    const words = textOf('OTEL_TRACES_EXPORTER')
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .filter((word) => word !== '')
    const unknown = words.find((word) => word !== NONE && !Object.hasOwn(EXPORTERS, word))
    if (unknown !== undefined) {
      warnings.push(
        `OTEL_TRACES_EXPORTER names "${unknown}", not otlp, console or none: connections are not traced`,
      )
      return []
    }
    if (words.includes(NONE)) return []
    return [...new Set(words.flatMap((word) => EXPORTERS[word] ?? []))]
  }

  function readAttributes(): Attributes {
    const read = attributesIn(textOf('OTEL_RESOURCE_ATTRIBUTES'))
    if (read !== undefined) return read
    warnings.push('OTEL_RESOURCE_ATTRIBUTES is not a list of key=value, percent-encoded: it is left out')
    return []
  }

  function textOf(name: string): string {
    return environment[name]?.trim() ?? ''
  }
}

/** What the operator says wins over what the agent says of itself; of two with one key the later counts. */
function resourceOf(agent: Agent, environment: Environment, named: Attributes): Attributes {
  const serviceName = environment['OTEL_SERVICE_NAME']?.trim() ?? ''
  const all: Attributes = [
    ['service.name', 'tap'],
    ['service.namespace', 'qpoint'],
    ['service.version', agent.version],
    ['service.instance.id', agent.hostname],
    ...named,
    ...(serviceName === '' ? [] : [['service.name', serviceName] as const]),
  ]
  return [...new Map(all)].filter(([, value]) => value !== '')
}

/** As of W3C Baggage, without its properties. Undefined for what is not of this form. */
function attributesIn(text: string): Attributes | undefined {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const read = entries.map(attributeIn)
  return read.every((one) => one !== undefined) ? read : undefined
}

function attributeIn(entry: string): readonly [string, string] | undefined {
  const at = entry.indexOf('=')
  try {
    const key = decodeURIComponent(entry.slice(0, at).trim())
    return at < 1 || key === '' ? undefined : [key, decodeURIComponent(entry.slice(at + 1).trim())]
  } catch {
    return undefined
  }
}
