export { openDelivery } from './delivery/delivery.ts'
export type { DeliveryLimits, ReliableDelivery } from './delivery/parcel.ts'
export type { SentBatch } from './delivery/timed-sender.ts'
export { EVENT_STORES } from './events/registry.ts'
export { type Filling, fillStores } from './fill.ts'
export { EVENT_STORES_NOT_BUILT, OBJECT_STORES_NOT_BUILT, QscanOptions } from './not-built.ts'
export { OBJECT_STORES } from './objects/registry.ts'
export { type OpenedStores, openStores, SPOOL_BYTES_MAX, type StoreSurroundings } from './open.ts'
export {
  type EventStoreConfig,
  type ObjectStoreConfig,
  ObjectStoreOptions,
  objectStoreIds,
  readServices,
  type Services,
  ServicesOptions,
  StoreOptions,
} from './options.ts'
export { settingsFromEnvironment } from './otlp/environment.ts'
export { otlpLimits, STORE_QUEUE_BYTES_MAX } from './otlp/limits.ts'
export { openOtlpSender } from './otlp/sender.ts'
export type { OtlpSettings } from './otlp/settings.ts'
export type {
  Delivery,
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreContext,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'
