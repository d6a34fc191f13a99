import { z } from 'zod'
import { isMapping } from './not-built.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const MARK = z.registry<{ readonly valueSource: true }>()

/**
 * A value that need not stand in the file: `{type: env, value: NAME}` or `{type: text, value: …}`, or the
 * text itself. It is resolved while the configuration is read, so that a component receives a plain string.
 */
export const valueSource = z
  .string({ error: 'expected a mapping {type: env or text, value: …}' })
  .register(MARK, { valueSource: true })

/** True for `valueSource` and for whatever was made of it, by `describe` for instance. */
export function isValueSource(schema: z.core.$ZodType): boolean {
  return MARK.get(schema)?.valueSource === true
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
