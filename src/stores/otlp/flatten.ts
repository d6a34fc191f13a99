import type { AnyValue } from '../../otlp/index.ts'

export type Entry = readonly [key: string, value: AnyValue]

/**
 * Adds what a document holds to `entries`, each value by its path with dots. Values that say nothing are left
 * out: null, empty text, an empty list. Adds `entriesMax` at most; gives how many it left out beyond.
 */
export function flatten(document: object, prefix: string, entries: Entry[], entriesMax: number): number {
  let leftOut = 0
  for (const [name, value] of Object.entries(document)) {
    if (name === '') continue
    const key = prefix + name
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      leftOut += flatten(value, `${key}.`, entries, entriesMax)
      continue
    }
    const given = anyValue(value)
    if (given === undefined) continue
    if (entries.length < entriesMax) entries.push([key, given])
    else leftOut += 1
  }
  return leftOut
}

/** What stands in a list is a scalar: what has parts becomes JSON, since few backends can show it. */
function anyValue(value: unknown): AnyValue | undefined {
  if (!Array.isArray(value)) return scalar(value)
  const list = value.flatMap(
    (one) => (typeof one === 'object' && one !== null ? JSON.stringify(one) : scalar(one)) ?? [],
  )
  return list.length === 0 ? undefined : { list }
}

export function scalar(value: unknown): AnyValue | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'boolean') return value
  if (typeof value !== 'number') return undefined
  if (Number.isSafeInteger(value)) return { int: value }
  return Number.isFinite(value) ? { double: value } : undefined
}
