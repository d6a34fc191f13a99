export { EVENT_STORES } from './events/registry.ts'
export { type Filling, fillStores } from './fill.ts'
export { EVENT_STORES_NOT_BUILT, OBJECT_STORES_NOT_BUILT, QscanOptions } from './not-built.ts'
export { OBJECT_STORES } from './objects/registry.ts'
export { type OpenedStores, openStores } from './open.ts'
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
export type {
  Delivery,
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'
