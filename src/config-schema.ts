import { z } from 'zod'
import { type Component, type Components, isValueSource } from './base/index.ts'
import { TapOptions } from './capture/index.ts'
import { ControlOptions, FileOptions, RulekitOptions, TagOptions } from './config-options.ts'
import { PLUGINS, PLUGINS_NOT_BUILT, PluginOptions, StackOptions } from './plugins/index.ts'
import {
  EVENT_STORES,
  EVENT_STORES_NOT_BUILT,
  OBJECT_STORES,
  OBJECT_STORES_NOT_BUILT,
  ObjectStoreOptions,
  QscanOptions,
  ServicesOptions,
  StoreOptions,
} from './stores/index.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

type Properties = Readonly<Record<string, JsonSchema>>

/** Whatever letter case; `true` and `false` are no text in YAML. */
const BOOLEAN_WORDS = '^([Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo]([Nn]|[Ff][Ff]))$'

/** Stands for `VALUE_SOURCE` until the schema is made. */
const VALUE_SOURCE_MARK = 'valueSource'

const VALUE_SOURCE: JsonSchema = {
  anyOf: [
    { type: ['string', 'number', 'boolean'] },
    {
      type: 'object',
      properties: {
        type: { enum: ['env', 'text'], description: 'A variable of the environment, or the text itself.' },
        value: {
          type: ['string', 'number', 'boolean'],
          description: 'Name of the variable, or the text.',
        },
      },
      required: ['type'],
      additionalProperties: false,
    },
  ],
}

/** The JSON Schema of configuration files (draft 7, which editors know), as `qtap schema` prints it. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), undefined, 2)}\n`
}

/** Made from the very declarations by which the file is read. */
export function configSchema(): JsonSchema {
  const file = schemaOf(FileOptions)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'qtap.yaml',
    description: 'Configuration of qtap.',
    ...file,
    properties: {
      ...file.properties,
      services: section(file, 'services', servicesSchema()),
      rulekit: section(file, 'rulekit', schemaOf(RulekitOptions)),
      stacks: section(file, 'stacks', { type: ['object', 'null'], additionalProperties: stackSchema() }),
      tap: section(file, 'tap', schemaOf(TapOptions)),
      tags: section(file, 'tags', { type: ['array', 'null'], items: schemaOf(TagOptions) }),
      control: section(file, 'control', schemaOf(ControlOptions)),
    },
  }
}

function section(file: JsonSchema, name: string, schema: JsonSchema): JsonSchema {
  const { description } = propertiesOf(file)[name] ?? {}
  return { ...(description === undefined ? {} : { description }), ...schema }
}

function servicesSchema(): JsonSchema {
  const services = schemaOf(ServicesOptions)
  const properties = propertiesOf(services)
  const events = storeSchema(StoreOptions, EVENT_STORES, EVENT_STORES_NOT_BUILT)
  const objects = storeSchema(ObjectStoreOptions, OBJECT_STORES, OBJECT_STORES_NOT_BUILT)
  return {
    ...services,
    properties: {
      ...properties,
      event_stores: { ...properties['event_stores'], items: events },
      object_stores: { ...properties['object_stores'], items: objects },
      qscan: schemaOf(QscanOptions),
    },
  }
}

/** A store's own keys stand beside those that all have. */
function storeSchema(shared: z.ZodType, built: Components, notBuilt: Components): JsonSchema {
  const entry = schemaOf(shared)
  return choiceByType(entry, built, notBuilt, (own) => ({
    properties: { ...propertiesOf(entry), ...propertiesOf(own) },
    required: [...new Set([...(entry.required ?? []), ...(own.required ?? [])])],
    additionalProperties: own.additionalProperties ?? false,
  }))
}

function stackSchema(): JsonSchema {
  const stack = schemaOf(StackOptions)
  const plugin = schemaOf(PluginOptions)
  const properties = propertiesOf(stack)
  const items = choiceByType(plugin, PLUGINS, PLUGINS_NOT_BUILT, (own) => ({
    properties: { ...propertiesOf(plugin), config: { ...propertiesOf(plugin)['config'], ...own } },
    required: (own.required ?? []).length === 0 ? ['type'] : ['type', 'config'],
    additionalProperties: false,
  }))
  return { ...stack, properties: { ...properties, plugins: { ...properties['plugins'], items } } }
}

