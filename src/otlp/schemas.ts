import type { FieldSchema, MessageSchema } from './message-reader.ts'

/*
 * What this agent writes and reads of opentelemetry-proto 1.x and of google.rpc; the names are those of the
 * JSON form.
 */

const ANY_VALUE: MessageSchema = {
  1: { name: 'stringValue', kind: 'text' },
  2: { name: 'boolValue', kind: 'bool' },
  3: { name: 'intValue', kind: 'int64' },
  4: { name: 'doubleValue', kind: 'double' },
  5: { name: 'arrayValue', kind: () => ({ 1: { name: 'values', kind: () => ANY_VALUE, repeated: true } }) },
  6: { name: 'kvlistValue', kind: () => ({ 1: { name: 'values', kind: () => KEY_VALUE, repeated: true } }) },
  7: { name: 'bytesValue', kind: 'bytes' },
}

const KEY_VALUE: MessageSchema = {
  1: { name: 'key', kind: 'text' },
  2: { name: 'value', kind: () => ANY_VALUE },
}

const ATTRIBUTES: FieldSchema = { name: 'attributes', kind: () => KEY_VALUE, repeated: true }
const RESOURCE: FieldSchema = { name: 'resource', kind: () => ({ 1: ATTRIBUTES }) }
const SCOPE: FieldSchema = { name: 'scope', kind: () => ({ 1: { name: 'name', kind: 'text' } }) }
const SCHEMA_URL: FieldSchema = { name: 'schemaUrl', kind: 'text' }

const LOG_RECORD: MessageSchema = {
  1: { name: 'timeUnixNano', kind: 'fixed64' },
  2: { name: 'severityNumber', kind: 'uint32' },
  5: { name: 'body', kind: () => ANY_VALUE },
  6: ATTRIBUTES,
  11: { name: 'observedTimeUnixNano', kind: 'fixed64' },
}

const SPAN_EVENT: MessageSchema = {
  1: { name: 'timeUnixNano', kind: 'fixed64' },
  2: { name: 'name', kind: 'text' },
  3: ATTRIBUTES,
}

const SPAN_STATUS: MessageSchema = {
  2: { name: 'message', kind: 'text' },
  3: { name: 'code', kind: 'uint32' },
}

const SPAN: MessageSchema = {
  1: { name: 'traceId', kind: 'hex' },
  2: { name: 'spanId', kind: 'hex' },
  5: { name: 'name', kind: 'text' },
  6: { name: 'kind', kind: 'uint32' },
  7: { name: 'startTimeUnixNano', kind: 'fixed64' },
  8: { name: 'endTimeUnixNano', kind: 'fixed64' },
  9: ATTRIBUTES,
  11: { name: 'events', kind: () => SPAN_EVENT, repeated: true },
  12: { name: 'droppedEventsCount', kind: 'uint32' },
  15: { name: 'status', kind: () => SPAN_STATUS },
}

export const LOGS_REQUEST: MessageSchema = requestOf('Logs', 'logRecords', LOG_RECORD)
export const TRACES_REQUEST: MessageSchema = requestOf('Spans', 'spans', SPAN)

/** Both signals number the number of rejected records alike. */
export const EXPORT_RESPONSE: MessageSchema = {
  1: {
    name: 'partialSuccess',
    kind: () => ({ 1: { name: 'rejected', kind: 'int64' }, 2: { name: 'errorMessage', kind: 'text' } }),
  },
}

/** google/rpc/status.proto */
export const STATUS: MessageSchema = {
  1: { name: 'code', kind: 'uint32' },
  2: { name: 'message', kind: 'text' },
  3: {
    name: 'details',
    kind: () => ({ 1: { name: 'typeUrl', kind: 'text' }, 2: { name: 'value', kind: 'bytes' } }),
    repeated: true,
  },
}

/** google/rpc/error_details.proto */
export const RETRY_INFO: MessageSchema = {
  1: {
    name: 'retryDelay',
    kind: () => ({ 1: { name: 'seconds', kind: 'int64' }, 2: { name: 'nanos', kind: 'uint32' } }),
  },
}

function requestOf(signal: 'Logs' | 'Spans', records: string, record: MessageSchema): MessageSchema {
  const scoped: MessageSchema = {
    1: SCOPE,
    2: { name: records, kind: () => record, repeated: true },
    3: SCHEMA_URL,
  }
  const ofResource: MessageSchema = {
    1: RESOURCE,
    2: { name: `scope${signal}`, kind: () => scoped, repeated: true },
    3: SCHEMA_URL,
  }
  return { 1: { name: `resource${signal}`, kind: () => ofResource, repeated: true } }
}
