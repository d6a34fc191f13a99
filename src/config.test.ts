import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeFinding } from './base/index.ts'
import { type Config, DEFAULT_CONFIG, loadConfig, readConfigText, validateConfig } from './config.ts'
import { PLUGINS, STACKS_NOT_BUILT } from './plugins/index.ts'
import { EVENT_STORES, OBJECT_STORES, SERVICES_NOT_BUILT } from './stores/index.ts'

function fixture(name: string): string {
  return readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url), 'utf8')
}

function load(text: string): { config: Config | undefined; lines: readonly string[] } {
  const loaded = loadConfig(text, 'qtap.yaml', {})
  const findings = [...(loaded.kind === 'refused' ? loaded.errors : []), ...loaded.warnings]
  return {
    config: loaded.kind === 'loaded' ? loaded.config : undefined,
    lines: findings.map(describeFinding),
  }
}

function accepted(text: string): Config {
  const { config, lines } = load(text)
  if (config === undefined) throw new Error(lines.join('\n'))
  return config
}

test('without a file each exchange is one line on the terminal', () => {
  const { config, lines } = load(DEFAULT_CONFIG)
  expect(lines).toEqual([])
  expect(config).toMatchObject({
    tap: {
      direction: 'all',
      ignoreLoopback: false,
      auditIncludeDns: false,
      httpStack: 'basic',
      filters: { groups: ['qpoint'], custom: [] },
    },
    stacks: { basic: [{ type: 'access_logs', config: { mode: 'summary', format: 'console' } }] },
    services: { eventStores: [], objectStores: [] },
  })
})

test.each(['', '# nothing\n', 'tap:\nstacks:\nservices:\nrulekit:\n'])(
  'a file that says nothing means the defaults: %j',
  (text) => {
    expect(accepted(text)).toEqual({
      tap: {
        direction: 'all',
        ignoreLoopback: false,
        auditIncludeDns: false,
        httpStack: undefined,
        filters: { groups: [], custom: [] },
      },
      stacks: {},
      services: { eventStores: [], objectStores: [] },
    })
  },
)

test('the documented example with OTel events and S3 objects loads', () => {
  expect(load(fixture('otel-events-s3-objects.yaml'))).toMatchObject({
    config: {
      tap: {
        direction: 'egress',
        ignoreLoopback: true,
        httpStack: 'default_stack',
        filters: { groups: ['qpoint'] },
      },
      stacks: { default_stack: [{ type: 'http_capture', config: { level: 'summary', format: 'json' } }] },
    },
    lines: [expect.stringMatching(/^qtap\.yaml:\d+:\d+ /)],
  })
})

// When a part of this list is built, the list gets shorter.
test('what is documented but not built is named in one line', () => {
  const text = `services:
  event_stores:
    - {type: stdout}
    - {type: axiom, token: {type: env, value: AXIOM}, id: far}
  object_stores:
    - {type: qpoint, url: "https://example.com"}
    - {type: stdout, event_store: {id: far}}
rulekit: {macros: [{name: a, expr: "true"}]}
stacks:
  main:
    plugins:
      - {type: detect_errors, config: {rules: [{name: x}]}}
      - {type: access_logs}
tap:
  http: {stack: main}
  redis: {stack: main}
  endpoints: [{domain: example.com}]
tags: [{key: a, source: env, location: A}]
control: {default: allow}
`
  const { config, lines } = load(text)
  expect(lines).toEqual([
    'qtap.yaml:4:7 not built yet and ignored: services.event_stores[1] (axiom), ' +
      'services.object_stores[0] (qpoint), rulekit.macros, stacks.main.plugins[0] (detect_errors), ' +
      'tap.redis, tap.endpoints, tags, control',
  ])
  expect(config?.services.objectStores).toMatchObject([
    { type: 'stdout', records: { kind: 'to', eventStore: 'far' } },
  ])
  expect(config?.stacks['main']).toMatchObject([{ type: 'access_logs' }])
})

