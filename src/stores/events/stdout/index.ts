import { DELIVERED, eventStore } from '../../store.ts'
import { encodeEvent } from './encode.ts'
import { StdoutOptions } from './options.ts'

/** Prints every event as one line of JSON on standard output. */
export const stdout = eventStore({
  type: 'stdout',
  options: StdoutOptions,
  open: (_options, { standardOutput, clock }) => ({
    deliver(batch) {
      for (const event of batch) standardOutput.write(encodeEvent(event, clock.nowMs()))
      return DELIVERED
    },
    close: async () => {},
  }),
})
