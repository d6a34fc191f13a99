/**
 * Writes `qtap.schema.json` and `docs/reference/configuration.md` from the declarations by which files of
 * configuration are read. With `--check` it only compares, and exits with 1 when they differ.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  configSchema,
  configSchemaText,
  type JsonSchema,
  propertiesOf,
  shapesOf,
} from '../src/config-schema.ts'

const SCHEMA = new URL('../qtap.schema.json', import.meta.url).pathname
const PAGE = new URL('../docs/reference/configuration.md', import.meta.url).pathname

/** Keys that every store has. */
const SHARED = ['type', 'id', 'event_store']
const NOT_BUILT = 'Not built yet, and ignored.'

const INTRODUCTION = `# Reference of the configuration

This page is generated from the declarations by which the agent reads its file: \`npm run generate\`.
[Configuration](../configuration.md) says how a file is given, checked and read again.
`

/** The page, from the schema. */
export function configurationPage(schema: JsonSchema): string {
  const sections = propertiesOf(schema)
  const services = propertiesOf(sections['services'] ?? {})
  const plugins = itemsOf(propertiesOf(valuesOf(sections['stacks'] ?? {}))['plugins'] ?? {})
  return [
    INTRODUCTION,
    '## File\n',
    table(rowsOf(schema, '', 0)),
    '## `tap`\n',
    table(rowsOf(sections['tap'] ?? {}, '')),
    '## `stacks`\n',
    'A stack is a mapping under its name: `stacks.NAME.plugins` is the list of its plugins.\n',
    table([
      ...rowsOf(valuesOf(sections['stacks'] ?? {}), '', 0),
      ...rowsOf(
        {
          ...plugins,
          properties: { ...propertiesOf(plugins), config: { description: 'Options of the plugin.' } },
        },
        'plugins[].',
      ),
    ]),
    ...variants('Plugin', plugins, (plugin) => propertiesOf(plugin)['config'] ?? {}),
    '## `rulekit`\n',
    table(rowsOf(sections['rulekit'] ?? {}, '')),
    '## `tags`\n',
    table(rowsOf(itemsOf(sections['tags'] ?? {}), '[].')),
    '## `services`\n',
    table(rowsOf(sections['services'] ?? {}, '', 0)),
    ...stores('Event store', 'event_stores', services['event_stores'] ?? {}),
    ...stores('Object store', 'object_stores', services['object_stores'] ?? {}),
    '## `control`\n',
    table(rowsOf(sections['control'] ?? {}, '')),
  ].join('\n')
}

function stores(name: string, key: string, list: JsonSchema): string[] {
  const items = itemsOf(list)
  const shared = Object.entries(propertiesOf(shapesOf(items)[0] ?? {})).filter(([own]) =>
    SHARED.includes(own),
  )
  const whole = { ...items, properties: { ...Object.fromEntries(shared), ...propertiesOf(items) } }
  const ownOf = (variant: JsonSchema) => ({
    ...variant,
    properties: Object.fromEntries(
      Object.entries(propertiesOf(variant)).filter(([own]) => !shared.some(([other]) => own === other)),
    ),
  })
  return [
    `### \`${key}\`\n`,
    'What every entry has:\n',
    table(rowsOf(whole, '[].')),
    ...variants(name, items, ownOf),
  ]
}

/** A table for each type that has keys of its own, and a sentence for the others. */
function variants(kind: string, items: JsonSchema, ownOf: (variant: JsonSchema) => JsonSchema): string[] {
  const all = shapesOf(items).map((one) => ({ ...one, rows: rowsOf(ownOf(one), '') }))
  const bare = all.filter(({ rows }) => rows.length === 0)
  const known = bare.filter(({ description }) => description === undefined)
  const ignored = bare.filter(({ description }) => description !== undefined)
  const list = (some: readonly JsonSchema[]) => some.map(({ title }) => `\`${title}\``).join(', ')
  return [
    ...(known.length === 0 ? [] : [`Without options: ${list(known)}.\n`]),
    ...(ignored.length === 0 ? [] : [`Not built yet, and ignored: ${list(ignored)}.\n`]),
    ...all.flatMap(({ title, description, rows }) => {
      if (rows.length === 0) return []
      const told = description === undefined ? '' : `${description}\n\n`
      return [`### ${kind} \`${title}\`\n\n${told}${table(rows)}`]
    }),
  ]
}

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly description: string
}

