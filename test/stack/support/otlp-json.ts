/**
 * OTLP as JSON, as real servers write it, in a form in which types are told apart: integers are `bigint`,
 * doubles are `number`, maps are plain objects.
 */
export type Value =
  | string
  | boolean
  | bigint
  | number
  | Buffer
  | null
  | readonly Value[]
  | { readonly [key: string]: Value }

export type Values = Readonly<Record<string, Value>>

export interface ReadRecord {
  readonly resource: Values
  /** Of the resource, and of the scope. */
  readonly schemaUrls: readonly [string | undefined, string | undefined]
  readonly scope: string
  readonly time: bigint
  readonly observedTime: bigint
  readonly severity: number
  readonly body: Value
  readonly attributes: Values
}

export interface ReadSpan {
  readonly resource: Values
  readonly scope: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: number
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Values
  readonly events: readonly { readonly name: string; readonly time: bigint; readonly attributes: Values }[]
  readonly statusCode: number
}

interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly bytesValue?: string
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] }
}

interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

interface Described {
  readonly attributes?: readonly KeyValue[]
}

interface LogRecord extends Described {
  readonly timeUnixNano?: string
  readonly observedTimeUnixNano?: string
  readonly severityNumber?: number
  readonly body?: AnyValue
}

interface Span extends Described {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind?: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly events?: readonly (Described & { readonly timeUnixNano: string; readonly name: string })[]
  readonly status?: { readonly code?: number }
}

interface Scope {
  readonly scope?: { readonly name?: string }
  readonly schemaUrl?: string
}

export interface LogsRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: Described
    readonly schemaUrl?: string
    readonly scopeLogs?: readonly (Scope & { readonly logRecords?: readonly LogRecord[] })[]
  }[]
}

export interface TracesRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: Described
    readonly scopeSpans?: readonly (Scope & { readonly spans?: readonly Span[] })[]
  }[]
}

/** What must be a text. */
export function textOf(value: Value | undefined): string {
  if (typeof value !== 'string') throw new Error(`there is no text, but ${typeof value}`)
  return value
}

export function recordsIn({ resourceLogs = [] }: LogsRequest): readonly ReadRecord[] {
  return resourceLogs.flatMap(({ resource, schemaUrl, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, schemaUrl: scopeUrl, logRecords = [] }) =>
      logRecords.map((record) => ({
        resource: readAttributes(resource),
        schemaUrls: [schemaUrl, scopeUrl] as const,
        scope: scope?.name ?? '',
        time: BigInt(record.timeUnixNano ?? 0),
        observedTime: BigInt(record.observedTimeUnixNano ?? 0),
        severity: record.severityNumber ?? 0,
        body: readValue(record.body ?? {}),
        attributes: readAttributes(record),
      })),
    ),
  )
}

export function spansIn({ resourceSpans = [] }: TracesRequest): readonly ReadSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        resource: readAttributes(resource),
        scope: scope?.name ?? '',
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        kind: span.kind ?? 0,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: readAttributes(span),
        events: (span.events ?? []).map((event) => ({
          name: event.name,
          time: BigInt(event.timeUnixNano),
          attributes: readAttributes(event),
        })),
        statusCode: span.status?.code ?? 0,
      })),
    ),
  )
}

function readAttributes(described: Described | undefined): Values {
  return readPairs(described?.attributes)
}

/** A key that stands there twice is a mistake of the sender: no reader says which one counts. */
function readPairs(pairs: readonly KeyValue[] = []): Values {
  const read = new Map<string, Value>()
  for (const { key, value } of pairs) {
    if (read.has(key)) throw new Error(`the attribute ${key} is there twice`)
    read.set(key, readValue(value))
  }
  return Object.fromEntries(read)
}

function readValue(value: AnyValue): Value {
  if (value.stringValue !== undefined) return value.stringValue
  if (value.boolValue !== undefined) return value.boolValue
  if (value.intValue !== undefined) return BigInt(value.intValue)
  if (value.doubleValue !== undefined) return value.doubleValue
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue, 'base64')
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(readValue)
  if (value.kvlistValue !== undefined) return readPairs(value.kvlistValue.values)
  return null
}
