import { expect, test } from 'vitest'
import { loadConfig, validateConfig } from './config.ts'

function load(text: string) {
  const loaded = loadConfig(text, 'q.yaml', {})
  return {
    config: loaded.kind === 'loaded' ? loaded.config : undefined,
    lines: loaded.warnings.map(({ line, column, message, suggestion }) =>
      [`${line}:${column} ${message}`, ...(suggestion === undefined ? [] : [suggestion])].join(' → '),
    ),
  }
}

function withRule(expr: string): string {
  return `rulekit: {macros: [{name: is_error, expr: "http.res.status >= 400"}]}
stacks:
  main:
    plugins:
      - type: access_logs
        config:
          rules:
            - mode: full
              expr: ${expr}
`
}

test('the name of a macro without parentheses is told', () => {
  const text = withRule('is_error and http.req.method == "GET"')
  expect(load(text).lines).toEqual(['9:21 no exchange has a field "is_error" → is_error()'])
})

test('a variable that is not read is told: those of tags and our own are', () => {
  const expr = ['FOO', 'BAR', 'OLD', 'QPOINT_TAGS', 'QPOINT_OTHER'].map(
    (name) => `src.process.env.${name} == "x"`,
  )
  const tags = `tags: [{key: bar, source: env, location: BAR}, {key: foo, source: k8s.label, location: FOO}]
tap: {env_tags: [{env: OLD, key: old}]}
`
  expect(load(withRule(expr.join(' or ')) + tags).lines).toEqual([
    '9:21 no exchange has a field "src.process.env.FOO" unless FOO is named under tags',
    '9:21 no exchange has a field "src.process.env.QPOINT_OTHER" unless QPOINT_OTHER is named under tags',
  ])
})

test.each([
  ['in_zone(http.req.host)', '9:21 function "in_zone" expects 2 arguments, got 1'],
  ['not zone("a", "b") == "c"', '9:25 function "zone" expects 1 arguments, got 2'],
  ['is_error(1)', '9:21 macro "is_error" expects 0 arguments, got 1'],
])('the wrong number of arguments of %j is told, and a mistake when validating', (expr, line) => {
  const { config, lines } = load(withRule(expr))
  expect(lines).toEqual([line])
  expect(config?.stacks['main']).toMatchObject([{ config: { rules: [{ mode: 'full' }] } }])
  expect(validateConfig(withRule(expr), 'q.yaml', {}).valid).toBe(false)
})

test('the end of a text in several lines is where its words end', () => {
  const { lines } = validateConfig(withRule('|\n                http.res.status >= 400 and\n'), 'q.yaml', {})
  expect(lines).toEqual([
    expect.stringMatching(/^validating config: q\.yaml:10:43 .*syntax error: unexpected end, /),
    '    http.res.status >= 400 and',
    '                              ^',
  ])
})

test('of stores with one id the last counts, and that is told', () => {
  const { lines } = load(`services:
  event_stores: [{type: stdout, id: a}, {type: disabled, id: b}, {type: disabled, id: a}]
  object_stores: [{type: stdout, id: a}, {type: stdout, id: 5}, {type: stdout, id: "5"}]
`)
  expect(lines).toEqual([
    '2:87 another event store has the id "a" too: this one replaces it',
    '3:84 another object store has the id "5" too: this one replaces it',
  ])
})

test('a default store that is not built leaves its place to no other', () => {
  const { config } = load(`services:
  event_stores: [{type: axiom, token: {type: text, value: t}}, {type: stdout, id: near}]
  object_stores: [{type: s3, bucket: b, id: far}, {type: stdout, id: near}]
`)
  expect(config?.services.eventStores.map(({ type, id }) => [type, id])).toEqual([
    ['disabled', undefined],
    ['stdout', 'near'],
  ])
  expect(config?.services.objectStores.map(({ type, id }) => [type, id])).toEqual([
    ['disabled', 'far'],
    ['stdout', 'near'],
  ])
})

test('two entries for the same protocol of a domain are told, for two protocols they are not', () => {
  const { lines } = load(`stacks: {a: , b: }
tap:
  endpoints:
    - {domain: example.com, http: {stack: a}}
    - {domain: Example.com., http: {stack: b}}
    - {domain: example.com, grpc: {stack: a}}
    - {domain: "*.example.com", http: {stack: a}}
`)
  expect(lines).toEqual(['5:36 an entry above is for http of example.com too: this one replaces it'])
})

test('a store of no known type is told what there is', () => {
  const { lines } = validateConfig('services: {event_stores: [{type: loki}]}\n', 'q.yaml', {})
  expect(lines).toEqual([
    expect.stringMatching(/: there is no event store "loki", expected one of .*disabled.*otel.*stdout/),
  ])
})

test('a number out of range is told its range', () => {
  const text = 'stacks: {a: {plugins: [{type: http_capture, config: {sample: 150}}]}}\n'
  expect(validateConfig(text, 'q.yaml', {}).lines).toEqual([
    'validating config: q.yaml:1:62 stacks.a.plugins[0].config.sample: expected a number from 0 to 1',
  ])
})

test('what a file holds breaks no line, and moves no terminal', () => {
  const text = `${withRule('"a == \\u001b[31m"').replace('access_logs', '"a\\r\\nb"')}tap: {direction: "b\\u001b[1m"}\n`
  const { lines } = validateConfig(text, 'q.yaml', {})
  expect(lines).not.toEqual([])
  expect(lines.filter((line) => /[\p{Cc}\u2028]/u.test(line))).toEqual([])
})

test.each([
  ['tap: {direction: egress}\n---\nversion: 3\n', '2:1 only the first document is read'],
  ['tap: !x {direction: egress}\n', '1:6 Unresolved tag: !x'],
])('what YAML warns of refuses no file: %j', (text, line) => {
  const { config, lines } = load(text)
  expect(config?.tap.direction).toBe('egress')
  expect(lines).toEqual([line])
  expect(validateConfig(text, 'q.yaml', {}).valid).toBe(true)
})

test('a key that stands twice is named, at its second place', () => {
  const { valid, lines } = validateConfig(
    'tap: {a: 1}\nstacks: {1: , a: , "1": , a: }\ntap: {}\n',
    'q.yaml',
    {},
  )
  expect(valid).toBe(false)
  expect(lines).toEqual([
    'parsing config: q.yaml:2:27 the key "a" stands twice',
    'parsing config: q.yaml:3:1 the key "tap" stands twice',
  ])
})

test('a remark on each of very many keys takes no longer for each', () => {
  const keys = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1\n`).join('')
  const begin = performance.now()
  expect(load(keys).lines).toHaveLength(60_000)
  expect(performance.now() - begin).toBeLessThan(10_000)
})

test('text with a colon and no quotes is told what it needs', () => {
  expect(validateConfig('a:\n  - name: errors: all\n', 'q.yaml', {}).lines).toEqual([
    expect.stringMatching(
      /^parsing config: q\.yaml:2:11 .*: text that holds a colon and a blank needs quotes$/,
    ),
  ])
})
