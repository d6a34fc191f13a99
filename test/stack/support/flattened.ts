import type { Value } from './otlp-json.ts'

/** The parts of an event's document that tests look at. */
export interface AnyDocument {
  readonly connectionId: string
  readonly endpointId: string
  readonly requestId: string
  readonly type: string
  readonly digest: string
  readonly url: string
  readonly timestamp: string
  readonly summary: { readonly duration_ms?: number; readonly [key: string]: string | number | undefined }
  readonly meta?: { readonly connectionId: string }
  readonly part?: number
  readonly finalized?: true
}

/**
 * What the attribute `event` must be for a document: one level, names joined with dots, nothing that says
 * nothing. What has parts stands in a list as JSON.
 */
export function flattened(document: object): Readonly<Record<string, Value>> {
  const flat: Record<string, Value> = {}
  add('', document)
  return flat

  function add(prefix: string, value: object): void {
    for (const [key, inner] of Object.entries(value)) {
      const name = prefix + key
      if (inner === null || inner === undefined || inner === '') continue
      if (typeof inner === 'object' && !Array.isArray(inner)) add(`${name}.`, inner)
      else flat[name] = readValue(inner)
    }
  }
}

function readValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(readValue)
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}
