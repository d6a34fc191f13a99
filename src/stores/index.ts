export { EVENT_STORES } from './events/registry.ts'
export { type Filling, fillStores } from './fill.ts'
export { OBJECT_STORES } from './objects/registry.ts'
export { type OpenedStores, openStores } from './open.ts'
export {
  type EventStoreConfig,
  type ObjectStoreConfig,
  readServices,
  SERVICES_NOT_BUILT,
  type Services,
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
