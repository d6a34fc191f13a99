import { createTimestamps } from '../base/index.ts'
import type { Exchange } from '../exchanges/index.ts'
import { directionOf, eventMeta, statusOf } from '../outputs/index.ts'
import { urlWithoutQuery } from './exchange-fields.ts'
import type { PluginContext } from './plugin.ts'

/** Makes a function that gives what events about an exchange have in common. */
export function createEventFacts({ clock, tags }: Pick<PluginContext, 'clock' | 'tags'>) {
  const timestampOf = createTimestamps(clock)
  return eventFacts

  /** `shown` is the exchange as it may be shown. */
  function eventFacts(shown: Exchange) {
    const { connection, request, endedAt } = shown
    return {
      ...eventMeta(shown, tags),
      timestamp: timestampOf(endedAt),
      direction: directionOf(connection),
      url: urlWithoutQuery(request.url),
      path: request.path,
      method: request.method,
      status: statusOf(shown),
    }
  }
}
