import { MessageWriter } from './message-writer.ts'
import type { AnyValue, Attributes, LogRecord, Span, SpanEvent, UnixNanos } from './model.ts'

/*
 * Numbers of fields are those of opentelemetry-proto 1.x: common.proto, logs.proto, trace.proto.
 */

/** Receivers refuse messages in messages beyond 100; a map in a map is three of them. */
const NESTING_MAX = 24
const STATUS_ERROR = 2

/** One for all: encoding waits for nothing, and leaves it empty. */
const writer = new MessageWriter()

/** `LogRecord` of logs.proto. Takes whatever the types allow. */
export function encodeLogRecord(record: LogRecord): Uint8Array {
  writer.fixed64(11, nanos(record.observedTime))
  writeAttributes(6, record.attributes, 0)
  writeValueField(5, record.body, 0)
  writeCount(2, record.severity)
  writer.fixed64(1, nanos(record.time))
  return writer.take()
}

/** `Span` of trace.proto. */
export function encodeSpan(span: Span): Uint8Array {
  if (span.error !== undefined) writeError(span.error)
  writeCount(12, span.droppedEvents)
  for (let index = span.events.length - 1; index >= 0; index -= 1) {
    const event = span.events[index]
    if (event !== undefined) writeEvent(event)
  }
  writeAttributes(9, span.attributes, 0)
  writer.fixed64(8, nanos(span.end))
  writer.fixed64(7, nanos(span.start))
  writeCount(6, span.kind)
  writer.text(5, span.name)
  writer.bytes(2, span.spanId)
  writer.bytes(1, span.traceId)
  return writer.take()
}

/** `Resource` of resource.proto. */
export function encodeResource(attributes: Attributes): Uint8Array {
  writeAttributes(1, attributes, 0)
  return writer.take()
}

/** `InstrumentationScope` of common.proto. */
export function encodeScope(name: string): Uint8Array {
  writer.text(1, name)
  return writer.take()
}

function writeError(message: string): void {
  const before = writer.length
  writer.integer(3, STATUS_ERROR)
  writer.text(2, message)
  writer.closeField(15, before)
}

function writeEvent(event: SpanEvent): void {
  const before = writer.length
  writeAttributes(3, event.attributes, 0)
  writer.text(2, event.name)
  writer.fixed64(1, nanos(event.time))
  writer.closeField(11, before)
}

/** A list of `KeyValue`. */
function writeAttributes(field: number, attributes: Attributes, depth: number): void {
  for (let index = attributes.length - 1; index >= 0; index -= 1) {
    const entry = attributes[index]
    if (entry === undefined) continue
    const before = writer.length
    writeValueField(2, entry[1], depth)
    writer.text(1, entry[0])
    writer.closeField(field, before)
  }
}

function writeValueField(field: number, value: AnyValue, depth: number): void {
  const before = writer.length
  writeValue(value, depth)
  writer.closeField(field, before)
}

/** The one field of an `AnyValue`; none, which stands for null, where values are nested too deep. */
function writeValue(value: AnyValue, depth: number): void {
  if (typeof value === 'string') writer.text(1, value)
  else if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0)
  else if ('int' in value) writeInteger(value.int)
  else if ('double' in value) writer.double(4, value.double)
  else if ('bytes' in value) writer.bytes(7, value.bytes)
  else if (depth < NESTING_MAX) {
    const before = writer.length
    if ('list' in value) {
      writeList(value.list, depth + 1)
      writer.closeField(5, before)
    } else {
      writeAttributes(1, value.map, depth + 1)
      writer.closeField(6, before)
    }
  }
}

/** What is no exact integer is said as the double that it is. */
function writeInteger(value: number): void {
  if (Number.isSafeInteger(value)) writer.integer(3, value)
  else writer.double(4, value)
}

function writeList(values: readonly AnyValue[], depth: number): void {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index]
    if (value !== undefined) writeValueField(1, value, depth)
  }
}

/** Zero is what a missing field stands for. */
function writeCount(field: number, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) writer.integer(field, value)
}

/** Zero, which stands for unknown, where a time has no place in 64 bits. */
function nanos(time: UnixNanos): bigint {
  return BigInt.asUintN(64, time) === time ? time : 0n
}
