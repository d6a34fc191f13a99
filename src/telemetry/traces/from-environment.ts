import { type Clock, type Environment, type LineWriter, type Log, OperatorError } from '../../base/index.ts'
import { tracesRequest } from '../../otlp/index.ts'
import {
  type DeliveryLimits,
  type OtlpSettings,
  openDelivery,
  openOtlpSender,
  otlpLimits,
  settingsFromEnvironment,
} from '../../stores/index.ts'
import { type Agent, readTraceSettings, type TraceExporter } from './settings.ts'
import { openTraces, type Traces } from './traces.ts'

export interface TracingOptions extends Agent {
  readonly environment: Environment
  readonly standardOutput: LineWriter
  readonly clock: Clock
  readonly log: Log
}

/** Of each way that spans take. What waits in memory is lost with the agent: spans are not spooled. */
const TRACE_LIMITS: DeliveryLimits = {
  ...otlpLimits(0),
  inFlightMax: 2,
  queueBytesMax: 16 << 20,
  queueCountMax: 32_768,
}

/**
 * Tracing as the environment wants it; undefined for none. Nothing in it stops the agent: what cannot be
 * used is named in one line, and then nothing is traced.
 */
export async function tracesFromEnvironment(options: TracingOptions): Promise<Traces | undefined> {
  const { environment, log } = options
  const settings = readTraceSettings(environment, options)
  const problems: string[] = []
  const otlp = settings.exporters.includes('otlp')
    ? settingsFromEnvironment(environment, 'traces', (problem) => problems.push(problem))
    : settingsFromEnvironment({}, 'traces')
  for (const warning of settings.warnings) log.warn(warning)
  if (problems.length > 0) {
    log.warn('connections are not traced: the environment cannot be used', { why: problems.join('; ') })
    return undefined
  }
  if (settings.exporters.length === 0) return undefined
  try {
    return await openTraces({ settings, open })
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    log.warn('connections are not traced: the environment cannot be used', {
      why: `${error.message} ${error.hint}`,
    })
    return undefined
  }

  function open(
    exporter: TraceExporter,
    origin: Parameters<typeof tracesRequest>[0],
    name: string,
  ): ReturnType<typeof openDelivery> {
    const to: OtlpSettings = exporter === 'otlp' ? otlp : { ...otlp, protocol: 'stdout' }
    const sender = openOtlpSender(to, 'traces', (spans) => tracesRequest(origin, spans), options)
    const { clock } = options
    return openDelivery({ name, sender, limits: TRACE_LIMITS, spoolFolder: undefined, clock, log })
  }
}
