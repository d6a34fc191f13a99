import { eventStore } from '../../store.ts'
import { encodeEvent } from './encode.ts'
import { StdoutOptions } from './options.ts'

/** Prints every event as one line of JSON on standard output. */
export const stdout = eventStore({
  type: 'stdout',
  options: StdoutOptions,
  open(_options, { standardOutput, clock }) {
    const stats = { events: 0 }
    return {
      stats,
      take(event) {
        stats.events += 1
        standardOutput.write(encodeEvent(event, clock.nowMs()))
      },
      close: async () => {},
    }
  },
})
