import { createArtifact, createCanonicalNames } from '../../outputs/index.ts'
import { pluginType } from '../plugin.ts'
import { HttpCaptureOptions } from './options.ts'

/** Stores every exchange as an object. */
export const httpCapture = pluginType({
  type: 'http_capture',
  options: HttpCaptureOptions,
  open(options, { clock, emit, warn }) {
    const level = options.level === 'details' ? 'headers' : options.level
    if (options.level === 'details') warn('`details` level is deprecated, using `headers` level instead')
    if (level === 'none') return { wantsBodies: false, exchange() {} }
    const { format } = options
    const canonicalName = createCanonicalNames()
    const settings = storeIds(options.object_store.id).map((objectStore) => ({ level, format, objectStore }))
    return {
      wantsBodies: level === 'full',
      exchange(exchange) {
        const atMs = clock.bootEpochMs + exchange.endedAt / 1e6
        for (const setting of settings) emit(createArtifact(exchange, setting, atMs, canonicalName))
      },
    }
  },
})

/** An empty id means the default store, like none. */
function storeIds(id: string | readonly string[] | undefined): readonly (string | undefined)[] {
  const ids = typeof id === 'string' ? [id] : (id ?? [])
  return ids.length === 0 ? [undefined] : ids.map((one) => one || undefined)
}
