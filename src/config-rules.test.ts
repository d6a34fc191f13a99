import { expect, test } from 'vitest'
import { describeFinding } from './base/index.ts'
import { loadConfig, validateConfig } from './config.ts'

function load(text: string) {
  const loaded = loadConfig(text, 'q.yaml', {})
  const findings = [...(loaded.kind === 'refused' ? loaded.errors : []), ...loaded.warnings]
  return {
    config: loaded.kind === 'loaded' ? loaded.config : undefined,
    lines: findings.map(describeFinding),
  }
}

/** A file with one rule of `http_capture`; `written` is how its expression stands there. */
function withRule(written: string): string {
  return `rulekit:
  macros: [{name: is_error, expr: http.res.status >= 400}]
stacks:
  main:
    plugins:
      - type: http_capture
        config:
          rules:
            - name: a
              level: full
              expr: ${written}
            - {name: b, level: headers, expr: is_error()}
`
}

test('rules are given to their plugin in order', () => {
  const { config, lines } = load(withRule('http.req.method == "GET" and not is_error()'))
  expect(lines).toEqual([])
  expect(config?.macros).toEqual([{ name: 'is_error', expr: 'http.res.status >= 400' }])
  expect(config?.stacks['main']).toMatchObject([
    {
      config: { rules: [{ name: 'a', expr: 'http.req.method == "GET" and not is_error()' }, { name: 'b' }] },
    },
  ])
})

test('a rule that is no expression is told with its place, and left out', () => {
  const { config, lines } = load(withRule('http.res.status = 500'))
  expect(lines).toEqual([
    'q.yaml:11:37 stacks.main.plugins[0].config.rules[0].expr: ' +
      'syntax error: unexpected = (suggestion: write == to compare)',
  ])
  expect(config?.stacks['main']).toMatchObject([{ config: { rules: [{ name: 'b' }] } }])
})

test('validating shows the expression with a mark, and is an error', () => {
  const { valid, lines } = validateConfig(withRule('"http.res.status = 500"'), 'q.yaml', {})
  expect(valid).toBe(false)
  expect(lines).toEqual([
    'validating config: q.yaml:11:38 stacks.main.plugins[0].config.rules[0].expr: ' +
      'syntax error: unexpected = (suggestion: write == to compare)',
    '    http.res.status = 500',
    '                    ^',
  ])
})

test.each([
  ["'http.res.status = 500'", '11:38'],
  ['|\n                http.res.status == 200\n                  or http.res.status = 500', '13:38'],
  ['>-\n                http.res.status = 500', '12:33'],
])('a mistake in %j is placed at %s', (written, place) => {
  expect(load(withRule(written)).lines).toEqual([expect.stringContaining(`q.yaml:${place} stacks.main.`)])
})

test('an empty rule is told and left out', () => {
  const { config, lines } = load(withRule('""'))
  expect(lines).toEqual([
    'q.yaml:11:21 stacks.main.plugins[0].config.rules[0].expr: is empty: the rule is skipped',
  ])
  expect(config?.stacks['main']).toMatchObject([{ config: { rules: [{ name: 'b' }] } }])
})

test('a call of what does not exist is told; the rule stays, for another part of it may match', () => {
  const text = withRule('is_eror() or starts_wih(http.req.path, "/a")')
  const { config, lines } = load(text)
  expect(lines).toEqual([
    'q.yaml:11:21 stacks.main.plugins[0].config.rules[0].expr: ' +
      'there is no function or macro "is_eror", did you mean "is_error"?',
    'q.yaml:11:34 stacks.main.plugins[0].config.rules[0].expr: ' +
      'there is no function or macro "starts_wih", did you mean "starts_with"?',
  ])
  expect(config?.stacks['main']).toMatchObject([{ config: { rules: [{ name: 'a' }, { name: 'b' }] } }])
  expect(validateConfig(text, 'q.yaml', {}).valid).toBe(false)
})

test('a field that no exchange has is told, and valid', () => {
  const text = withRule('http.res.statu == 1 and request.host == "a" and http.req.headers.x-a == "b"')
  expect(load(text).lines).toEqual([
    'q.yaml:11:21 stacks.main.plugins[0].config.rules[0].expr: ' +
      'no exchange has a field "http.res.statu", did you mean "http.res.status"?',
  ])
  expect(validateConfig(text, 'q.yaml', {})).toMatchObject({
    valid: true,
    lines: [expect.stringMatching(/^warning: /), 'Config is valid.'],
  })
})

test('a broken macro refuses the file, and those who call it are not blamed', () => {
  const { config, lines } = load(`rulekit:
  macros:
    - {name: a, expr: "http.res.status ="}
    - {name: a, expr: "true"}
    - {name: zone, expr: "true"}
    - {name: b, expr: c()}
    - {name: c, expr: b()}
    - {name: d, expr: "nowhere()"}
    - {name: e}
stacks:
  main:
    plugins:
      - {type: access_logs, config: {rules: [{expr: "b() or d()", mode: full}]}}
`)
  expect(config).toBeUndefined()
  expect(lines).toEqual(['q.yaml:9:7 rulekit.macros[6].expr: is missing: expected text'])
})

test('every mistake of macros is told at its place', () => {
  const { config, lines } = load(`rulekit:
  macros:
    - {name: a, expr: "http.res.status ="}
    - {name: a, expr: "true"}
    - {name: zone, expr: "true"}
    - {name: b, expr: c()}
    - {name: c, expr: b()}
    - {name: d, expr: "nowhere()"}
stacks:
  main:
    plugins:
      - {type: access_logs, config: {rules: [{expr: "b() or d()", mode: full}]}}
`)
  expect(config).toBeUndefined()
  expect(lines).toEqual([
    expect.stringMatching(/^q\.yaml:3:\d+ rulekit\.macros\[0\]\.expr: syntax error: /),
    'q.yaml:4:14 rulekit.macros[1].name: macro "a": name must be unique',
    'q.yaml:5:14 rulekit.macros[2].name: macro "zone": name conflicts with a custom function',
    'q.yaml:6:23 rulekit.macros[3].expr: macro "b": calls itself: b → c → b',
    'q.yaml:7:23 rulekit.macros[4].expr: macro "c": calls itself: c → b → c',
    'q.yaml:8:24 rulekit.macros[5].expr: there is no function or macro "nowhere"',
  ])
})

test('the expressions of access control are checked too', () => {
  expect(load('control: {rules: [{name: a, expr: "dst.port = 1", actions: [deny]}]}\n').lines).toEqual([
    'q.yaml:1:1 not built yet and ignored: control',
    expect.stringMatching(/^q\.yaml:1:45 control\.rules\[0\]\.expr: syntax error: unexpected =/),
  ])
})

test('the old level of a rule is told and understood', () => {
  const text = `stacks:
  a: {plugins: [{type: http_capture, config: {rules: [{expr: "true", level: details}]}}]}
`
  const { config, lines } = load(text)
  expect(config?.stacks['a']).toMatchObject([{ config: { rules: [{ level: 'headers' }] } }])
  expect(lines).toEqual([
    'q.yaml:2:77 stacks.a.plugins[0].config.rules[0].level: `details` is an old name, using `headers` instead',
  ])
})
