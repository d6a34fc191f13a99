import { z } from 'zod'
import type { Path } from './finding.ts'
import { isMapping } from './mapping.ts'
import {
  type Environment,
  expandEndpoint,
  isEndpointText,
  isValueSource,
  resolveValue,
} from './value-source.ts'

/** What fitting needs to know of the file, and whom it tells what it noticed. */
export interface FitContext {
  readonly environment: Environment
  /** The scalar at `path` as it is written. */
  textAt(path: Path): string | undefined
  /** True for a scalar without quotes, whose type its spelling decides. */
  isPlain(path: Path): boolean
  onUnknownKey(path: Path, known: readonly string[]): void
  onUnsetVariable(path: Path, variable: string): void
}

const GO_WORDS: Readonly<Record<string, boolean>> = {
  y: true,
  yes: true,
  on: true,
  n: false,
  no: false,
  off: false,
}

/**
 * Turns what YAML gave into what a schema means, as a decoder of typed Go structures does, which the format
 * stems from: `yes` and `off` in boolean fields, numbers in text fields, an empty value as if it were absent;
 * then resolves value sources. Keys the schema does not know are told and left out. Does not judge values:
 * parsing with the schema comes after.
 */
export function fitToSchema(
  schema: z.core.$ZodType,
  value: unknown,
  path: Path,
  context: FitContext,
): unknown {
  if (isValueSource(schema)) return fitValueSource(value, path, context)
  if (isEndpointText(schema)) return fitEndpoint(value, path, context)
  // zod's own advice for walking a schema: this union tells its kinds apart by `def.type`.
  const { def } = (schema as z.core.$ZodTypes)._zod
  if ('innerType' in def) return fitToSchema(def.innerType, value, path, context)
  if (def.type === 'pipe') return fitToSchema(isTransform(def.in) ? def.out : def.in, value, path, context)
  if (def.type === 'union') return fitUnion(def.options, value, path, context)
  if (def.type === 'object') return fitObject(def, value, path, context)
  if (def.type === 'record' && isMapping(value)) {
    return mapValues(value, (child, key) => fitToSchema(def.valueType, child, [...path, key], context))
  }
  if (def.type === 'array' && Array.isArray(value)) {
    return value.map((item: unknown, index) => fitToSchema(def.element, item, [...path, index], context))
  }
  if (def.type === 'boolean' && typeof value === 'string') return GO_WORDS[value.toLowerCase()] ?? value
  if (def.type === 'number') return fitNumber(value, path, context)
  if (def.type === 'string') return fitText(value, path, context)
  return value
}

/** A scalar as it is written where text is meant. */
function fitText(value: unknown, path: Path, context: FitContext): unknown {
  if (typeof value !== 'number' && typeof value !== 'boolean') return value
  return context.textAt(path) ?? String(value)
}

/** The notations of Go that YAML 1.2 reads otherwise: `0755`, `0b11`, `1_000`, and signs before `0x`. */
function fitNumber(value: unknown, path: Path, context: FitContext): unknown {
  if ((typeof value !== 'number' && typeof value !== 'string') || !context.isPlain(path)) return value
  const text = (context.textAt(path) ?? '').replaceAll('_', '')
  const [, sign = '', digits = ''] = /^([+-]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+)$/.exec(text) ?? []
  if (digits !== '') {
    const magnitude = Number(digits.replace(/^0[oO]?(?=[0-7])/, '0o'))
    return sign === '-' ? -magnitude : magnitude
  }
  const isDecimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)
  return isDecimal ? Number(text) : value
}

function fitEndpoint(value: unknown, path: Path, context: FitContext): unknown {
  const written = fitText(value, path, context)
  if (typeof written !== 'string') return written
  const { text, unset } = expandEndpoint(written, context.environment)
  for (const variable of unset) context.onUnsetVariable(path, variable)
  return text
}

function fitObject(def: z.core.$ZodObjectDef, value: unknown, path: Path, context: FitContext): unknown {
  if (value === null) return {}
  if (!isMapping(value)) return value
  const known = Object.keys(def.shape)
  const open = def.catchall !== undefined && !isNever(def.catchall)
  const entries: [string, unknown][] = []
  for (const [key, child] of Object.entries(value)) {
    const schema = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined
    if (schema === undefined && !open) context.onUnknownKey([...path, key], known)
    else if (schema === undefined) entries.push([key, child])
    else if (child !== null) entries.push([key, fitToSchema(schema, child, [...path, key], context)])
  }
  return Object.fromEntries(entries)
}

/** The first option that accepts the fitted value decides; when none does, the last. */
function fitUnion(
  options: readonly z.core.$ZodType[],
  value: unknown,
  path: Path,
  context: FitContext,
): unknown {
  const quiet = { ...context, onUnknownKey() {}, onUnsetVariable() {} }
  const chosen =
    options.find((option) => z.safeParse(option, fitToSchema(option, value, path, quiet)).success) ??
    options.at(-1)
  return chosen === undefined ? value : fitToSchema(chosen, value, path, context)
}

function fitValueSource(value: unknown, path: Path, context: FitContext): unknown {
  const source = isMapping(value)
    ? { ...value, value: isScalarValue(value['value']) ? context.textAt([...path, 'value']) : value['value'] }
    : (context.textAt(path) ?? value)
  const resolved = resolveValue(source, context.environment)
  if (isMapping(value)) {
    for (const key of Object.keys(value)) {
      if (key !== 'type' && key !== 'value') context.onUnknownKey([...path, key], ['type', 'value'])
    }
  }
  if (resolved.kind === 'unset') context.onUnsetVariable([...path, 'value'], resolved.variable)
  if (resolved.kind === 'no_source') return value
  return resolved.kind === 'resolved' ? resolved.value : ''
}

function mapValues(value: object, change: (child: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, change(child, key)]))
}

function isScalarValue(value: unknown): boolean {
  return value !== null && typeof value !== 'object'
}

function isTransform(schema: z.core.$ZodType): boolean {
  return schema._zod.def.type === 'transform'
}

function isNever(schema: z.core.$ZodType): boolean {
  return schema._zod.def.type === 'never'
}
