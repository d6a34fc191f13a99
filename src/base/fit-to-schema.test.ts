import { expect, test } from 'vitest'
import { z } from 'zod'
import { createReview } from './review.ts'
import { endpointText, valueSource } from './value-source.ts'
import { readYaml } from './yaml.ts'

const ENVIRONMENT = { TOKEN: 'from the environment' }

function read<Output>(schema: z.ZodType<Output>, text: string) {
  const review = createReview(readYaml(text, 'f.yaml'), ENVIRONMENT)
  const value = review.read(schema, review.value, [])
  const findings = review.findings().map(({ kind, line, column, path, message, suggestion }) => {
    return [kind, `${line}:${column}`, path, message, ...(suggestion === undefined ? [] : [suggestion])]
  })
  return { value, findings }
}

test.each(['yes', 'Yes', 'on', 'ON', 'y', 'true', '"yes"'])('%s is true where a boolean is meant', (word) => {
  expect(read(z.object({ on: z.boolean().default(false) }), `on: ${word}\n`)).toEqual({
    value: { on: true },
    findings: [],
  })
})

test.each(['no', 'off', 'N', 'false'])('%s is false where a boolean is meant', (word) => {
  expect(read(z.object({ on: z.boolean().optional() }), `on: ${word}\n`).value).toEqual({ on: false })
})

test('boolean words stay text where text is meant', () => {
  expect(read(z.object({ name: z.string() }), 'name: off\n').value).toEqual({ name: 'off' })
})

test('a number or a boolean is taken as it is written where text is meant', () => {
  const schema = z.object({ version: z.string(), names: z.array(z.string()) })
  expect(read(schema, 'version: 1.10\nnames: [0o17, true, x]\n').value).toEqual({
    version: '1.10',
    names: ['0o17', 'true', 'x'],
  })
})

test('an empty value counts as absent', () => {
  const schema = z.object({
    inner: z.object({ n: z.int().default(7) }).prefault({}),
    all: z.record(z.string(), z.object({})),
  })
  expect(read(schema, 'inner:\nall: {a: }\n')).toEqual({
    value: { inner: { n: 7 }, all: { a: {} } },
    findings: [],
  })
})

test('an unknown key is told with its place and the nearest known one, in wrapped schemas too', () => {
  const inner = z
    .strictObject({ bucket: z.string().default('') })
    .refine(() => true)
    .transform((value) => value)
    .readonly()
  const schema = z.object({ list: z.array(z.union([z.literal('none'), inner])).default([]) })
  expect(read(schema, 'list:\n  - none\n  - bucket: a\n    buckett: b\nlists: 1\n')).toEqual({
    value: { list: ['none', { bucket: 'a' }] },
    findings: [
      ['unknown_key', '4:5', 'list[1].buckett', 'unknown key', 'bucket'],
      ['unknown_key', '5:1', 'lists', 'unknown key', 'list'],
    ],
  })
})

test('keys of an open mapping are kept', () => {
  expect(read(z.looseObject({ a: z.boolean() }), 'a: yes\nb: yes\n')).toEqual({
    value: { a: true, b: 'yes' },
    findings: [],
  })
})

test('a key with the name of an inherited property is just unknown', () => {
  expect(read(z.object({}), 'constructor: 1\n__proto__: {a: 1}\n').findings).toMatchObject([
    ['unknown_key', '1:1', 'constructor', 'unknown key'],
    ['unknown_key', '2:1', '__proto__', 'unknown key'],
  ])
})

test('value sources become plain text', () => {
  const schema = z.object({ values: z.array(valueSource.describe('A credential.').optional()) })
  const text = `values:
  - {type: env, value: TOKEN}
  - {type: text, value: 007}
  - plain
  - {type: text}
`
  expect(read(schema, text)).toEqual({
    value: { values: ['from the environment', '007', 'plain', ''] },
    findings: [],
  })
})

test('a variable that is not set gives the empty string and a warning', () => {
  expect(read(z.object({ key: valueSource }), 'key:\n  type: env\n  value: NOWHERE\n')).toEqual({
    value: { key: '' },
    findings: [['advice', '3:10', 'key.value', 'environment variable NOWHERE is empty or not set']],
  })
})

test.each(['{type: file, value: x}', '{value: x}', '[x]', '{type: text, value: [x]}'])(
  '%s is no value source',
  (source) => {
    expect(read(z.object({ key: valueSource }), `key: ${source}\n`)).toEqual({
      value: undefined,
      findings: [['invalid', '1:6', 'key', 'expected a mapping {type: env or text, value: …}']],
    })
  },
)

test.each([
  ['0755', 493],
  ['0o17', 15],
  ['-0x1F', -31],
  ['0b101', 5],
  ['1_000', 1000],
  ['+12', 12],
  ['.5', 0.5],
  ['1e3', 1000],
  ['08', 8],
])('the number %s is read as Go reads it', (written, number) => {
  expect(read(z.object({ n: z.number() }), `n: ${written}\n`)).toEqual({ value: { n: number }, findings: [] })
})

test.each(['"5"', '0xg', '1__', 'ten', '~'])('%s is no number', (written) => {
  const { value } = read(z.object({ n: z.number().default(7) }), `n: ${written}\n`)
  expect(value).toEqual(written === '~' ? { n: 7 } : written === '1__' ? { n: 1 } : undefined)
})

test('variables of an endpoint are replaced; those that are not set stay, and are told', () => {
  const schema = z.object({ at: endpointText.default('here').describe('Where.') })
  expect(read(schema, 'at: "{{ TOKEN }}:{{PORT}}"\n')).toEqual({
    value: { at: 'from the environment:{{PORT}}' },
    findings: [['advice', '1:5', 'at', 'environment variable PORT is empty or not set']],
  })
  expect(read(schema, '{}\n').value).toEqual({ at: 'here' })
  expect(read(schema, 'at: 5\n').value).toEqual({ at: '5' })
})

test('every mistake is told in plain words, at its value', () => {
  const schema = z.object({
    level: z.enum(['none', 'summary', 'full']),
    on: z.boolean(),
    count: z.int().positive(),
    list: z.array(z.string()),
    name: z.string(),
    mixed: z.union([z.object({ a: z.object({ b: z.int() }) }), z.array(z.string())]),
  })
  const text = `level: sumary
on: maybe
count: -1
list: {}
mixed:
  a:
    b: x
`
  expect(read(schema, text)).toEqual({
    value: undefined,
    findings: [
      ['invalid', '1:1', 'name', 'is missing: expected text'],
      ['invalid', '1:8', 'level', 'expected one of none, summary, full, found "sumary"', 'summary'],
      ['invalid', '2:5', 'on', 'expected true or false, found text'],
      ['invalid', '3:8', 'count', 'too small: expected number to be >0'],
      ['invalid', '4:7', 'list', 'expected a list, found a mapping'],
      ['invalid', '7:8', 'mixed.a.b', 'expected a number, found text'],
    ],
  })
})

test('a credential of the wrong shape is not repeated', () => {
  const { findings } = read(z.object({ key: z.int() }), 'key: hunter2\n')
  expect(JSON.stringify(findings)).not.toContain('hunter2')
})
