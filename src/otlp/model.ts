/** A value as OTLP has it (opentelemetry-proto, common.proto `AnyValue`). Integers are exact up to 2^53. */
export type AnyValue =
  | string
  | boolean
  | { readonly int: number }
  | { readonly double: number }
  | { readonly bytes: Uint8Array }
  | { readonly list: readonly AnyValue[] }
  | { readonly map: Attributes }

export type Attributes = readonly (readonly [key: string, value: AnyValue])[]

/** Nanoseconds since 1970; more than a number can hold exactly. */
export type UnixNanos = bigint

/** logs.proto `LogRecord`: what this agent uses of it. */
export interface LogRecord {
  readonly time: UnixNanos
  readonly observedTime: UnixNanos
  /** 9 is INFO, 13 WARN, 17 ERROR. */
  readonly severity: number
  readonly body: AnyValue
  readonly attributes: Attributes
}

/** trace.proto `Span`. */
export interface Span {
  /** 16 and 8 bytes. */
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly name: string
  /** 1 is internal, 3 client. */
  readonly kind: number
  readonly start: UnixNanos
  readonly end: UnixNanos
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  /** Events that were left out. */
  readonly droppedEvents: number
  /** Undefined for unset. */
  readonly error: string | undefined
}

export interface SpanEvent {
  readonly time: UnixNanos
  readonly name: string
  readonly attributes: Attributes
}

/** Who sends, and by which part of it. */
export interface Origin {
  readonly resource: Attributes
  readonly scope: string
  /** Empty for none. */
  readonly schemaUrl: string
}
