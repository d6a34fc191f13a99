import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeFinding } from './base/index.ts'
import { SKIP } from './capture/index.ts'
import { type Config, DEFAULT_CONFIG, loadConfig, validateConfig } from './config.ts'
import { PLUGINS, PLUGINS_NOT_BUILT } from './plugins/index.ts'
import {
  EVENT_STORES,
  EVENT_STORES_NOT_BUILT,
  OBJECT_STORES,
  OBJECT_STORES_NOT_BUILT,
} from './stores/index.ts'

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
      stacks: { http: 'basic', grpc: undefined },
      endpoints: [],
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
        stacks: { http: undefined, grpc: undefined },
        endpoints: [],
        filters: { groups: [], custom: [] },
      },
      stacks: {},
      services: { eventStores: [], objectStores: [] },
      macros: [],
      tags: [],
    })
  },
)

const DOCUMENTED = readdirSync(new URL('../test/fixtures/documented', import.meta.url))

test.each(DOCUMENTED)('the documented file %s loads, and is valid', (name) => {
  const text = fixture(`documented/${name}`)
  const { config, lines } = load(text)
  expect(config).toBeDefined()
  expect(lines.filter((line) => !line.includes('not built'))).toEqual([])
  expect(validateConfig(text, name, {})).toMatchObject({ valid: true })
})

test('the documented examples say what they say', () => {
  expect(accepted(fixture('documented/otel-for-all.yaml')).stacks).toMatchObject({
    default_stack: [{ type: 'http_capture', config: { level: 'full', format: 'json' } }],
  })
  expect(accepted(fixture('documented/otel-events-s3-objects.yaml'))).toMatchObject({
    tap: {
      direction: 'egress',
      ignoreLoopback: true,
      stacks: { http: 'default_stack' },
      filters: { groups: ['qpoint'] },
    },
    macros: [{ name: 'is_error', expr: 'http.res.status >= 400 && http.res.status < 600' }],
    stacks: {
      default_stack: [
        {
          type: 'http_capture',
          config: { level: 'summary', format: 'json', rules: [{ expr: 'is_error()', level: 'full' }] },
        },
      ],
    },
  })
})

test('every documented key is known', () => {
  const { config, lines } = load(fixture('every-key.yaml'))
  expect(lines.filter((line) => !line.endsWith('not set'))).toEqual([expect.stringContaining('not built')])
  expect(config?.tap.endpoints).toEqual([
    { domain: 'api.example.com', stacks: { http: 'quiet', grpc: '' } },
    { domain: '*.example.com', stacks: { http: 'main', grpc: undefined } },
  ])
  expect(config?.tap.filters.custom.map(({ skips }) => skips)).toEqual([
    SKIP.all,
    SKIP.data | SKIP.dns | SKIP.tls | SKIP.http,
    SKIP.all,
    SKIP.all,
    SKIP.all,
  ])
  expect(config?.tags).toEqual([
    { key: 'team', source: 'env', location: 'TEAM' },
    { key: 'app', source: 'k8s.label', location: 'app.kubernetes.io/name' },
    { key: 'owner', source: 'k8s.annotation', location: 'example.com/owner' },
    { key: 'service', source: 'container.label', location: 'com.docker.compose.service' },
    { key: 'version', source: 'env', location: 'APP_VERSION' },
  ])
})

// When a part of this list is built, the list gets shorter.
test('what is documented but not built is named in one line', () => {
  const text = `services:
  event_stores:
    - {type: stdout}
    - {type: axiom, token: {type: env, value: AXIOM}, id: far}
  object_stores:
    - {type: qpoint, url: "https://example.com", token: x}
    - {type: stdout, event_store: {id: far}}
stacks:
  main:
    plugins:
      - {type: dlp, config: {rules: [{name: x}]}}
      - {type: access_logs}
tap:
  http: {stack: main}
  redis: {stack: main}
  mysql: {stack: none}
  kafka:
  endpoints: [{domain: example.com, postgres: {stack: main}}]
control: {default: allow}
`
  const { config, lines } = load(text)
  expect(lines).toEqual([
    'qtap.yaml:4:7 not built yet and ignored: services.event_stores[1] (axiom), ' +
      'services.object_stores[0] (qpoint), stacks.main.plugins[0] (dlp), ' +
      'tap.redis, tap.endpoints[0].postgres, control',
  ])
  const { objectStores = [] } = config?.services ?? {}
  expect(objectStores[1]).toMatchObject({ id: 'service-3', records: { kind: 'to', eventStore: 'far' } })
  expect(config?.stacks['main']).toMatchObject([{ type: 'access_logs' }])
})