test('what is built is not listed as not built', () => {
  const built = [PLUGINS, EVENT_STORES, OBJECT_STORES].map((table) =>
    Object.values(table).map(({ type }) => type),
  )
  const [plugins, eventStores, objectStores] = built
  const listed = (path: string) =>
    [...STACKS_NOT_BUILT, ...SERVICES_NOT_BUILT].flatMap((part) =>
      part.path === path ? (part.named ?? []) : [],
    )
  expect(listed('stacks.*.plugins[]').filter((type) => plugins?.includes(type))).toEqual([])
  expect(listed('services.event_stores[]').filter((type) => eventStores?.includes(type))).toEqual([])
  expect(listed('services.object_stores[]').filter((type) => objectStores?.includes(type))).toEqual([])
})

test('an unknown key anywhere is a warning with its place and the nearest known key', () => {
  const { config, lines } = load(`version: 2
servces: {}
services:
  event_stores:
    - type: stdout
      colour: blue
  object_stores:
    - type: stdout
      event_store: {idd: x}
stacks:
  main:
    plugin: []
    plugins:
      - type: access_logs
        confg: {}
        config: {formt: json}
tap:
  http: {stack: main}
  ignoreLoopback: true
  filters: {group: []}
  endpoint: []
`)
  expect(config).toBeDefined()
  expect(lines).toEqual([
    'qtap.yaml:2:1 servces: unknown key, did you mean "services"?',
    'qtap.yaml:6:7 services.event_stores[0].colour: unknown key',
    'qtap.yaml:9:21 services.object_stores[0].event_store.idd: unknown key, did you mean "id"?',
    'qtap.yaml:12:5 stacks.main.plugin: unknown key, did you mean "plugins"?',
    'qtap.yaml:15:9 stacks.main.plugins[0].confg: unknown key, did you mean "config"?',
    'qtap.yaml:16:18 stacks.main.plugins[0].config.formt: unknown key, did you mean "format"?',
    'qtap.yaml:19:3 tap.ignoreLoopback: unknown key, did you mean "ignore_loopback"?',
    'qtap.yaml:20:13 tap.filters.group: unknown key, did you mean "groups"?',
    'qtap.yaml:21:3 tap.endpoint: unknown key, did you mean "endpoints"?',
  ])
})

test('all mistakes of a file are told, each at its place, also behind items that are not built', () => {
  const { config, lines } = load(`services:
  event_stores:
    - type: otel
    - type: stdot
  object_stores:
    - type: stdout
      event_store: {id: nobody}
    - {}
stacks:
  main:
    plugins:
      - type: report_usage
      - type: acess_logs
      - type: access_logs
        config: {mode: sumary, format: xml}
      - type: http_captures
  other: 7
tap:
  direction: outward
  ignore_loopback: perhaps
  filters: {custom: [{strategy: exact}]}
`)
  expect(config).toBeUndefined()
  expect(lines.filter((line) => !line.includes('not built'))).toEqual([
    'qtap.yaml:4:13 services.event_stores[1].type: there is no event store "stdot", did you mean "stdout"?',
    'qtap.yaml:7:25 services.object_stores[0].event_store.id: there is no event store of id "nobody"',
    'qtap.yaml:8:7 services.object_stores[1].type: is missing: expected text',
    'qtap.yaml:13:15 stacks.main.plugins[1].type: ' +
      'there is no plugin "acess_logs", did you mean "access_logs"?',
    'qtap.yaml:15:24 stacks.main.plugins[2].config.mode: ' +
      'expected one of none, summary, details, headers, full, found "sumary", did you mean "summary"?',
    'qtap.yaml:15:40 stacks.main.plugins[2].config.format: expected one of json, console, found "xml"',
    'qtap.yaml:16:15 stacks.main.plugins[3].type: ' +
      'there is no plugin "http_captures", did you mean "http_capture"?',
    'qtap.yaml:17:10 stacks.other: expected a mapping, found a number',
    'qtap.yaml:19:14 tap.direction: ' +
      'expected one of all, egress, egress-external, egress-internal, ingress, found "outward"',
    'qtap.yaml:20:20 tap.ignore_loopback: expected true or false, found text',
    'qtap.yaml:21:22 tap.filters.custom[0].exe: is missing: expected text',
  ])
})

