import { eventStore } from '../../store.ts'
import { DisabledOptions } from './options.ts'

/** Takes every event and keeps none. */
export const disabled = eventStore({
  type: 'disabled',
  options: DisabledOptions,
  open() {
    const stats = { events: 0 }
    return {
      stats,
      take() {
        stats.events += 1
      },
      close: async () => {},
    }
  },
})
