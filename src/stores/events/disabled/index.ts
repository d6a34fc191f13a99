import { DELIVERED, eventStore } from '../../store.ts'
import { DisabledOptions } from './options.ts'

/** Takes every event and keeps none. */
export const disabled = eventStore({
  type: 'disabled',
  options: DisabledOptions,
  open: () => ({ deliver: () => DELIVERED, close: async () => {} }),
})
