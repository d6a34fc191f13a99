import { GRPC_STATUS_NAMES } from '../../exchanges/index.ts'
import { readExportResponse, type Status } from '../../otlp/index.ts'
import type { Outcome } from '../delivery/parcel.ts'
import { DELIVERED } from '../store.ts'
import { quote } from './cause.ts'

/*
 * What an answer means for the batch: https://opentelemetry.io/docs/specs/otlp/#failures
 */

/** An answer, whatever its protocol. */
export interface Answer {
  /** Who answers. */
  readonly endpoint: string
  /** What it says, as it says it; empty for nothing. */
  readonly text: string
  /** What it may be quoting. */
  readonly sent: readonly Uint8Array[]
}

/**
 * The operator has to mend something, a token for instance. Nothing is lost meanwhile, against the letter of
 * the specification, which drops it.
 */
const UNMENDED_MS = 30_000
/** A backend that wants to be left alone for longer is asked all the same. */
const RETRY_MS_MAX = 3_600_000

const GRPC_AGAIN: ReadonlySet<string> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
])
const GRPC_UNMENDED: ReadonlySet<string> = new Set(['PERMISSION_DENIED', 'UNAUTHENTICATED'])
/** How receivers say that a batch is too large for them: they take the parts of it. */
const TOO_LARGE = /too large|larger than max/i
/** Said by the client itself, of a stream that ended without a status: whether it arrived is not known. */
const CUT_OFF =
  /^(Received RST_STREAM with code|Received HTTP status code 200$|Bandwidth exhausted or memory)/

const HTTP_AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])
/** Also redirections: a client of OTLP that follows them would send captured bytes to it knows not whom. */
const HTTP_UNMENDED: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308, 401, 403, 407])

export function grpcVerdict(answer: Answer, code: number, retryMs: Status['retryMs']): Outcome {
  const name = GRPC_STATUS_NAMES[code] ?? `code ${code}`
  if (CUT_OFF.test(answer.text)) {
    return unansweredVerdict(answer.endpoint, 'the call was cut off before an answer came')
  }
  const why = sentence(answer, `answers ${name}`)
  if (GRPC_UNMENDED.has(name)) return { kind: 'again', afterMs: UNMENDED_MS, why }
  if (GRPC_AGAIN.has(name)) return again(why, retryMs)
  const mayRecover = name === 'RESOURCE_EXHAUSTED' && retryMs !== undefined && !TOO_LARGE.test(answer.text)
  return mayRecover ? again(why, retryMs) : { kind: 'refused', why }
}

/** For statuses other than success. */
export function httpVerdict(answer: Answer, status: number, retryMs: number | undefined): Outcome {
  const why = sentence(answer, `answers with HTTP status ${status}`)
  if (HTTP_UNMENDED.has(status))
    return { kind: 'again', afterMs: Math.max(UNMENDED_MS, bounded(retryMs)), why }
  return HTTP_AGAIN.has(status) ? again(why, retryMs) : { kind: 'refused', why }
}

/** A request with so many parcels was taken: all of it, or all but some. */
export function takenVerdict(answer: Omit<Answer, 'text'>, response: Uint8Array, count: number): Outcome {
  const { rejected, message } = readExportResponse(response)
  if (rejected === 0) return DELIVERED
  const refused = Math.min(rejected, count)
  return { kind: 'partly', refused, why: sentence({ ...answer, text: message }, `rejects ${rejected}`) }
}

/** Nobody answered. */
export function unansweredVerdict(endpoint: string, cause: string): Outcome {
  return { kind: 'again', why: `${endpoint}: ${cause}` }
}

/** Of the header `Retry-After`: seconds, or a date of HTTP (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1_000
  const dateMs = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs)
}

function again(why: string, afterMs: number | undefined): Outcome {
  return afterMs === undefined ? { kind: 'again', why } : { kind: 'again', afterMs: bounded(afterMs), why }
}

function bounded(afterMs: number | undefined): number {
  return Math.min(afterMs ?? 0, RETRY_MS_MAX)
}

function sentence({ endpoint, text, sent }: Answer, what: string): string {
  return text === '' ? `${endpoint} ${what}` : `${endpoint} ${what}: ${quote(text, sent)}`
}
