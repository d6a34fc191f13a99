import { isUtf8 } from 'node:buffer'
import { type AnyValue, encodeLogRecord } from '../../../otlp/index.ts'
import { type Artifact, sidesOf } from '../../../outputs/index.ts'
import { nanosOfMs } from '../../otlp/time.ts'
import { cutToFit } from './cut.ts'

export interface EncodedObject {
  readonly records: readonly Uint8Array[]
  /** True when they do not hold all of the object. */
  readonly cut: boolean
}

interface Part {
  readonly type: string
  readonly data: Uint8Array
  /** Of all of it. */
  readonly sizeBytes: number
  readonly isCut: boolean
}

const INFO = 9
/** More than what says that a record is cut, and what lengths of lengths may grow by. */
const MARK_BYTES = 64

/**
 * The log records of an object: of a transaction two, the request and the response; of anything else one.
 * Together they are no longer than `bytesMax`: of data that is longer, they hold the beginning, and say so.
 */
export function encodeObject(artifact: Artifact, nowMs: number, bytesMax: number): EncodedObject {
  const parts = partsOf(artifact)
  const whole = parts.map((part) => encodePart(artifact, part, nowMs))
  const excess = sum(whole) - bytesMax
  if (excess <= 0) return { records: whole, cut: false }
  const marks = parts.length * MARK_BYTES
  const left = Math.max(0, sum(parts.map(({ data }) => data)) - excess - marks)
  const cuts = cutToFit(
    parts.map(({ data }) => data),
    artifact.contentType,
    left,
  )
  const records = parts.map((part, index) => encodePart(artifact, { ...part, ...cuts[index] }, nowMs))
  return { records, cut: true }
}

function partsOf(artifact: Artifact): readonly Part[] {
  const sides = sidesOf(artifact)
  if (sides === undefined) return [wholePart(artifact.type, artifact.data)]
  return [wholePart('http_request', sides.request), wholePart('http_response', sides.response)]
}

function wholePart(type: string, data: Uint8Array): Part {
  return { type, data, sizeBytes: data.length, isCut: false }
}

function encodePart(artifact: Artifact, { type, data, sizeBytes, isCut }: Part, nowMs: number): Uint8Array {
  const { contentType, digest, summary, connection, endpointId, requestId, atMs } = artifact
  const attributes: [string, AnyValue][] = [
    ['artifact.type', type],
    ['artifact.content_type', contentType],
    ['artifact.digest', digest],
    ['artifact.size_bytes', { int: sizeBytes }],
    ['artifact.data', textOrBytes(data)],
    ['connection.id', connection.id],
    ['connection.endpoint_id', endpointId],
    ['connection.request_id', requestId],
  ]
  if (isCut) attributes.push(['artifact.truncated', true])
  for (const [name, value] of Object.entries(summary)) {
    if (value !== '') attributes.push([`artifact.summary.${name}`, String(value)])
  }
  return encodeLogRecord({
    time: nanosOfMs(atMs),
    observedTime: nanosOfMs(nowMs),
    severity: INFO,
    body: `Artifact: ${type} (${contentType}, ${sizeBytes} bytes)`,
    attributes,
  })
}

/** Text where it is text, which is what backends show; other bytes stay what they are. */
function textOrBytes(data: Uint8Array): AnyValue {
  if (!isUtf8(data)) return { bytes: data }
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0)
}