test('a file that is not YAML is refused with the places of its mistakes', () => {
  const { config, lines } = load('tap: [\nstacks: }\n')
  expect(config).toBeUndefined()
  expect(lines[0]).toMatch(/^qtap\.yaml:2:\d+ /)
})

test.each(['just text\n', '- a\n', '7\n'])('a file that is no mapping is refused: %j', (text) => {
  expect(load(text).lines).toEqual([expect.stringMatching(/^qtap\.yaml:1:1 expected a mapping, found /)])
})

test('words that Go reads as booleans are booleans', () => {
  expect(accepted('tap: {ignore_loopback: yes, audit_include_dns: "off"}\n').tap).toMatchObject({
    ignoreLoopback: true,
    auditIncludeDns: false,
  })
})

test('anchors and merge keys work', () => {
  const config = accepted(`shared: &shared {format: json, mode: full}
stacks:
  a: {plugins: [{type: access_logs, config: {<<: *shared, mode: none}}]}
`)
  expect(config.stacks['a']).toMatchObject([{ config: { format: 'json', mode: 'none' } }])
})

test('the level `details` is read as `headers` with a warning', () => {
  const { config, lines } = load('stacks: {a: {plugins: [{type: http_capture, config: {level: details}}]}}\n')
  expect(config?.stacks['a']).toMatchObject([{ config: { level: 'headers' } }])
  expect(lines).toEqual([
    'qtap.yaml:1:61 stacks.a.plugins[0].config.level: `details` is an old name, using `headers` instead',
  ])
})

test.each([
  ['none', undefined],
  ['""', undefined],
  ['main', 'main'],
])('the stack name %s means %s', (written, name) => {
  expect(accepted(`stacks: {main: }\ntap: {http: {stack: ${written}}}\n`).tap.httpStack).toBe(name)
})

test('a stack that does not exist is a warning', () => {
  expect(load('stacks: {main: {plugins: []}}\ntap: {http: {stack: mian}}\n').lines).toEqual([
    'qtap.yaml:2:21 tap.http.stack: there is no stack "mian", did you mean "main"?',
  ])
})

test('stores behind the first get an id by their place among all stores', () => {
  const { services } = accepted(`services:
  event_stores: [{type: stdout}, {type: stdout, id: second}, {type: disabled}]
  object_stores: [{type: stdout, id: 5}, {type: stdout, event_store: {disabled: yes}}]
`)
  expect(services.eventStores.map((store) => store.id)).toEqual([undefined, 'second', 'service-2'])
  expect(services.objectStores.map((store) => [store.id, store.records.kind])).toEqual([
    ['5', 'to'],
    ['service-4', 'nowhere'],
  ])
})

test('validating says what running would say, and refuses keys nobody reads', () => {
  expect(validateConfig('tap: {direction: all}\n', 'a.yaml', {})).toEqual({
    valid: true,
    lines: ['Config is valid.'],
  })
  expect(validateConfig('tap: {directon: all}\n', 'a.yaml', {})).toEqual({
    valid: false,
    lines: ['validating config: a.yaml:1:7 tap.directon: unknown key, did you mean "direction"?'],
  })
  expect(validateConfig('tap: {direction: al}\ntags: [1]\n', 'a.yaml', {})).toEqual({
    valid: false,
    lines: [
      expect.stringMatching(
        /^validating config: a\.yaml:1:18 tap\.direction: expected one of .*, did you mean "all"\?$/,
      ),
      'warning: a.yaml:2:1 not built yet and ignored: tags',
    ],
  })
  expect(validateConfig('tap: [\n', 'a.yaml', {})).toMatchObject({
    valid: false,
    lines: [expect.stringMatching(/^parsing config: a\.yaml:\d+:\d+ /)],
  })
})

test('a file that cannot be read is named', () => {
  expect(() => readConfigText('/nowhere/qtap.yaml')).toThrow(/^reading config file: .*\/nowhere\/qtap\.yaml/)
})

test('the documented example with OTel for everything loads', () => {
  expect(accepted(fixture('otel-for-all.yaml')).stacks).toMatchObject({
    default_stack: [{ type: 'http_capture', config: { level: 'full', format: 'json' } }],
  })
})
