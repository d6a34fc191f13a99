import { type Event, jsonLine } from '../../../outputs/index.ts'

/** Names that programs which read these lines look for. */
const TYPES = {
  artifact_record: '*eventstore.ArtifactRecord',
  connection: '*eventstore.Connection',
  issue: '*eventstore.Issue',
  request: '*eventstore.Request',
} as const satisfies Record<Event['kind'], string>

/** One line of JSON; `ts` is in seconds since 1970, as in log lines. */
export function encodeEvent(event: Event, nowMs: number): string {
  return jsonLine({
    level: 'info',
    ts: nowMs / 1000,
    message: 'event store submission',
    type: TYPES[event.kind],
    item: event.document,
  })
}
