import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isRuleField, LATE, lateFor, RULE_FIELDS } from './rule-fields.ts'

test.each(['http.res.status', 'res.status', 'exe', 'http.req.headers.x.y', 'src.pod.labels.app', 'tags'])(
  '%s is a field',
  (name) => {
    expect(isRuleField(name)).toBe(true)
  },
)

test.each(['http.res.stauts', 'http.req.headers.', 'http.req', 'src.pod.labels', 'constructor', ''])(
  '%j is none',
  (name) => {
    expect(isRuleField(name)).toBe(false)
  },
)

test('the reference page has a row for each field, and no other', () => {
  const page = readFileSync(new URL('../../docs/reference/rules.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('\n## Fields\n'))
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows).toEqual(
    RULE_FIELDS.map(({ name, type, description }) => `| \`${name}\` | ${type} | ${description} |`),
  )
})

test('each field is listed once, with a sentence', () => {
  const names = RULE_FIELDS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(RULE_FIELDS.filter(({ description }) => !description.endsWith('.'))).toEqual([])
})

test.each([
  ['http.res.status', LATE.call],
  ['res.status', LATE.call],
  ['http.res.headers.grpc-status', LATE.call],
  ['http.res.headers.server', 0],
  ['http.req.method', 0],
  ['src.container.id', LATE.process],
  ['src.container.name', LATE.container | LATE.process],
  ['src.pod.labels.app', LATE.container | LATE.process],
  ['tags', LATE.container | LATE.process | LATE.protocol],
  ['exe', LATE.process],
  ['dst.domain', LATE.process],
  ['dst.ip', 0],
  ['tls.version', 0],
])('%s may change by %i', (name, late) => {
  expect(lateFor(name)).toBe(late)
})
