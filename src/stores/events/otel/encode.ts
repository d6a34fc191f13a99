import { type AnyValue, encodeLogRecord, type UnixNanos } from '../../../otlp/index.ts'
import type { Event } from '../../../outputs/index.ts'
import { type Entry, flatten, scalar } from '../../otlp/flatten.ts'
import { nanosOfMs, nanosOfText } from '../../otlp/time.ts'
import { flatNames } from './flat-names.ts'
import { SHORTENINGS, type Shortening, shorten, shortenText } from './shorten.ts'

/** Loki takes 128 entries and 64 KiB beside a line; collectors and Loki itself add a few. */
const EVENT_ENTRIES_MAX = 96
const RECORD_BYTES_MAX = 60 << 10

/**
 * Events of a connection bear the time at which it was opened, unless that is longer ago than this: backends
 * refuse what lies far behind the rest, Loki after an hour. Then they bear the time of the event.
 */
const BEHIND_NANOS_MAX = 30n * 60n * 1_000_000_000n
const INFO = 9
const ERROR = 17

export interface EncodedEvent {
  readonly bytes: Uint8Array
  /** True when something had to be left out of it. */
  readonly cut: boolean
}

/** The log record of an event. One that is too large is shortened until it fits, and says so. */
export function encodeEvent(event: Event, nowMs: number): EncodedEvent {
  const { document } = event
  const whole = encode(event, document, nowMs, undefined)
  if (whole.bytes.length <= RECORD_BYTES_MAX) return whole
  let encoded = whole
  for (const shortening of SHORTENINGS) {
    encoded = encode(event, { truncated: true, ...shorten(document, shortening) }, nowMs, shortening)
    if (encoded.bytes.length <= RECORD_BYTES_MAX) break
  }
  return encoded
}

function encode(
  event: Event,
  document: Readonly<Record<string, unknown>>,
  nowMs: number,
  shortening: Shortening | undefined,
): EncodedEvent {
  const { 'connection.id': connectionId, 'process.exe': exe, ...flat } = flatNames(event)
  const entries: Entry[] = []
  add(entries, 'process.exe', exe, shortening)
  const leftOut = flatten(inMap(document), '', entries, EVENT_ENTRIES_MAX)
  if (leftOut > 0) entries.push(['entries_left_out', { int: leftOut }])
  const attributes: Entry[] = [
    ['event.type', event.kind],
    ['event', { map: entries }],
  ]
  add(attributes, 'connection.id', connectionId, shortening)
  for (const [name, value] of Object.entries(flat)) add(attributes, name, value, shortening)
  const bytes = encodeLogRecord({
    time: timeOf(event, nowMs),
    observedTime: nanosOfMs(nowMs),
    severity: event.kind === 'issue' ? ERROR : INFO,
    body: JSON.stringify(document),
    attributes,
  })
  return { bytes, cut: shortening !== undefined || leftOut > 0 }
}

function add(entries: Entry[], name: string, value: unknown, shortening: Shortening | undefined): void {
  const isLong = typeof value === 'string' && shortening !== undefined
  const given: AnyValue | undefined = scalar(isLong ? shortenText(value, shortening.charactersMax) : value)
  if (given !== undefined) entries.push([name, given])
}

/**
 * What goes into the map `event`. A key `type` there is `event.type` to backends that join names, and hides
 * the real one. Tags may be many, so they come last: they are what is left out.
 */
function inMap(document: Readonly<Record<string, unknown>>): object {
  const { type: _type, tags, ...rest } = document
  return { ...rest, tags }
}

function timeOf({ kind, document }: Event, nowMs: number): UnixNanos {
  const now = nanosOfMs(nowMs)
  const time = nanosOfText(document.timestamp) ?? now
  return kind === 'connection' && time < now - BEHIND_NANOS_MAX ? now : time
}
