import {
  compileExpression,
  compileMacros,
  type Fields,
  type FieldValue,
} from '../../../src/expressions/index.ts'
import { fieldsOfRules, RULE_FIELDS, RULE_MACROS, RULES } from '../../support/rules.ts'
import { Finding } from '../finding.ts'
import { allBytes, type Input, oneChunk } from '../input.ts'
import type { Target } from '../target.ts'

/** A rule of this length takes no longer, to compile or to evaluate; time grows with the length. */
const RULE_CHARACTERS = 1_024
const RULE_MS = 5
const TRIES = 3

const HOSTILE_TEXTS: readonly string[] = [
  'a'.repeat(47),
  `${'a'.repeat(40)}!`,
  'ab'.repeat(20),
  '\ud800\udc00é\0\n',
  '10.1.2.3',
  '00:1b:44:11:3a:b7',
]
const ODD_VALUES: readonly (FieldValue | undefined)[] = [
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  -0,
  2n ** 70n,
  '',
  [],
  [''],
  [Number.NaN],
  undefined,
  false,
  ...Object.values(RULE_FIELDS).filter((value) => typeof value === 'object'),
]

const { macros } = compileMacros(RULE_MACROS)

/** Fields: as rules expect them, all of them hostile texts, of odd types, or none at all. */
const FIELDS: readonly Fields[] = [
  fieldsOfRules,
  (name) => HOSTILE_TEXTS[placeOf(name, HOSTILE_TEXTS.length)],
  (name) => ODD_VALUES[placeOf(name, ODD_VALUES.length)],
  () => undefined,
]

function placeOf(name: string, length: number): number {
  let sum = name.length
  for (let at = 0; at < name.length; at += 1) sum = (sum * 31 + name.charCodeAt(at)) % 65_521
  return sum % length
}

/** What is made at the first use, such as tables of letters, is no rule's time. */
const WARM = ['zone(a)', 'a =~ /(?i)[\\pL\\pN]/', 'a in [/(a?){1000}/]']

/** The text of a rule; the variant says which fields it finds. */
export const expressions: Target = {
  covers: /^src\/(expressions\/|base\/(linear-regex|regex-syntax|character-set)\.ts$)/,
  variants: FIELDS.length,
  plain: true,
  tokens: [
    ' and ',
    ' or ',
    ' not ',
    '!',
    '(',
    ')',
    '[1, "a", 10.0.0.0/8]',
    ' == ',
    ' != ',
    ' in ',
    ' contains ',
    ' =~ ',
    ' >= ',
    'none.a',
    'tags',
    'http.req.path',
    'zone(',
    'is_error()',
    'nothing(1)',
    '/^(a+)+$/',
    '/(a|a)*b/',
    '/(.*)(.*)(.*)(.*)x/',
    '/(a?){40}a{40}/',
    '/(?i)[^\\pL[:alpha:]]{3,}?/',
    '/(?:a{0,30}){30}/',
    '|(x+x+)+y|',
    '{1000}',
    '(?:',
    '\\Q',
    '"\\x',
    '-- ',
    '/*',
    '*/',
    '::ffff:1.2.3.4/120',
    '18446744073709551615',
    '-9223372036854775809',
    '00:11:22:33:44:55',
    '((((((((((',
    'not not not not ',
  ],
  seeds: async () => {
    for (const text of WARM) run(text, 0)
    return RULES.flatMap(([text]) => FIELDS.map((_, variant) => oneChunk(Buffer.from(text), variant)))
  },
  feed: (input) => run(textOf(input), input.variant),
  check,
}

function textOf(input: Input): string {
  return Buffer.from(allBytes(input)).toString('utf8')
}

function run(text: string, variant: number): void {
  const compiled = compileExpression(text, macros)
  if (compiled.kind === 'compiled') compiled.expression.passes(FIELDS[variant] ?? fieldsOfRules)
}

function check(input: Input, traits: Set<string>): void {
  const text = textOf(input)
  const compiled = compileExpression(text, macros)
  if (text.length <= RULE_CHARACTERS) checkTime('compiling', () => compileExpression(text, macros))
  if (compiled.kind === 'mistake') {
    const { line, column, message, text: shown } = compiled.mistake
    const source = text.split('\n')[line - 1]
    if (source === undefined || column < 1 || column > source.length + 1)
      throw new Finding('a mistake without a place', `${line}:${column}: ${message}`)
    if (shown.length > 1_000) throw new Finding('a long mistake', `${shown.length} characters`)
    traits.add(kindOf(message))
    return
  }
  const { expression } = compiled
  const fields = FIELDS[input.variant] ?? fieldsOfRules
  const outcome = expression.evaluate((name) => {
    if (!expression.fieldNames.includes(name)) throw new Finding('a field it did not name', name)
    return fields(name)
  })
  if (expression.passes(fields) && outcome.kind !== 'value') throw new Finding('passes without a value', text)
  traits.add(`${input.variant} ${outcome.kind} ${outcome.kind === 'value' ? typeof outcome.value : ''}`)
  if (text.length <= RULE_CHARACTERS) checkTime('evaluating', () => expression.passes(fields))
}

/** Without what it repeats of the text. */
function kindOf(message: string): string {
  if (message.startsWith('unexpected')) return message.replace(/.*, expected/s, 'expected')
  return message
    .split(' ')
    .filter((word) => /^[a-z]+[,:]?$/.test(word))
    .slice(0, 5)
    .join(' ')
}

/** The least of three: the machine does other things too. */
function checkTime(what: string, act: () => void): void {
  let leastMs = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES && leastMs > RULE_MS; tries += 1) {
    const started = process.threadCpuUsage()
    act()
    const { user, system } = process.threadCpuUsage(started)
    leastMs = Math.min(leastMs, (user + system) / 1_000)
  }
  if (leastMs > RULE_MS) throw new Finding(`slow ${what}`, `${leastMs} ms`)
}
