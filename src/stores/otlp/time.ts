import type { UnixNanos } from '../../otlp/index.ts'

const SECOND = 'yyyy-mm-ddThh:mm:ss'
const NANOS_DIGITS = 9

/** Of RFC 3339 in UTC, all digits of the second's fraction kept; undefined for what is none. */
export function nanosOfText(text: string): UnixNanos | undefined {
  const secondsMs = Date.parse(`${text.slice(0, SECOND.length)}Z`)
  const fraction = /^(?:\.(\d{1,9}))?Z$/.exec(text.slice(SECOND.length))
  if (Number.isNaN(secondsMs) || fraction === null) return undefined
  return BigInt(secondsMs) * 1_000_000n + BigInt((fraction[1] ?? '').padEnd(NANOS_DIGITS, '0'))
}

/** `ms` may have a fraction. */
export function nanosOfMs(ms: number): UnixNanos {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}
