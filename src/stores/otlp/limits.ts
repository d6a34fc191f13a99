import type { DeliveryLimits } from '../delivery/parcel.ts'

/**
 * Collectors take messages of 4 MiB unless told otherwise: this leaves room for what is around the records.
 */
export const OTLP_BATCH_BYTES_MAX = (4 << 20) - (64 << 10)
/** Of one store: what waits in memory, before it goes to disk. */
export const STORE_QUEUE_BYTES_MAX = 32 << 20

export function otlpLimits(spoolBytesMax: number): DeliveryLimits {
  return {
    batchBytesMax: OTLP_BATCH_BYTES_MAX,
    batchCountMax: 512,
    batchWaitMs: 1_000,
    inFlightMax: 4,
    queueBytesMax: STORE_QUEUE_BYTES_MAX,
    queueCountMax: 65_536,
    spoolBytesMax,
  }
}
