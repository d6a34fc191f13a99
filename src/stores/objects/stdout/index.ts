import { releaseArtifact } from '../../../outputs/index.ts'
import { objectStore } from '../../store.ts'
import { encodeArtifact, encodeLargeArtifact } from './encode.ts'
import { StdoutOptions } from './options.ts'

/** Shorter objects are cheaper as strings. */
const LARGE_BYTES_MIN = 64 << 10

/** Prints every object as one line of JSON on standard output. Such objects have no address: no records. */
export const stdout = objectStore({
  type: 'stdout',
  options: StdoutOptions,
  open(_options, { standardOutput }) {
    const stats = { objects: 0 }
    return {
      stats,
      take(artifact) {
        stats.objects += 1
        if (artifact.data.length < LARGE_BYTES_MIN) standardOutput.write(encodeArtifact(artifact))
        else standardOutput.writeBytes(encodeLargeArtifact(artifact))
        releaseArtifact(artifact)
      },
      close: async () => {},
    }
  },
})
