import type { z } from 'zod'
import { logsRequest } from '../../../otlp/index.ts'
import { artifactRecordDocument, releaseArtifact } from '../../../outputs/index.ts'
import { openDelivery } from '../../delivery/delivery.ts'
import { OTLP_BATCH_BYTES_MAX, otlpLimits } from '../../otlp/limits.ts'
import { otlpAuthority, otlpDestination, otlpOrigin, otlpSettings } from '../../otlp/options.ts'
import { openOtlpSender } from '../../otlp/sender.ts'
import { objectStore } from '../../store.ts'
import { encodeObject } from './encode.ts'
import { OtelOptions } from './options.ts'
import { readReceipt, writeReceipt } from './receipt.ts'
import { joinRecords, splitRecords } from './record-group.ts'

const SCOPE = 'qtap.objectstore'

/** Sends every object as OpenTelemetry log records, which arrive together or not at all. */
export const otel = objectStore({
  type: 'otel',
  options: OtelOptions,
  destination: (options) => otlpDestination(options, endpointOf(options)),
  async open(options, context) {
    const { name, spoolFolder, spoolBytesMax, version, clock, log, stored } = context
    const settings = otlpSettings(options, endpointOf(options))
    const origin = otlpOrigin(options, version, SCOPE)
    const frame = (groups: readonly Uint8Array[]) => logsRequest(origin, groups.flatMap(splitRecords))
    const sender = openOtlpSender(settings, 'logs', frame, context)
    const counted = { objects: 0, objectsCut: 0, receiptsUnread: 0 }
    const authority = otlpAuthority(options.protocol, endpointOf(options))
    const delivery = await openDelivery({
      name,
      sender,
      limits: otlpLimits(spoolBytesMax),
      spoolFolder,
      onDelivered,
      clock,
      log,
    })
    return {
      get stats() {
        return { ...delivery.stats, ...counted }
      },
      take(artifact) {
        const nowMs = clock.nowMs()
        const { records, cut } = encodeObject(artifact, nowMs, OTLP_BATCH_BYTES_MAX)
        counted.objects += 1
        if (cut) counted.objectsCut += 1
        const url = `otel://${authority}/${artifact.digest}`
        delivery.add(joinRecords(records), writeReceipt(artifactRecordDocument(artifact, url, nowMs)))
        releaseArtifact(artifact)
      },
      close: (withinMs) => delivery.close(withinMs),
    }

    function onDelivered(receipt: Uint8Array): void {
      const document = readReceipt(receipt)
      if (document === undefined) counted.receiptsUnread += 1
      else stored({ ...document, timestamp: new Date(clock.nowMs()).toISOString() })
    }
  },
})

function endpointOf({ otel_endpoint, endpoint }: z.output<typeof OtelOptions>): string {
  return otel_endpoint ?? endpoint ?? ''
}
