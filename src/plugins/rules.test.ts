import { expect, test } from 'vitest'
import { ERROR_MACRO } from '../../test/support/opened-plugin.ts'
import { sampleCall } from '../../test/support/sample-call.ts'
import { PENDING_CONTAINER } from '../../test/support/sample-container.ts'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { compileMacros } from '../expressions/index.ts'
import { NO_TAG_RULES } from '../outputs/index.ts'
import { LATE } from './rule-fields.ts'
import { compileRules, lateOf, wantsBodiesBy } from './rules.ts'

function compiled(...texts: readonly string[]) {
  const warnings: string[] = []
  const { macros } = compileMacros([ERROR_MACRO])
  const context = { macros, tags: NO_TAG_RULES, warn: (message: string) => warnings.push(message) }
  const rules = texts.map((expr, index) => ({ name: `r${index}`, expr }))
  const stats = { ruleProblems: 0 }
  return { rules: compileRules(rules, 'test', context, stats), warnings, stats }
}

const failed = sampleExchange({ response: { status: 500 } })

test('the first rule that matches wins, and none matches when none does', () => {
  const { rules } = compiled('http.res.status == 404', 'is_error()', 'http.res.status == 500')
  expect(rules.first(failed)?.name).toBe('r1')
  expect(rules.first(sampleExchange())).toBeUndefined()
})

test.each([
  ['http.req.method', true],
  ['http.req.query', true],
  ['http.req.headers.absent', false],
  ['tags', true],
  ['tls.enabled', true],
  ['http.res.status == 200', true],
  ['not (http.req.headers.absent == "x")', false],
  ['http.req.headers.absent == "x" or http.req.method == "GET"', true],
  ['src.ip in 192.0.2.0/24', true],
  ['dst.ip == 203.0.113.5', true],
])('%s matches: %j', (text, matches) => {
  expect(compiled(text).rules.first(sampleExchange()) !== undefined).toBe(matches)
})

test('rules with a mistake or without an expression are left out, each said once', () => {
  const { rules, warnings } = compiled('http.res.status ==', ' ', 'is_error()')
  expect(rules.usable.map(({ name }) => name)).toEqual(['r2'])
  expect(rules.first(failed)?.name).toBe('r2')
  expect(warnings).toHaveLength(2)
  expect(warnings[0]).toMatch(/^rule "r0" of test is left out: 1:\d+: ./)
  expect(warnings[1]).toBe('rule "r1" of test has no expression and is left out')
})

test('a missing field is no problem; any other is counted, and said once without values', () => {
  const { rules, warnings, stats } = compiled(
    'http.req.headers.absent == "x"',
    'in_zone(http.res.status, http.req.host)',
  )
  for (let at = 0; at < 3; at += 1) expect(rules.first(sampleExchange())).toBeUndefined()
  expect(stats.ruleProblems).toBe(3)
  expect(warnings).toEqual([
    expect.stringMatching(/^rule "r1" of test does not match where it cannot be evaluated: arg domain: /),
  ])
  for (const value of ['200', 'api.example.com']) expect(warnings[0]).not.toContain(value)
})

test('what is late is told by the heads', () => {
  const call = sampleExchange({ exchange: { grpc: sampleCall() } })
  expect(lateOf(sampleExchange({ exchange: { protocol: 'http1' } }))).toBe(0)
  expect(lateOf(call)).toBe(LATE.call | LATE.protocol)
  const http1 = { protocol: 'http1' }
  expect(lateOf(sampleExchange({ exchange: http1, response: { status: 101 } }))).toBe(LATE.protocol)
  expect(lateOf(sampleExchange({ exchange: http1, process: { container: PENDING_CONTAINER } }))).toBe(
    LATE.container,
  )
  expect(lateOf(sampleExchange({ exchange: http1, connection: { process: undefined } }))).toBe(LATE.process)
})

test('a rule that may match later hides no rule behind it, one that matches does', () => {
  const { rules } = compiled('src.pod.namespace == "prod"', 'http.req.method == "GET"', 'tags')
  const heads = sampleExchange({ process: { container: PENDING_CONTAINER } })
  const asked: (string | undefined)[] = []
  rules.mayBeFirst(heads, (rule) => {
    asked.push(rule?.name)
    return false
  })
  expect(asked).toEqual(['r0', 'r1'])
  expect(rules.mayBeFirst(heads, (rule) => rule?.name === 'r1')).toBe(true)
  expect(rules.mayBeFirst(heads, (rule) => rule?.name === 'r2')).toBe(false)
  const other = sampleExchange({ request: { method: 'PUT' } })
  expect(rules.mayBeFirst(other, (rule) => rule === undefined)).toBe(true)
})

test('whether bodies are wanted is settled where no rule makes a difference', () => {
  const { rules } = compiled('is_error()')
  expect(wantsBodiesBy(rules, () => 0)).toBe(false)
  expect(wantsBodiesBy(rules, () => 1)).toBe(true)
  const byRule = wantsBodiesBy(rules, (rule) => (rule === undefined ? 0 : 1))
  if (typeof byRule === 'boolean') expect.fail('depends on the exchange')
  expect([byRule(failed), byRule(sampleExchange())]).toEqual([true, false])
})