/** A row for each key, and for those inside it down to `depth`. */
function rowsOf(schema: JsonSchema, prefix: string, depth = 9): Row[] {
  const required = schema.required ?? []
  return Object.entries(propertiesOf(schema)).flatMap(([key, part]) => {
    const inner = typesOf(part).includes('array') ? itemsOf(part) : part
    const row = {
      key: prefix + key,
      type: typeName(part),
      fallback: fallbackOf(part, required.includes(key)),
      description: part.description ?? '',
    }
    if (depth === 0 || isValueSource(part) || part.description === NOT_BUILT) return [row]
    return [row, ...rowsOf(inner, `${prefix}${key}${inner === part ? '' : '[]'}.`, depth - 1)]
  })
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, type, fallback, description }) =>
    [`\`${key}\``, type, fallback, description].map((cell) => cell.replaceAll('|', '\\|')).join(' | '),
  )
  const head = ['| key | type | default | meaning |', '|---|---|---|---|']
  return [...head, ...lines.map((line) => `| ${line.replaceAll(/ {2,}/g, ' ')} |`), ''].join('\n')
}

function fallbackOf({ default: value }: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required'
  return value === undefined ? '' : `\`${JSON.stringify(value).replace(/^"(.+)"$/, '$1')}\``
}

function typeName(schema: JsonSchema): string {
  if (isValueSource(schema)) return 'value source'
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) {
    const words = schema.enum.filter((word) => word !== '' && word !== null)
    return words.map((word) => `\`${String(word)}\``).join(', ')
  }
  if (schema.anyOf !== undefined) return typeNames(schema.anyOf)
  const types = typesOf(schema)
  if (types.includes('array')) return listName(itemsOf(schema))
  if (types.includes('object')) return mappingName(schema)
  if (types[0] === 'boolean') return '`true`, `false`'
  if (types.includes('string')) return 'text'
  return types.some((type) => type === 'number' || type === 'integer') ? 'number' : 'any'
}

function typeNames(options: readonly JsonSchema[]): string {
  const names = options.filter((option) => option.type !== 'null').map(typeName)
  return [...new Set(names)].join(' or ')
}

function listName(items: JsonSchema): string {
  if (items.enum !== undefined) return `list of ${typeName(items)}`
  return typesOf(items).includes('string') ? 'list of texts' : 'list of mappings'
}

function mappingName(schema: JsonSchema): string {
  const inner = valuesOf(schema)
  return isValueSource(inner) ? 'mapping of value sources' : 'mapping'
}

function isValueSource({ anyOf = [] }: JsonSchema): boolean {
  return anyOf.some((option) => 'value' in propertiesOf(option))
}

function typesOf({ type }: JsonSchema): readonly string[] {
  const types: readonly (string | undefined)[] = Array.isArray(type) ? type : [type]
  return types.filter((one) => one !== undefined)
}

function itemsOf({ items }: JsonSchema): JsonSchema {
  return typeof items === 'object' && !Array.isArray(items) ? items : {}
}

function valuesOf({ additionalProperties }: JsonSchema): JsonSchema {
  return typeof additionalProperties === 'object' ? additionalProperties : {}
}

function main(): void {
  const files = [
    { path: SCHEMA, text: configSchemaText() },
    { path: PAGE, text: configurationPage(configSchema()) },
  ]
  for (const { path, text } of files) {
    if (!process.argv.includes('--check')) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    } else if (readFileSync(path, 'utf8') !== text) {
      process.stderr.write(`${path} is outdated: npm run generate\n`)
      process.exitCode = 1
    }
  }
}

if (import.meta.main) main()
