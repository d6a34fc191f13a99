import { z } from 'zod'
import { isMapping } from './mapping.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a schema of text means beyond being text. */
interface Meaning {
  readonly kind: 'value source' | 'endpoint'
}

const MEANINGS = z.registry<Meaning>()

/**
 * A value that need not stand in the file: `{type: env, value: NAME}` or `{type: text, value: …}`, or the
 * text itself. It is resolved while the configuration is read, so that a component receives a plain string.
 */
export const valueSource = z
  .string({
    error: ({ input }) =>
      `${input === undefined ? 'is missing: ' : ''}expected a mapping {type: env or text, value: …}`,
  })
  .register(MEANINGS, { kind: 'value source' })

/** An address in which `{{ NAME }}` stands for a variable of the environment, replaced while it is read. */
export const endpointText = z.string().register(MEANINGS, { kind: 'endpoint' })

/** True for `valueSource` and for whatever was made of it, by `describe` for instance. */
export function isValueSource(schema: z.core.$ZodType): boolean {
  return MEANINGS.get(schema)?.kind === 'value source'
}

/** The same for `endpointText`. */
export function isEndpointText(schema: z.core.$ZodType): boolean {
  return MEANINGS.get(schema)?.kind === 'endpoint'
}

/** What a value source stands for. `unset` names the environment variable that is empty or missing. */
export type Resolved =
  | { readonly kind: 'resolved'; readonly value: string }
  | { readonly kind: 'unset'; readonly variable: string }
  | { readonly kind: 'no_source' }

/**
 * Looks up a value source as it stands in the file, scalars as text. A variable that is not set counts as the
 * empty string.
 */
export function resolveValue(source: unknown, environment: Environment): Resolved {
  if (typeof source === 'string') return { kind: 'resolved', value: source }
  if (!isMapping(source)) return { kind: 'no_source' }
  const { type, value = '' } = source
  if (typeof value !== 'string') return { kind: 'no_source' }
  if (type === 'text') return { kind: 'resolved', value }
  if (type !== 'env') return { kind: 'no_source' }
  const found = environment[value] ?? ''
  return found === '' ? { kind: 'unset', variable: value } : { kind: 'resolved', value: found }
}

/** An address with its variables replaced; names that are not set stay as they are written, and are named. */
export function expandEndpoint(
  text: string,
  environment: Environment,
): { readonly text: string; readonly unset: readonly string[] } {
  const unset: string[] = []
  const expanded = text.replaceAll(/\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}/g, (written, name: string) => {
    const value = Object.hasOwn(environment, name) ? (environment[name] ?? '') : ''
    if (value === '') unset.push(name)
    return value === '' ? written : value
  })
  return { text: expanded, unset }
}
