import type { Event } from './output.ts'

/** The event as the JSON object that backends receive: keys in camelCase, absent fields undefined. */
export function describeEvent(event: Event) {
  return {
    connectionId: event.connectionId,
    endpointId: event.endpointId,
    requestId: event.requestId,
    timestamp: new Date(event.timestampMs).toISOString(),
    type: event.type,
    digest: event.digest,
    url: event.url,
    summary: event.summary,
  }
}
