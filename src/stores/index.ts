export { EVENT_STORES } from './events/registry.ts'
export { type Filling, fillStores } from './fill.ts'
export { OBJECT_STORES } from './objects/registry.ts'
export {
  type EventStoreSetting,
  type ObjectStoreSetting,
  type OpenedStores,
  openStores,
  type Records,
} from './open.ts'
export type {
  Delivery,
  EventStore,
  EventStoreType,
  ObjectStore,
  ObjectStoreType,
  Store,
  StoreContext,
} from './store.ts'
