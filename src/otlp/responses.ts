import { Buffer } from 'node:buffer'
import { isMapping } from '../base/index.ts'
import { type JsonValue, readMessage } from './message-reader.ts'
import { EXPORT_RESPONSE, RETRY_INFO, STATUS } from './schemas.ts'

/** What a receiver says of a request that it has taken. */
export interface ExportResponse {
  /** Records or spans that it will never take. */
  readonly rejected: number
  /** Why, or a warning where nothing is rejected; empty for none. */
  readonly message: string
}

/** Why a request was not taken: `google.rpc.Status`. */
export interface Status {
  readonly code: number
  readonly message: string
  /** When to try again. Undefined where the receiver does not say that it may recover. */
  readonly retryMs: number | undefined
}

/** `ExportLogsServiceResponse`, `ExportTraceServiceResponse`. Nothing is rejected in what cannot be read. */
export function readExportResponse(bytes: Uint8Array): ExportResponse {
  const { partialSuccess } = readMessage(bytes, EXPORT_RESPONSE)
  return {
    rejected: Math.max(0, numberOf(memberOf(partialSuccess, 'rejected'))),
    message: textOf(memberOf(partialSuccess, 'errorMessage')),
  }
}

export function readStatus(bytes: Uint8Array): Status {
  const { code, message, details } = readMessage(bytes, STATUS)
  const retryInfo = (Array.isArray(details) ? details : []).find((detail: JsonValue) =>
    textOf(memberOf(detail, 'typeUrl')).endsWith('/google.rpc.RetryInfo'),
  )
  return {
    code: numberOf(code),
    message: textOf(message),
    retryMs: retryInfo === undefined ? undefined : retryDelayMs(memberOf(retryInfo, 'value')),
  }
}

/** None is a delay of nothing. */
function retryDelayMs(retryInfo: JsonValue | undefined): number {
  const { retryDelay } = readMessage(Buffer.from(textOf(retryInfo), 'base64'), RETRY_INFO)
  const seconds = numberOf(memberOf(retryDelay, 'seconds'))
  const nanos = numberOf(memberOf(retryDelay, 'nanos'))
  return Math.max(0, Math.ceil(seconds * 1_000 + nanos / 1e6))
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isMapping(value) ? (value[name] as JsonValue | undefined) : undefined
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Numbers of 64 bits are text. */
function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'string' || typeof value === 'number' ? Number(value) : 0
}
