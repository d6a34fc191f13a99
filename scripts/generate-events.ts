/**
 * Writes `docs/reference/events.md` from the declarations of the events. With `--check` it only compares, and
 * exits with 1 when they differ.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { EVENTS } from '../src/outputs/index.ts'

const TARGET = new URL('../docs/reference/events.md', import.meta.url).pathname

const BEGINNING = `# Events

<!-- Generated from src/outputs/events/ by scripts/generate-events.ts. Do not edit. -->

An event is a small fact about what happened, for an event store.
It is one JSON object.
No event holds a body, and of a credential \`request\` holds only a mask and a digest.
A field that would say nothing is absent, never \`null\`.
Times are RFC 3339 in UTC with up to nine digits behind the second.
An event goes to the first event store, but for \`artifact_record\`, which goes where its object store says.
The events \`pii_entity\` and \`database_request\` are not sent: the agent searches no content for personal \
data, and reads no protocol of a database.

The store \`stdout\` prints each event as a line \`{"level":"info","ts":…,"message":"event store submission",\
"type":…,"item":…}\`, whose \`item\` is the event.`

const END = `## Tags

A connection has these tags, in this order.
A key can have several values, and one value twice.

| key | value |
|---|---|
| \`ip\` | Address of the end whose process the agent watches. |
| \`bin\` | Name of the executable file. |
| \`strategy\` | \`observe\`, or what the program asks for in \`QPOINT_STRATEGY\`. |
| \`host\` | Name of the machine as the process sees it, outside pods. |
| \`pod\`, \`app\` | That name inside a pod, and its part before the first hyphen. |
| \`protocol\` | As \`l7Protocol\`, once it is known. |
| of \`--tags\` | As given at the start of the agent. |
| of \`QPOINT_TAGS\` | As the program asks for, \`key:value,key:value\`, the first 64 of them. |
| of \`tags\` in the configuration | What the process, its container or its pod has at the \`location\`. |

Keys and values are in lower case, hyphens stand for spaces, and what is no letter or digit of ASCII is left \
out at both ends; addresses stay as they are.
A tag of which nothing is left, or of more than 1,024 characters, is not sent.`

/** The whole page. */
export function eventsPage(): string {
  const sections = Object.entries(EVENTS).map(([kind, { about, document, example }]) =>
    [
      `## \`${kind}\``,
      about.replaceAll('. ', '.\n'),
      ['| field | | what it is |', '|---|---|---|', ...rowsOf(document, '').map(tableRow)].join('\n'),
      `\`\`\`json\n${JSON.stringify(example, undefined, 2)}\n\`\`\``,
    ].join('\n\n'),
  )
  return `${[BEGINNING, ...sections, END].join('\n\n')}\n`
}

interface FieldRow {
  readonly name: string
  readonly type: string
  readonly about: string
}

function tableRow({ name, type, about }: FieldRow): string {
  return `| \`${name}\` | ${type} | ${about} |`
}

/** Fields of an object inside follow the one it stands in, their names dotted. */
function rowsOf({ shape }: z.core.$ZodObjectDef | z.ZodObject, before: string): FieldRow[] {
  return Object.entries(shape).flatMap(([key, field]) => {
    const name = before + key
    const { def, about } = unwrap(field)
    const row = { name, type: typeOf(def), about: about ?? '' }
    return def.type === 'object' ? [row, ...rowsOf(def, `${name}.`)] : [row]
  })
}

/** What a field is without the wrappers that say how it may be given. */
function unwrap(schema: z.core.$ZodType): { readonly def: KnownDef; readonly about: string | undefined } {
  const known = schema as z.core.$ZodTypes
  const { description } = schema as z.ZodType
  const { def } = known._zod
  if (!('innerType' in def)) return { def, about: description }
  const inner = unwrap(def.innerType)
  return { def: inner.def, about: description ?? inner.about }
}

type KnownDef = z.core.$ZodTypes['_zod']['def']

/** In the words of somebody who reads JSON. */
function typeOf(def: KnownDef): string {
  if (def.type === 'object') return 'object'
  if (def.type === 'array') return `list of ${typeOf(unwrap(def.element).def)}`
  if (def.type === 'record') return `object of ${typeOf(unwrap(def.valueType).def)}`
  if (def.type === 'union') return def.options.map((option) => typeOf(unwrap(option).def)).join(' or ')
  if (def.type === 'enum') return Object.values(def.entries).map(code).join(', ')
  if (def.type === 'literal') return def.values.map(code).join(', ')
  if (def.type === 'string') return 'format' in def && def.format === 'datetime' ? 'time' : 'text'
  if (def.type === 'number') return 'check' in def ? 'whole number' : 'number'
  throw new Error(`events.md has no word for a field of the kind ${def.type}`)
}

function code(word: unknown): string {
  return word === '' ? 'empty' : `\`${String(word)}\``
}

function main(): void {
  const page = eventsPage()
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(TARGET), { recursive: true })
    writeFileSync(TARGET, page)
  } else if (readPage() !== page) {
    process.stderr.write('docs/reference/events.md is outdated: run npm run generate\n')
    process.exitCode = 1
  }
}

function readPage(): string | undefined {
  try {
    return readFileSync(TARGET, 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) main()
