import { logsRequest } from '../../../otlp/index.ts'
import { openDelivery } from '../../delivery/delivery.ts'
import { timedSender } from '../../delivery/timed-sender.ts'
import { otlpLimits } from '../../otlp/limits.ts'
import { otlpDestination, otlpOrigin, otlpSettings } from '../../otlp/options.ts'
import { openOtlpSender } from '../../otlp/sender.ts'
import { eventStore } from '../../store.ts'
import { encodeEvent } from './encode.ts'
import { OtelOptions } from './options.ts'

const SCOPE = 'qtap.eventstore'

/** Sends every event as an OpenTelemetry log record. */
export const otel = eventStore({
  type: 'otel',
  options: OtelOptions,
  destination: (options) => otlpDestination(options, options.endpoint ?? ''),
  async open(options, context) {
    const { name, spoolFolder, spoolBytesMax, version, clock, log } = context
    const settings = otlpSettings(options, options.endpoint ?? '')
    const origin = otlpOrigin(options, version, SCOPE)
    const way = openOtlpSender(settings, 'logs', (records) => logsRequest(origin, records), context)
    const sender = context.onBatch ? timedSender(way, name, clock, context.onBatch) : way
    const limits = otlpLimits(spoolBytesMax)
    const delivery = await openDelivery({ name, sender, limits, spoolFolder, clock, log })
    const counted = { events: 0, eventsCut: 0 }
    return {
      get stats() {
        return { ...delivery.stats, ...counted }
      },
      take(event) {
        const { bytes, cut } = encodeEvent(event, clock.nowMs())
        counted.events += 1
        if (cut) counted.eventsCut += 1
        delivery.add(bytes)
      },
      close: (withinMs) => delivery.close(withinMs),
    }
  },
})
