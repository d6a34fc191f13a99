import type { ParcelQueue } from './parcel-queue.ts'
import type { SpoolAccess } from './spool-access.ts'

/** Counters and levels of one delivery, of parcels where the name says nothing else. */
export function createDeliveryStats(queue: ParcelQueue, underWay: readonly unknown[], access: SpoolAccess) {
  return {
    taken: 0,
    delivered: 0,
    refused: 0,
    /** Delivered in a batch of which some were refused without being named: their receipts are kept back. */
    unconfirmed: 0,
    droppedByQueue: 0,
    /** In memory only when the delivery was closed. */
    lost: 0,
    /** Batches that were sent, and those of them that had been sent before. */
    batches: 0,
    retries: 0,
    get inFlight() {
      return underWay.length
    },
    get queueBytes() {
      return queue.bytes
    },
    get queueCount() {
      return queue.count
    },
    get spoolBytes() {
      return access.spool?.bytes ?? 0
    },
    get spoolCount() {
      return access.spool?.count ?? 0
    },
    /** What former runs have left. */
    get spoolFound() {
      return access.spool?.stats.found ?? 0
    },
    get droppedBySpool() {
      return access.spool?.stats.dropped ?? 0
    },
    /** Could not be read back. */
    get spoolDamaged() {
      return access.spool?.stats.damaged ?? 0
    },
  }
}
