const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy

/** Milliseconds of a number, of digits alone, or of a duration as Go writes it (`1m30s`, `1.5s`). */
export function readDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined
  if (/^\d+$/.test(value)) return Number(value)
  let sum = 0
  let end = 0
  for (const [part, amount, unit] of value.matchAll(PART)) {
    sum += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0)
    end += part.length
  }
  return end > 0 && end === value.length ? sum : undefined
}

/** As Go writes it: `12ms`, `1.2s`, `1m30s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return ms < 1 && ms > 0 ? `${roundTo(ms * 1000, 3)}µs` : `${roundTo(ms, 6)}ms`
  const hours = Math.floor(ms / 3_600_000)
  const minutes = Math.floor(ms / 60_000) % 60
  const seconds = roundTo((ms % 60_000) / 1000, 9)
  const front = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ''
  return `${front}${seconds}s`
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
