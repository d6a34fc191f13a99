import { DELIVERED, objectStore } from '../../store.ts'
import { DisabledOptions } from './options.ts'

/** Takes every object, keeps none and sends no record of it. */
export const disabled = objectStore({
  type: 'disabled',
  options: DisabledOptions,
  open: () => ({ deliver: () => DELIVERED, urlOf: () => undefined, close: async () => {} }),
})
