import { DELIVERED, objectStore } from '../../store.ts'
import { encodeArtifact } from './encode.ts'
import { StdoutOptions } from './options.ts'

/** Prints every object as one line of JSON on standard output. Such objects have no address: no records. */
export const stdout = objectStore({
  type: 'stdout',
  options: StdoutOptions,
  open: (_options, { standardOutput }) => ({
    deliver(batch) {
      for (const artifact of batch) standardOutput.write(encodeArtifact(artifact))
      return DELIVERED
    },
    urlOf: () => undefined,
    close: async () => {},
  }),
})
