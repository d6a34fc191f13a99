import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldsOfRules, RULE_FIELDS, RULE_MACROS, RULES } from '../../test/support/rules.ts'
import { runs } from '../../test/support/run-counts.ts'
import { compileExpression } from './compile.ts'
import type { FieldValue } from './expression.ts'
import { compileMacros, NO_MACROS } from './macros.ts'

type Result = 'passes' | 'fails' | 'neither'

interface Written {
  /** How tightly it ties: 0 or, 1 and, 2 not, 3 alone. */
  readonly ties: number
  readonly text: string
  /** With all parentheses there can be. */
  readonly whole: string
  readonly result: Result
}

const { macros } = compileMacros(RULE_MACROS)

/** Rules of the table that need no parentheses, with what they are known to come to. */
const LEAVES: readonly Written[] = RULES.filter(
  ([text]) => !/\b(and|or|not)\b|&&|\|\||!(?!=)|--|\/\*/i.test(text) && compiles(text),
).map(([text, result]) => ({
  ties: 3,
  text,
  whole: `(${text})`,
  result: typeof result !== 'boolean' ? 'neither' : result ? 'passes' : 'fails',
}))

const blank = fc.constantFrom(' ', '  ', '\n', '\t', ' /* and */ ', ' -- or\n', '\r\n')

const written = fc.letrec<{ rule: Written }>((tie) => ({
  rule: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom(...LEAVES),
    joined('and', 1, fc.constantFrom('and', 'AND', '&&'), tie('rule')),
    joined('or', 0, fc.constantFrom('or', 'Or', '||'), tie('rule')),
    fc.tuple(fc.constantFrom('not', 'NOT', '!'), blank, tie('rule')).map(([word, gap, rule]) => ({
      ties: 2,
      text: `${word}${gap}${inParentheses(rule, 2)}`,
      whole: `(${word} ${rule.whole})`,
      result: opposite(rule.result),
    })),
  ),
})).rule

function joined(
  kind: 'and' | 'or',
  ties: number,
  word: fc.Arbitrary<string>,
  rule: fc.Arbitrary<Written>,
): fc.Arbitrary<Written> {
  return fc
    .tuple(fc.array(rule, { minLength: 2, maxLength: 4 }), word, blank, blank)
    .map(([rules, operator, before, behind]) => ({
      ties,
      text: rules.map((part) => inParentheses(part, ties)).join(`${before}${operator}${behind}`),
      whole: rules.map((part) => part.whole).reduce((left, right) => `(${left} ${operator} ${right})`),
      result: kind === 'and' ? ofAnd(rules) : opposite(ofAnd(rules.map(turned))),
    }))
}

function inParentheses({ ties, text }: Written, needed: number): string {
  return ties < needed ? `(${text})` : text
}

function ofAnd(rules: readonly { readonly result: Result }[]): Result {
  if (rules.some(({ result }) => result === 'fails')) return 'fails'
  return rules.every(({ result }) => result === 'passes') ? 'passes' : 'neither'
}

function turned({ result }: Written): { readonly result: Result } {
  return { result: opposite(result) }
}

function opposite(result: Result): Result {
  return result === 'neither' ? 'neither' : result === 'passes' ? 'fails' : 'passes'
}

test('what is written is what is read, with few parentheses and with all', () => {
  expect(LEAVES.length).toBeGreaterThan(150)
  fc.assert(
    fc.property(written, ({ text, whole, result }) => {
      expect([text, resultOf(text)]).toEqual([text, result])
      expect([whole, resultOf(whole)]).toEqual([whole, result])
    }),
    { numRuns: runs(300) },
  )
})

const address = fc.constantFrom<FieldValue>(
  ...Object.values(RULE_FIELDS).filter((value) => typeof value === 'object' && 'kind' in value),
)
const fieldValue: fc.Arbitrary<FieldValue | undefined> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('GET', '10.1.2.3', '404', '00:1b:44:11:3a:b7', '\ud800'),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  address,
  fc.array(fc.string()),
  fc.array(fc.integer()),
  fc.constant(undefined),
)

test('nothing throws, whatever the text and whatever the fields', () => {
  const pieces = RULES.flatMap(([text]) => text.split(/(?<=\s)/))
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom(...pieces, '(', ')', '[', ']', ',', '"', '/'), { maxLength: 12 })
      .map((parts) => parts.join('')),
    fc.constantFrom(...RULES.map(([text]) => text)),
  )
  fc.assert(
    fc.property(texts, fc.array(fieldValue, { minLength: 1, maxLength: 5 }), (text, values) => {
      const compiled = compileExpression(text, macros)
      if (compiled.kind === 'mistake') {
        const { line, column, text: shown } = compiled.mistake
        expect(line >= 1 && column >= 1 && line <= text.split('\n').length).toBe(true)
        expect(shown).toMatch(/^syntax error at line \d+:\d+:\n/)
        return
      }
      let asked = 0
      const { fieldNames } = compiled.expression
      const fields = (name: string) => {
        expect(fieldNames).toContain(name)
        asked += 1
        return values[asked % values.length]
      }
      compiled.expression.evaluate(fields)
      compiled.expression.passes(fields)
    }),
    { numRuns: runs(1_000) },
  )
})

test('an expression that passes comes to a value, and one that does not evaluate does not pass', () => {
  const texts = fc.constantFrom(...RULES.map(([text]) => text))
  fc.assert(
    fc.property(texts, fc.array(fieldValue, { minLength: 30, maxLength: 30 }), (text, values) => {
      const compiled = compileExpression(text, macros)
      if (compiled.kind === 'mistake') throw new Error(compiled.mistake.text)
      const { expression } = compiled
      const fields = (name: string) => values[expression.fieldNames.indexOf(name)]
      const outcome = expression.evaluate(fields)
      if (expression.passes(fields)) expect(outcome.kind).toBe('value')
      expect(expression.evaluate(fields)).toEqual(outcome)
    }),
    { numRuns: runs(500) },
  )
})

function compiles(text: string): boolean {
  return compileExpression(text, NO_MACROS).kind === 'compiled'
}

function resultOf(text: string): string {
  const compiled = compileExpression(text, macros)
  if (compiled.kind === 'mistake') return compiled.mistake.text
  if (compiled.expression.passes(fieldsOfRules)) return 'passes'
  return compiled.expression.evaluate(fieldsOfRules).kind === 'value' ? 'fails' : 'neither'
}
