import { expect, test } from 'vitest'
import { fieldsOfRules, RULE_MACROS, RULES } from '../../test/support/rules.ts'
import { compileExpression } from './compile.ts'
import type { Outcome } from './expression.ts'
import { compileMacros } from './macros.ts'

const { macros, mistakes } = compileMacros(RULE_MACROS)

test('the macros of the table have no mistakes, and there are rules enough', () => {
  expect(mistakes).toEqual([])
  expect(RULES.length).toBeGreaterThan(170)
})

test.for(RULES)('%s', ([text, result]) => {
  const compiled = compileExpression(text, macros)
  if (compiled.kind === 'mistake') throw new Error(compiled.mistake.text)
  const outcome = compiled.expression.evaluate(fieldsOfRules)
  const passes = compiled.expression.passes(fieldsOfRules)
  if (typeof result === 'boolean') {
    expect(outcome.kind).toBe('value')
    expect(passes).toBe(result)
    return
  }
  const expected: Outcome =
    typeof result === 'string' ? { kind: 'problem', message: result } : { kind: 'missing', fields: result }
  expect([outcome, passes]).toEqual([expected, false])
})

test('the value itself is given where it is no comparison', () => {
  const cameTo = (text: string) => {
    const compiled = compileExpression(text, macros)
    return compiled.kind === 'compiled' ? compiled.expression.evaluate(fieldsOfRules) : undefined
  }
  expect(cameTo('http.res.status')).toEqual({ kind: 'value', value: 404 })
  expect(cameTo('zone(http.req.host)')).toEqual({ kind: 'value', value: 'example.co.uk' })
  expect(cameTo('true and zero')).toEqual({ kind: 'value', value: 0 })
  expect(cameTo('no or http.req.method')).toEqual({ kind: 'value', value: 'GET' })
})

test('an expression names its fields, those of its macros included, and the functions nobody knows', () => {
  const compiled = compileExpression('is_eror() or\n  is_error() and a.b in [1] or zonee(c) == a.b', macros)
  if (compiled.kind === 'mistake') throw new Error(compiled.mistake.text)
  expect(compiled.expression.fieldNames).toEqual(['http.res.status', 'a.b', 'c'])
  expect(compiled.expression.unknownFunctions).toEqual([
    { name: 'is_eror', line: 1, column: 1, suggestion: 'is_error' },
    { name: 'zonee', line: 2, column: 32, suggestion: 'zone' },
  ])
})
