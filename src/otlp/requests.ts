import { Buffer } from 'node:buffer'
import { encodeResource, encodeScope } from './encode.ts'
import { MessageWriter, varintBytes } from './message-writer.ts'
import type { Origin } from './model.ts'

/** Key and length of one record within a request: records are shorter than 2^28 bytes. */
const RECORD_HEAD_BYTES_MAX = 1 + 4
/** Keys and lengths of the two messages around the records. */
const REQUEST_HEAD_BYTES_MAX = 2 * (1 + 5)

const writer = new MessageWriter()

/** `ExportLogsServiceRequest` of encoded log records. */
export function logsRequest(origin: Origin, records: readonly Uint8Array[]): Uint8Array {
  return request(origin, records)
}

/** `ExportTraceServiceRequest` of encoded spans. */
export function tracesRequest(origin: Origin, spans: readonly Uint8Array[]): Uint8Array {
  return request(origin, spans)
}

/** At most how long a request is with so many records, of so many bytes together. */
export function requestBytes(origin: Origin, count: number, recordBytes: number): number {
  const { scope, resource, schemaUrl } = partsOf(origin)
  const fixed = resource.length + scope.length + schemaUrl.length + REQUEST_HEAD_BYTES_MAX
  return fixed + count * RECORD_HEAD_BYTES_MAX + recordBytes
}

/** Both requests have the same form: only the names of their fields differ. */
function request(origin: Origin, records: readonly Uint8Array[]): Uint8Array {
  const { scope, resource, schemaUrl } = partsOf(origin)
  let scopedBytes = scope.length
  for (const { length } of records) scopedBytes += fieldBytes(length)
  const resourceBytes = resource.length + fieldBytes(scopedBytes) + schemaUrl.length
  const bytes = Buffer.allocUnsafeSlow(fieldBytes(resourceBytes))
  let at = head(bytes, 0, 1, resourceBytes)
  at = append(bytes, at, resource)
  at = head(bytes, at, 2, scopedBytes)
  at = append(bytes, at, scope)
  for (const record of records) at = append(bytes, head(bytes, at, 2, record.length), record)
  append(bytes, at, schemaUrl)
  return bytes
}

/** Fields 1 of the two messages around the records, and the address of the schema, which is field 3. */
function partsOf(origin: Origin) {
  writer.bytes(1, encodeResource(origin.resource))
  const resource = writer.take()
  writer.bytes(1, encodeScope(origin.scope))
  const scope = writer.take()
  if (origin.schemaUrl !== '') writer.text(3, origin.schemaUrl)
  return { resource, scope, schemaUrl: writer.take() }
}

function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length
}

function head(bytes: Uint8Array, from: number, field: number, length: number): number {
  let at = from
  bytes[at++] = (field << 3) | 2
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}

function append(bytes: Uint8Array, at: number, part: Uint8Array): number {
  bytes.set(part, at)
  return at + part.length
}
