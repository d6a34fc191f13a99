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

test.each([
  ['a byte order mark', '\uFEFFa: {b: 1}\n'],
  ['lines that end as on Windows', 'a:\r\n  b: 1\r\n'],
  ['a version that would read `yes` otherwise', '%YAML 1.1\n---\na: {b: 1}\n'],
])('%s does not matter', (_, text) => {
  expect(readYaml(text, 'a.yaml')).toMatchObject({ value: { a: { b: 1 } }, errors: [], warnings: [] })
})

test('words that only older YAML takes for booleans, octal numbers or dates stay as they are', () => {
  const { value } = readYaml('%YAML 1.1\n---\n[yes, off, 2001-01-01, 1:30]\n', 'a.yaml')
  expect(value).toEqual(['yes', 'off', '2001-01-01', '1:30'])
})

test('merge keys: what stands in the mapping wins, then the first of a list', () => {
  const { value } = readYaml(
    'a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\nd:\n  z: 4\n  <<: *b\n',
    'a.yaml',
  )
  expect(value).toMatchObject({ c: { x: 1, y: 3, z: 2 }, d: { x: 2, z: 4 } })
})

test.each([
  ['a key that stands twice', 'a: 1\nb: 2\na: 3\n', 3],
  ['a tab for indentation', 'a:\n\tb: 1\n', 2],
  ['an anchor that contains itself', 'a: &a [*a]\n', 1],
  ['lists in lists without end', '['.repeat(20_000), 1],
  ['mappings in mappings without end', '{a: '.repeat(20_000), 1],
])('%s is a mistake', (_, text, line) => {
  const { value, errors } = readYaml(text, 'a.yaml')
  expect(value).toBeUndefined()
  expect(errors[0]).toMatchObject({ kind: 'syntax', line })
})

const TEXTS = `plain: a == b
single: 'a == b'
double: "a == b"
escaped: "a\\t== b"
block: |
  first
    second
folded: >-
  one line
long: >
  first
  second
list: [x, 'a == b']
`

test.each([
  [['plain'], { line: 1, column: 6 }, { line: 1, column: 13 }],
  [['single'], { line: 1, column: 6 }, { line: 2, column: 15 }],
  [['double'], { line: 1, column: 1 }, { line: 3, column: 10 }],
  [['escaped'], { line: 1, column: 6 }, { line: 4, column: 10 }],
  [['block'], { line: 1, column: 3 }, { line: 6, column: 5 }],
  [['block'], { line: 2, column: 5 }, { line: 7, column: 7 }],
  [['folded'], { line: 1, column: 5 }, { line: 9, column: 7 }],
  [['long'], { line: 1, column: 7 }, { line: 11, column: 3 }],
  [['list', 1], { line: 1, column: 3 }, { line: 13, column: 14 }],
])('inside the text at %j, %j is %j', (path, inside, place) => {
  expect(readYaml(TEXTS, 'a.yaml').placeInText(path, inside)).toEqual(place)
})

test('plain scalars are told from quoted ones', () => {
  const file = readYaml(TEXTS, 'a.yaml')
  expect(['plain', 'single', 'block', 'nowhere'].map((key) => file.isPlain([key]))).toEqual([
    true,
    false,
    false,
    false,
  ])
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
