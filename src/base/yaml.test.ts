import { expect, test } from 'vitest'
import { readYaml } from './yaml.ts'

const TEXT = `base: &base
  level: full
  more: [1, two]
stacks:
  main:
    <<: *base
    name: 0o17
  other: *base
empty:
`

test('a value and its key are found by line and column', () => {
  const file = readYaml(TEXT, 'a.yaml')
  expect(file.value).toMatchObject({
    stacks: { main: { level: 'full', name: 15 }, other: { more: [1, 'two'] } },
  })
  expect(file.valueAt(['base', 'more', 1])).toEqual({ line: 3, column: 13 })
  expect(file.keyAt(['stacks', 'main', 'name'])).toEqual({ line: 7, column: 5 })
})

test('what came by a merge key or an alias is found where it is written', () => {
  const file = readYaml(TEXT, 'a.yaml')
  expect(file.valueAt(['stacks', 'main', 'level'])).toEqual({ line: 2, column: 10 })
  expect(file.valueAt(['stacks', 'other', 'level'])).toEqual({ line: 2, column: 10 })
})

test('what is missing is placed at the key around it', () => {
  const file = readYaml(TEXT, 'a.yaml')
  expect(file.valueAt(['stacks', 'main', 'plugins', 0])).toEqual({ line: 5, column: 3 })
  expect(file.valueAt(['empty'])).toEqual({ line: 9, column: 1 })
})

test('a scalar is given as it is written', () => {
  const file = readYaml('a: 1.0\nb: "yes"\nc: {}\n', 'a.yaml')
  expect([file.textAt(['a']), file.textAt(['b']), file.textAt(['c']), file.textAt(['a', 'x'])]).toEqual([
    '1.0',
    'yes',
    undefined,
    undefined,
  ])
})

test('every syntax mistake is a finding with its place', () => {
  const file = readYaml('a: 1\na: 2\nb: [1\nc: "x\n', 'broken.yaml')
  expect(file.value).toBeUndefined()
  expect(file.errors.length).toBeGreaterThan(1)
  expect(file.errors[0]).toMatchObject({ kind: 'syntax', file: 'broken.yaml', line: 2, column: 1 })
})

test.each([
  ['an unknown alias', 'a: *nowhere\n'],
  ['an alias bomb', bomb()],
])('%s is a finding, not an exception', (_, text) => {
  expect(readYaml(text, 'a.yaml').errors).toMatchObject([{ kind: 'syntax' }])
})

test('only the first of several documents is read, and that is said', () => {
  const file = readYaml('a: 1\n---\na: 2\n', 'a.yaml')
  expect(file.value).toEqual({ a: 1 })
  expect(file.errors).toEqual([])
  expect(file.warnings).toMatchObject([{ message: 'only the first document is read' }])
})

test('an empty file has no value and no mistake', () => {
  expect(readYaml('# nothing\n', 'a.yaml')).toMatchObject({ value: null, errors: [] })
})

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level += 1) {
    const before = Array.from({ length: 10 }, () => `*a${level - 1}`)
    lines.push(`a${level}: &a${level} [${before.join(', ')}]`)
  }
  return `${lines.join('\n')}\n`
}
