import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { readYaml } from './base/index.ts'
import { DEFAULT_CONFIG, validateConfig } from './config.ts'
import { configSchema, configSchemaText } from './config-schema.ts'

const FIXTURES = new URL('../test/fixtures/', import.meta.url)
const FILES = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
)

const matches = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema())

/** Where a text does not match the schema; nothing when it does. */
function mismatches(text: string): readonly string[] {
  matches(readYaml(text, 'q.yaml').value)
  return (matches.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test.each(FILES)('%s matches the schema', (name) => {
  expect(mismatches(readFileSync(new URL(name, FIXTURES), 'utf8'))).toEqual([])
})

test.each([
  DEFAULT_CONFIG,
  '',
  'tap:\nstacks:\nservices:\nrulekit:\ntags:\n',
  'tap: {ignore_loopback: yes, audit_include_dns: OFF, direction: ""}\n',
  'stacks: {a: , b: {plugins: }}\n',
  'stacks: {a: {plugins: [{type: detect_errors, config: {rules: [{trigger_status_codes: [5XX, 500]}]}}]}}\n',
  'services: {event_stores: [{type: stdout, id: 5}]}\n',
  'stacks: {a: {plugins: [{type: http_capture, config: {object_store: {id: [a, b]}}}, {type: debug}]}}\n' +
    'services: {object_stores: [{type: stdout, id: a}, {type: stdout, id: b}]}\n',
])('what is valid matches the schema: %j', (text) => {
  expect(validateConfig(text, 'q.yaml', {}).valid).toBe(true)
  expect(mismatches(text === '' ? '{}' : text)).toEqual([])
})

test.each([
  'tapp: {}\n',
  'tap: {directon: all}\n',
  'tap: {direction: outward}\n',
  'tap: {ignore_loopback: perhaps}\n',
  'tap: {http: {stak: a}}\n',
  'tap: {filters: {groups: [kubernets]}}\n',
  'tap: {filters: {custom: [{strategy: exact}]}}\n',
  'tap: {filters: {custom: [{exe: a, strategy: exakt}]}}\n',
  'tap: {filters: {custom: [{exe: a, only: [udp]}]}}\n',
  'tap: {endpoints: [{domain: "a b"}]}\n',
  'tap: {endpoints: {}}\n',
  'tags: [{key: a, source: pod, location: b}]\n',
  'tags: [{key: a, source: env}]\n',
  'rulekit: {macros: [{name: a}]}\n',
  'control: {default: deny}\n',
  'services: {event_stores: [{type: stdot}]}\n',
  'services: {event_stores: [{id: a}]}\n',
  'services: {event_stores: [{type: stdout, colour: blue}]}\n',
  'services: {event_stores: [{type: otel, endpont: a}]}\n',
  'services: {event_stores: [{type: otel, protocol: grcp}]}\n',
  'services: {event_stores: [{type: otel, headers: {a: {typ: env, value: B}}}]}\n',
  'services: {object_stores: [{type: s3}]}\n',
  'services: {object_stores: [{type: s3, bucket: a, event_store: {idd: b}}]}\n',
  'stacks: {a: {plugin: []}}\n',
  'stacks: {a: {plugins: [{type: http_captur}]}}\n',
  'stacks: {a: {plugins: [{type: http_capture, config: {level: ful}}]}}\n',
  'stacks: {a: {plugins: [{type: http_capture, config: {rules: [{level: full}]}}]}}\n',
  'stacks: {a: {plugins: [{type: access_logs, config: {formt: json}}]}}\n',
  'stacks: {a: {plugins: [{type: access_logs, confg: {}}]}}\n',
  '[]\n',
])('what is a mistake matches neither: %j', (text) => {
  expect(validateConfig(text, 'q.yaml', {}).valid).toBe(false)
  expect(mismatches(text)).not.toEqual([])
})

test('a mistake is told where it is, and not as many times as there are types', () => {
  expect(mismatches('stacks: {a: {plugins: [{type: http_capture, config: {level: ful}}]}}\n')).toEqual([
    '/stacks/a/plugins/0/config/level must be equal to one of the allowed values',
    '/stacks/a/plugins/0 must match "then" schema',
  ])
})

test('every key has a description', () => {
  const bare: string[] = []
  visit(configSchema(), '')
  expect(bare).toEqual([])

  function visit(part: unknown, path: string): void {
    if (typeof part !== 'object' || part === null) return
    for (const [key, child] of Object.entries(part)) {
      if (key === 'properties') {
        for (const [name, property] of Object.entries(child ?? {})) {
          const isKnown = name === 'type' || (property !== null && 'description' in Object(property))
          if (!isKnown) bare.push(`${path}.${name}`)
        }
      }
      visit(child, key === 'properties' ? path : `${path}.${key}`)
    }
  }
})

test('the text is the schema', () => {
  expect(JSON.parse(configSchemaText())).toEqual(configSchema())
})

const SUBSTITUTES = [
  null,
  true,
  'yes',
  'off',
  5,
  0.5,
  '',
  'x',
  [],
  {},
  ['x'],
  { x: 1 },
  { type: 'env', value: 'A' },
]

test('whatever the reader takes without a word matches the schema', () => {
  const text = readFileSync(new URL('every-key.yaml', FIXTURES), 'utf8')
  const paths = pathsIn(parse(text))
  let accepted = 0
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.constantFrom(...SUBSTITUTES), (path, substitute) => {
      const document = parseDocument(text)
      document.setIn(path, substitute)
      const changed = document.toString()
      if (!validateConfig(changed, 'q.yaml', {}).valid) return
      accepted += 1
      expect(mismatches(changed)).toEqual([])
    }),
    { numRuns: 60 },
  )
  expect(accepted).toBeGreaterThan(0)
})

function pathsIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inside = Array.isArray(value)
    ? value.flatMap((child, index) => pathsIn(child, [...path, index]))
    : Object.entries(value).flatMap(([key, child]) => pathsIn(child, [...path, key]))
  return path.length === 0 ? inside : [path, ...inside]
}
