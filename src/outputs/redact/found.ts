import { Buffer } from 'node:buffer'

/** A stretch of a text or of bytes that is to be replaced. */
export interface Found {
  readonly from: number
  readonly to: number
  readonly replacement: string
}

/** In order and apart: of two that overlap, one stretch that covers both is left, as the longer one says. */
export function apart(founds: readonly Found[]): readonly Found[] {
  if (founds.length < 2) return founds
  const sorted = founds.toSorted((one, other) => one.from - other.from || other.to - one.to)
  const result: Found[] = []
  for (const found of sorted) {
    const last = result.at(-1)
    if (last === undefined || found.from >= last.to) {
      result.push(found)
      continue
    }
    if (found.to <= last.to) continue
    const longer = found.to - found.from > last.to - last.from ? found : last
    result[result.length - 1] = { from: last.from, to: found.to, replacement: longer.replacement }
  }
  return result
}

/** What of them lies between two places, counted from the first. */
export function within(founds: readonly Found[], from: number, to: number): readonly Found[] {
  return founds
    .filter((found) => found.from < to && found.to > from)
    .map((found) => ({
      from: Math.max(found.from, from) - from,
      to: Math.min(found.to, to) - from,
      replacement: found.replacement,
    }))
}

export function shifted(founds: readonly Found[], by: number): readonly Found[] {
  return by === 0
    ? founds
    : founds.map(({ from, to, replacement }) => ({ from: from + by, to: to + by, replacement }))
}

/** `founds` are in order and apart. */
export function replaceInText(text: string, founds: readonly Found[]): string {
  if (founds.length === 0) return text
  let result = ''
  let at = 0
  for (const { from, to, replacement } of founds) {
    result += text.slice(at, from) + replacement
    at = to
  }
  return result + text.slice(at)
}

/** A stretch of bytes, and the text or bytes that come in its place. */
export type FoundBytes = Omit<Found, 'replacement'> & { readonly replacement: string | Uint8Array }

/** `founds` are in order and apart; gives `bytes` itself when there are none. */
export function replaceInBytes(bytes: Uint8Array, founds: readonly FoundBytes[]): Uint8Array {
  if (founds.length === 0) return bytes
  const parts: Uint8Array[] = []
  let at = 0
  for (const { from, to, replacement } of founds) {
    const inPlace = typeof replacement === 'string' ? Buffer.from(replacement, 'utf8') : replacement
    parts.push(bytes.subarray(at, from), inPlace)
    at = to
  }
  parts.push(bytes.subarray(at))
  return Buffer.concat(parts)
}