/** One of several shapes, told apart by the word in `type`. */
function choiceByType(
  entry: JsonSchema,
  built: Components,
  notBuilt: Components,
  shapeOf: (own: JsonSchema) => JsonSchema,
): JsonSchema {
  const all = [...Object.values(built), ...Object.values(notBuilt)]
  return {
    type: 'object',
    properties: {
      type: { ...propertiesOf(entry)['type'], type: 'string', enum: all.map(({ type }) => type) },
    },
    required: ['type'],
    allOf: [
      ...Object.values(built).map((component) => shape(component)),
      ...Object.values(notBuilt).map((component) => shape(component, 'Not built yet, and ignored.')),
    ],
  }

  function shape({ type, options }: Component, description?: string): JsonSchema {
    const told = description === undefined ? {} : { description }
    return Object.fromEntries([
      ['if', { properties: { type: { const: type } }, required: ['type'] }],
      // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema, which nobody awaits
      ['then', { title: type, ...told, ...shapeOf(schemaOf(options)) }],
    ])
  }
}

/** The shapes of a choice, each with its type as title. */
export function shapesOf({ allOf = [] }: JsonSchema): readonly JsonSchema[] {
  return allOf.flatMap(({ then }) => (typeof then === 'object' ? [then] : []))
}

/** What `schema` accepts in a file: with what `fitToSchema` makes fit, and without keys that nobody reads. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isValueSource(zodSchema)) jsonSchema[VALUE_SOURCE_MARK] = true
    },
  })
  return loosened(made)
}

function loosened(schema: JsonSchema): JsonSchema {
  const { type, default: value, [VALUE_SOURCE_MARK]: isSource, ...rest } = schema
  const told = isEmptyDefault(value) || value === undefined ? {} : { default: value }
  if (isSource === true) return { ...rest, ...told, ...VALUE_SOURCE }
  return { ...rest, ...(type && { type }), ...told, ...looseType(schema), ...looseParts(schema) }
}

function looseType({ type, enum: words, properties }: JsonSchema): JsonSchema {
  if (type === 'object') {
    const closed = properties === undefined ? {} : { additionalProperties: false }
    return { type: ['object', 'null'], ...closed }
  }
  if (type === 'array') return { type: ['array', 'null'] }
  if (type === 'boolean') return { type: ['boolean', 'string'], pattern: BOOLEAN_WORDS }
  return type === 'string' && words === undefined ? { type: ['string', 'number', 'boolean'] } : {}
}

function looseParts({ properties, required, items, anyOf, additionalProperties }: JsonSchema): JsonSchema {
  const parts: Record<string, unknown> = {}
  if (properties !== undefined) {
    parts['properties'] = Object.fromEntries(
      Object.entries(propertiesOf({ properties })).map(([key, part]) => [
        key,
        required?.includes(key) ? loosened(part) : orNothing(loosened(part)),
      ]),
    )
  }
  if (typeof items === 'object' && !Array.isArray(items)) parts['items'] = loosened(items)
  if (anyOf !== undefined) parts['anyOf'] = anyOf.map(loosened)
  if (typeof additionalProperties === 'object')
    parts['additionalProperties'] = orNothing(loosened(additionalProperties))
  return parts
}

/** A key without a value counts as absent. */
function orNothing(schema: JsonSchema): JsonSchema {
  const { anyOf, enum: words, type } = schema
  const types = [type ?? []].flat()
  return {
    ...schema,
    ...(anyOf === undefined ? {} : { anyOf: [...anyOf, { type: 'null' }] }),
    ...(words === undefined ? {} : { enum: [...words, null] }),
    ...(types.length === 0 ? {} : { type: [...new Set([...types, 'null' as const])] }),
  }
}

function isEmptyDefault(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

export function propertiesOf(schema: JsonSchema): Properties {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([key, part]) => [
      key,
      typeof part === 'boolean' ? {} : part,
    ]),
  )
}