test('what is not built is checked all the same', () => {
  const { config, lines } = load(`services:
  event_stores:
    - {type: otel, endpont: "a:1", protocol: gprc}
    - {type: otel, endpoint: "{{ NOWHERE }}:4317", headers: {a: {type: env, value: NOWHERE}}}
    - {type: axiom}
  object_stores:
    - {type: s3}
    - {type: s3, bucket: b, access_key: a}
    - {type: otel, tls: {enabled: yes, cert_file: c}}
  qscan: {typ: client}
control:
  default: deny
  rules: [{name: a, expr: "true", actions: [Permit]}]
`)
  expect(config).toBeUndefined()
  expect(lines.filter((line) => !/not built|not set$/.test(line))).toEqual([
    'qtap.yaml:3:46 services.event_stores[0].protocol: unsupported protocol: gprc, ' +
      "supported protocols are 'grpc', 'http', and 'stdout'",
    'qtap.yaml:5:7 services.event_stores[2].token: is missing: expected a mapping {type: env or text, value: …}',
    'qtap.yaml:7:7 services.object_stores[0].bucket: bucket is required',
    'qtap.yaml:8:7 services.object_stores[1]: secret_key is required when access_key is provided',
    'qtap.yaml:9:25 services.object_stores[2].tls: cert_file and key_file need each other',
    'qtap.yaml:12:12 control.default: expected allow, found "deny"',
    'qtap.yaml:13:45 control.rules[0].actions[0]: expected one of allow, deny, found "permit"',
    'qtap.yaml:3:20 services.event_stores[0].endpont: unknown key, did you mean "endpoint"?',
    'qtap.yaml:10:11 services.qscan.typ: unknown key, did you mean "type"?',
  ])
})

