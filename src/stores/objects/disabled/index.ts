import { releaseArtifact } from '../../../outputs/index.ts'
import { objectStore } from '../../store.ts'
import { DisabledOptions } from './options.ts'

/** Takes every object, keeps none and sends no record of it. */
export const disabled = objectStore({
  type: 'disabled',
  options: DisabledOptions,
  open() {
    const stats = { objects: 0 }
    return {
      stats,
      take(artifact) {
        stats.objects += 1
        releaseArtifact(artifact)
      },
      close: async () => {},
    }
  },
})
