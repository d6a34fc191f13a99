import { hash, randomBytes } from 'node:crypto'

export interface TraceIds {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
}

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

/**
 * The ids of a connection's span follow from the connection's own id, so that whoever has one knows the
 * other, and a replay gives the same. A digest, because those who sample by the trace id need it to look
 * random; it is never all zeros, which would be invalid, but with a chance of 2^-64.
 */
export function connectionTraceIds(connectionId: string): TraceIds {
  return cut(hash('sha256', `connection ${connectionId}`, 'buffer'))
}

export function randomTraceIds(): TraceIds {
  return cut(randomBytes(TRACE_ID_BYTES + SPAN_ID_BYTES))
}

function cut(bytes: Uint8Array): TraceIds {
  return {
    traceId: bytes.subarray(0, TRACE_ID_BYTES),
    spanId: bytes.subarray(TRACE_ID_BYTES, TRACE_ID_BYTES + SPAN_ID_BYTES),
  }
}