test('what is built is not listed as not built', () => {
  const both = (built: object, notBuilt: object) =>
    Object.keys(built).filter((type) => Object.hasOwn(notBuilt, type))
  expect(both(PLUGINS, PLUGINS_NOT_BUILT)).toEqual([])
  expect(both(EVENT_STORES, EVENT_STORES_NOT_BUILT)).toEqual([])
  expect(both(OBJECT_STORES, OBJECT_STORES_NOT_BUILT)).toEqual([])
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
      - type: dlp
      - type: acess_logs
      - type: access_logs
        config: {mode: sumary, format: xml}
      - type: http_captures
  other: 7
tap:
  direction: outward
  ignore_loopback: perhaps
  filters: {custom: [{strategy: exact}]}
  endpoints: [{domain: "a b"}, {}]
tags: [{key: a, source: pod}]
`)
  expect(config).toBeUndefined()
  expect(lines.filter((line) => !line.includes('not built'))).toEqual([
    'qtap.yaml:4:13 services.event_stores[1].type: there is no event store "stdot", did you mean "stdout"?',
    'qtap.yaml:8:7 services.object_stores[1].type: is missing: expected text',
    'qtap.yaml:15:24 stacks.main.plugins[2].config.mode: ' +
      'expected one of none, summary, details, headers, full, found "sumary", did you mean "summary"?',
    'qtap.yaml:15:40 stacks.main.plugins[2].config.format: expected one of json, console, found "xml"',
    'qtap.yaml:17:10 stacks.other: expected a mapping, found a number',
    'qtap.yaml:19:14 tap.direction: ' +
      'expected one of all, egress, egress-external, egress-internal, ingress, found "outward"',
    'qtap.yaml:20:20 tap.ignore_loopback: expected true or false, found text',
    'qtap.yaml:21:22 tap.filters.custom[0].exe: is missing: expected text',
    'qtap.yaml:22:24 tap.endpoints[0].domain: expected a host name such as api.example.com, or *.example.com',
    'qtap.yaml:22:32 tap.endpoints[1].domain: is missing: expected text',
    'qtap.yaml:23:8 tags[0].location: is missing: expected text',
    'qtap.yaml:23:25 tags[0].source: expected one of env, k8s.label, k8s.annotation, container.label, found "pod"',
    'qtap.yaml:7:25 services.object_stores[0].event_store.id: there is no event store of id "nobody"',
    'qtap.yaml:13:15 stacks.main.plugins[1].type: plugin not found: "acess_logs", did you mean "access_logs"?',
    'qtap.yaml:16:15 stacks.main.plugins[3].type: ' +
      'plugin not found: "http_captures", did you mean "http_capture"?',
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
  ['{stack: none}', ''],
  ['{stack: ""}', ''],
  ['{}', ''],
  ['', undefined],
  ['{stack: main}', 'main'],
])('the stack %j means %j', (written, name) => {
  expect(accepted(`stacks: {main: }\ntap:\n  http: ${written}\n`).tap.stacks.http).toBe(name)
})

test('what does not exist is told and left out when running, and an error when validating', () => {
  const text = `services:
  event_stores: [{type: stdout, id: near}]
  object_stores:
    - {type: stdout, id: here, event_store: {id: neer}}
stacks:
  main:
    plugins:
      - {type: http_capture, config: {object_store: {id: her}}}
      - {type: http_capture, config: {object_store: {id: [here, there]}}}
tap:
  http: {stack: mian}
  endpoints: [{domain: A.example.com., grpc: {stack: man}}]
  filters:
    groups: [kubernets, container]
    custom: [{exe: "(", strategy: regex}]
`
  const { config, lines } = load(text)
  const told = [
    'qtap.yaml:4:50 services.object_stores[0].event_store.id: ' +
      'there is no event store of id "neer", did you mean "near"?',
    'qtap.yaml:8:58 stacks.main.plugins[0].config.object_store.id: ' +
      'there is no object store of id "her", did you mean "here"?',
    'qtap.yaml:9:65 stacks.main.plugins[1].config.object_store.id[1]: ' +
      'there is no object store of id "there", did you mean "here"?',
    'qtap.yaml:11:17 tap.http.stack: there is no stack "mian", did you mean "main"?',
    'qtap.yaml:12:54 tap.endpoints[0].grpc.stack: there is no stack "man", did you mean "main"?',
    'qtap.yaml:14:14 tap.filters.groups[0]: there is no group "kubernets", did you mean "kubernetes"?',
    'qtap.yaml:15:20 tap.filters.custom[0].exe: invalid filter; not loading: missing closing )',
  ]
  expect(lines).toEqual(told)
  expect(config?.tap.filters).toEqual({ groups: ['container-runtimes'], custom: [] })
  expect(config?.tap.endpoints[0]?.domain).toBe('a.example.com')
  expect(config?.services.objectStores[0]?.records).toEqual({ kind: 'nowhere' })
  expect(validateConfig(text, 'qtap.yaml', {})).toEqual({
    valid: false,
    lines: told.map((line) => `validating config: ${line}`),
  })
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
  expect(validateConfig('tap: {direction: al}\ncontrol: {default: allow}\n', 'a.yaml', {})).toEqual({
    valid: false,
    lines: [
      expect.stringMatching(
        /^validating config: a\.yaml:1:18 tap\.direction: expected one of .*, did you mean "all"\?$/,
      ),
      'warning: a.yaml:2:1 not built yet and ignored: control',
    ],
  })
  expect(validateConfig('tap: [\n', 'a.yaml', {})).toMatchObject({
    valid: false,
    lines: [expect.stringMatching(/^parsing config: a\.yaml:\d+:\d+ /)],
  })
})
