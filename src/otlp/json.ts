import { readMessage } from './message-reader.ts'
import { LOGS_REQUEST, TRACES_REQUEST } from './schemas.ts'

export type Signal = 'logs' | 'traces'

const REQUESTS = { logs: LOGS_REQUEST, traces: TRACES_REQUEST } as const
const PRETTY_INDENT = 2

/** OTLP/JSON of an encoded request: one line, or many that a person can read. Without the last newline. */
export function jsonRequest(signal: Signal, request: Uint8Array, pretty: boolean): string {
  return JSON.stringify(readMessage(request, REQUESTS[signal]), undefined, pretty ? PRETTY_INDENT : 0)
}
