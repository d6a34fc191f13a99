import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import type { AnyValue, Attributes, LogRecord, Span } from '../../src/otlp/index.ts'

/** Decodes bytes by the official .proto files, with the reader of others. */
export interface OtlpOracle {
  /** Throws at damaged bytes. */
  decode(type: string, bytes: Uint8Array): unknown
  encode(type: string, message: object): Uint8Array
}

const PROTOS = new URL('../../node_modules/@elastic/mockotlpserver/', import.meta.url)
const SERVICES = ['logs', 'trace'].map(
  (name) => `opentelemetry/proto/collector/${name}/v1/${name}_service.proto`,
)

export function openOtlpOracle(): OtlpOracle {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => fileURLToPath(new URL(target, PROTOS))
  root.loadSync(SERVICES, { keepCase: false })
  return {
    decode(type, bytes) {
      const found = root.lookupType(`opentelemetry.proto.${type}`)
      return found.toObject(found.decode(bytes), { longs: String, bytes: Array })
    },
    encode(type, message) {
      const found = root.lookupType(`opentelemetry.proto.${type}`)
      return found.encode(found.fromObject(message)).finish()
    },
  }
}

/** What the oracle must read. */
export function decodedRecord(record: LogRecord): object {
  return {
    timeUnixNano: String(record.time),
    observedTimeUnixNano: String(record.observedTime),
    ...present('severityNumber', record.severity),
    body: decodedValue(record.body),
    ...decodedAttributes(record.attributes),
  }
}

export function decodedSpan(span: Span): object {
  return {
    traceId: [...span.traceId],
    spanId: [...span.spanId],
    name: wellFormed(span.name),
    ...present('kind', span.kind),
    startTimeUnixNano: String(span.start),
    endTimeUnixNano: String(span.end),
    ...decodedAttributes(span.attributes),
    ...list(
      'events',
      span.events.map(({ time, name, attributes }) => ({
        timeUnixNano: String(time),
        name: wellFormed(name),
        ...decodedAttributes(attributes),
      })),
    ),
    ...present('droppedEventsCount', span.droppedEvents),
    ...(span.error === undefined ? {} : { status: { code: 2, message: wellFormed(span.error) } }),
  }
}

export function decodedAttributes(attributes: Attributes): object {
  return list(
    'attributes',
    attributes.map(([key, value]) => ({ key: wellFormed(key), value: decodedValue(value) })),
  )
}

function decodedValue(value: AnyValue): object {
  if (typeof value === 'string') return { stringValue: wellFormed(value) }
  if (typeof value === 'boolean') return { boolValue: value }
  if ('int' in value) return { intValue: String(value.int) }
  if ('double' in value) return { doubleValue: value.double }
  if ('bytes' in value) return { bytesValue: [...value.bytes] }
  if ('list' in value) return { arrayValue: list('values', value.list.map(decodedValue)) }
  const values = value.map.map(([key, one]) => ({ key: wellFormed(key), value: decodedValue(one) }))
  return { kvlistValue: list('values', values) }
}

function present(name: string, value: number): object {
  return value === 0 ? {} : { [name]: value }
}

function list(name: string, values: readonly object[]): object {
  return values.length === 0 ? {} : { [name]: values }
}

/** UTF-8 has no half of a surrogate pair. */
function wellFormed(text: string): string {
  return text.toWellFormed()
}
