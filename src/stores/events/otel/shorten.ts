export interface Shortening {
  /** Of each text. */
  readonly charactersMax: number
  readonly listMax: number
  /** Of the mappings within the document; its own keys all stay. */
  readonly entriesMax: number
}

/** One harder than the other: a document of any size fits after the last. */
export const SHORTENINGS: readonly Shortening[] = [
  { charactersMax: 8192, listMax: 64, entriesMax: 96 },
  { charactersMax: 2048, listMax: 32, entriesMax: 64 },
  { charactersMax: 512, listMax: 8, entriesMax: 48 },
  { charactersMax: 64, listMax: 2, entriesMax: 24 },
]

/** A longer name of a value is no name of ours. */
const NAME_CHARACTERS_MAX = 128

/** The document with less in it. */
export function shorten(document: object, shortening: Shortening): object {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, shortenValue(value, shortening)]),
  )
}

export function shortenText(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : text.slice(0, charactersMax).toWellFormed()
}

function shortenValue(value: unknown, shortening: Shortening): unknown {
  if (typeof value === 'string') return shortenText(value, shortening.charactersMax)
  if (Array.isArray(value)) {
    return value.slice(0, shortening.listMax).map((one: unknown) => shortenValue(one, shortening))
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name.length <= NAME_CHARACTERS_MAX)
  return shorten(Object.fromEntries(kept.slice(0, shortening.entriesMax)), shortening)
}
