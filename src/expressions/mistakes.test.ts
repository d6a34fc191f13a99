import { expect, test } from 'vitest'
import { compileExpression } from './compile.ts'
import type { MacroDefinition } from './expression.ts'
import { compileMacros, NO_MACROS } from './macros.ts'

const MISTAKES: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ['', ['syntax error at line 1:1:', '', '^', 'expected an expression']],
  ['-- nothing', ['syntax error at line 1:1:', '-- nothing', '^', 'expected an expression']],
  ['a = 1', ['syntax error at line 1:3:', 'a = 1', '  ^', 'unexpected =', 'suggestion: write == to compare']],
  [
    'a & b',
    ['syntax error at line 1:3:', 'a & b', '  ^', 'unexpected &', 'suggestion: write && or the word and'],
  ],
  [
    'a | b',
    ['syntax error at line 1:3:', 'a | b', '  ^', 'unexpected |', 'suggestion: write || or the word or'],
  ],
  [
    'a\n  and b not in [1, 2]',
    [
      'syntax error at line 2:9:',
      '  and b not in [1, 2]',
      '        ^',
      'not stands in front of what it negates',
      'suggestion: not (b in [1, 2])',
    ],
  ],
  [
    'a NOT Contains "x y"',
    [
      'syntax error at line 1:3:',
      'a NOT Contains "x y"',
      '  ^',
      'not stands in front of what it negates',
      'suggestion: not (a Contains "x y")',
    ],
  ],
  ['a not', ['syntax error at line 1:3:', 'a not', '  ^', 'not stands in front of what it negates']],
  [
    'a == "abc\nb',
    [
      'syntax error at line 1:6:',
      'a == "abc',
      '     ^',
      'the string has no end on its line',
      'suggestion: end it with "',
    ],
  ],
  [
    "a == 'abc",
    [
      'syntax error at line 1:6:',
      "a == 'abc",
      '     ^',
      'the string has no end on its line',
      "suggestion: end it with '",
    ],
  ],
  [
    'a /* b',
    ['syntax error at line 1:3:', 'a /* b', '  ^', 'the comment has no end', 'suggestion: end it with */'],
  ],
  [
    '\ta =~ /b',
    [
      'syntax error at line 1:7:',
      '\ta =~ /b',
      '\t     ^',
      'the regular expression has no end on its line',
      'suggestion: end it with /',
    ],
  ],
  [
    'a =~ /(?=b)/',
    [
      'syntax error at line 1:6:',
      'a =~ /(?=b)/',
      '     ^',
      'invalid regular expression: invalid or unsupported Perl syntax: (?=',
    ],
  ],
  [
    'a matches "b/c"',
    [
      'syntax error at line 1:11:',
      'a matches "b/c"',
      '          ^',
      'expected a regular expression',
      'suggestion: matches /b\\/c/',
    ],
  ],
  [
    'status >= "400"',
    [
      'syntax error at line 1:11:',
      'status >= "400"',
      '          ^',
      '>= compares only numbers and fields',
      'suggestion: write 400 without quotes',
    ],
  ],
  [
    '"x" < f',
    [
      'syntax error at line 1:1:',
      '"x" < f',
      '^',
      '< compares only numbers and fields',
      'suggestion: compare other values by == or !=',
    ],
  ],
  [
    'zone(a) gt 1',
    [
      'syntax error at line 1:1:',
      'zone(a) gt 1',
      '^',
      '> compares only numbers and fields',
      'suggestion: compare other values by == or !=',
    ],
  ],
  [
    'a in 10.0.0.1',
    [
      'syntax error at line 1:6:',
      'a in 10.0.0.1',
      '     ^',
      'expected an array or a network',
      'suggestion: in [10.0.0.1]',
    ],
  ],
  [
    'a in b',
    [
      'syntax error at line 1:6:',
      'a in b',
      '     ^',
      'expected an array or a network',
      'suggestion: contains, or == b',
    ],
  ],
  [
    'a in []',
    [
      'syntax error at line 1:7:',
      'a in []',
      '      ^',
      'unexpected ], expected a value: an array holds values only',
    ],
  ],
  [
    'a in [1,]',
    [
      'syntax error at line 1:9:',
      'a in [1,]',
      '        ^',
      'unexpected ], expected a value: an array holds values only',
    ],
  ],
  [
    'a in [b]',
    [
      'syntax error at line 1:7:',
      'a in [b]',
      '      ^',
      'unexpected b, expected a value: an array holds values only',
    ],
  ],
  [
    '/a/ == b',
    [
      'syntax error at line 1:1:',
      '/a/ == b',
      '^',
      'a regular expression stands on the right of what it is compared with',
      'suggestion: exchange the sides',
    ],
  ],
  ['(a', ['syntax error at line 1:3:', '(a', '  ^', 'unexpected end, expected and, or, or )']],
  ['a)', ['syntax error at line 1:2:', 'a)', ' ^', 'unexpected ), expected and, or, or the end']],
  [
    'a adn b',
    [
      'syntax error at line 1:3:',
      'a adn b',
      '  ^',
      'unexpected adn, expected and, or, or the end',
      'suggestion: and',
    ],
  ],
  [
    'a == 1 == 2',
    ['syntax error at line 1:8:', 'a == 1 == 2', '       ^', 'unexpected ==, expected and, or, or the end'],
  ],
  [
    'a ==',
    ['syntax error at line 1:5:', 'a ==', '    ^', 'unexpected end, expected a field, a value or a function'],
  ],
  [
    'and a',
    ['syntax error at line 1:1:', 'and a', '^', 'unexpected and, expected a field, a value or a function'],
  ],
  [
    'starts_with(a)',
    ['syntax error at line 1:1:', 'starts_with(a)', '^', 'function "starts_with" expects 2 arguments, got 1'],
  ],
  [
    'starts-with(a, "b")',
    [
      'syntax error at line 1:1:',
      'starts-with(a, "b")',
      '^',
      '"starts-with" is no name of a function',
      'suggestion: starts_with(…)',
    ],
  ],
  [
    'a == 089',
    [
      'syntax error at line 1:6:',
      'a == 089',
      '     ^',
      'invalid number 089: a leading 0 means octal',
      'suggestion: 89',
    ],
  ],
  [
    'a == 18446744073709551616',
    [
      'syntax error at line 1:6:',
      'a == 18446744073709551616',
      '     ^',
      'the number 18446744073709551616 has more than 64 bits',
    ],
  ],
  [
    'a == 10.0.0.256',
    ['syntax error at line 1:6:', 'a == 10.0.0.256', '     ^', '10.0.0.256 is no number, address or network'],
  ],
  [
    'a in 10.0.0.0/33',
    [
      'syntax error at line 1:6:',
      'a in 10.0.0.0/33',
      '     ^',
      '10.0.0.0/33 is no number, address or network',
    ],
  ],
  [
    'a == "b\\d"',
    [
      'syntax error at line 1:8:',
      'a == "b\\d"',
      '       ^',
      'invalid escape \\d',
      'suggestion: write \\\\d for a backslash',
    ],
  ],
  ['a == €', ['syntax error at line 1:6:', 'a == €', '     ^', 'unexpected U+20AC']],
  ['a ; b', ['syntax error at line 1:3:', 'a ; b', '  ^', 'unexpected ;']],
]

test.for(MISTAKES)('%j', ([text, lines]) => {
  const compiled = compileExpression(text, NO_MACROS)
  expect(compiled.kind === 'mistake' && compiled.mistake.text.split('\n')).toEqual(lines)
})

test('a mistake tells its place and its parts', () => {
  expect(compileExpression('a and\n b = 1', NO_MACROS)).toEqual({
    kind: 'mistake',
    mistake: {
      line: 2,
      column: 4,
      message: 'unexpected =',
      suggestion: 'write == to compare',
      text: 'syntax error at line 2:4:\n b = 1\n   ^\nunexpected =\nsuggestion: write == to compare',
    },
  })
})

test('of a long line what is near the place is shown', () => {
  const compiled = compileExpression(`${'a or '.repeat(40)}= ${'or a '.repeat(40)}`, NO_MACROS)
  const [, line = '', caret = ''] = compiled.kind === 'mistake' ? compiled.mistake.text.split('\n') : []
  expect([line.length, line[caret.length - 1]]).toEqual([122, '='])
})

const nested = (levels: number) => `${'('.repeat(levels)}a or b and (not c)${')'.repeat(levels)}`

test('nesting and length are bounded', () => {
  expect(messageOf(nested(198))).toBeUndefined()
  expect(messageOf(nested(199))).toBe('nested deeper than 200 levels')
  expect(messageOf(nested(30_000))).toBe('nested deeper than 200 levels')
  expect(messageOf(`${'not '.repeat(16_000)}a`)).toBe('nested deeper than 200 levels')
  expect(messageOf(`${'f('.repeat(300)}${')'.repeat(300)}`)).toBe('nested deeper than 200 levels')
  expect(messageOf(`a${' or a'.repeat(10_000)}`)).toBeUndefined()
  expect(messageOf(' '.repeat(65_537))).toBe('the expression is longer than 65536 characters')
  expect(messageOf(`1${' or 1'.repeat(13_000)}`)).toBeUndefined()
})

const MACRO_MISTAKES: readonly (readonly [definitions: readonly MacroDefinition[], mistakes: unknown])[] = [
  [[macro('zone', 'true')], [['zone', 'name', 'macro "zone": name conflicts with a custom function']]],
  [
    [macro('starts_with', 'true')],
    [['starts_with', 'name', 'macro "starts_with": name conflicts with a stdlib function']],
  ],
  [[macro('a', '1'), macro('a', '2')], [['a', 'name', 'macro "a": name must be unique']]],
  [
    [macro('a-b', '1')],
    [['a-b', 'name', 'macro "a-b": a name is a letter or _, and then letters, digits and _']],
  ],
  [[macro('Matches', '1')], [['Matches', 'name', 'macro "Matches": name is a word of the language']]],
  [[macro('a', 'a()')], [['a', 'expr', 'macro "a": calls itself: a → a']]],
  [
    [macro('a', 'x or b()'), macro('b', 'not c()'), macro('c', 'starts_with(a(), "x")'), macro('d', 'a()')],
    [
      ['a', 'expr', 'macro "a": calls itself: a → b → c → a'],
      ['b', 'expr', 'macro "b": calls itself: b → c → a → b'],
      ['c', 'expr', 'macro "c": calls itself: c → a → b → c'],
    ],
  ],
  [
    [macro('a', 'b = 1')],
    [['a', 'expr', 'macro "a": syntax error at line 1:3:\nb = 1\n  ^\nunexpected =', 'write == to compare']],
  ],
]

test.for(MACRO_MISTAKES)('macros %j', ([definitions, expected]) => {
  const { mistakes } = compileMacros(definitions)
  expect(
    mistakes.map(({ index, part, message, suggestion }) => [
      definitions[index]?.name,
      part,
      message,
      ...(suggestion === undefined ? [] : [suggestion]),
    ]),
  ).toEqual(expected)
})

test('macros that are all right are ready beside others, whatever their order', () => {
  const { macros, mistakes } = compileMacros([macro('a', 'b() and 2'), macro('bad', '('), macro('b', '1')])
  expect([macros.names, mistakes.length]).toEqual([['b', 'a'], 1])
  expect(macros.find('a')?.evaluate(() => undefined)).toEqual({ kind: 'value', value: true })
  expect(macros.find('bad')).toBeUndefined()
})

test('macros cannot multiply the work without bound', () => {
  const doubling = Array.from({ length: 40 }, (_, at) =>
    macro(`m${at}`, at === 0 ? 'a' : `m${at - 1}() or m${at - 1}()`),
  )
  const { macros, mistakes } = compileMacros(doubling)
  expect(mistakes[0]?.message).toContain('more than 20000 operations, those of macros included')
  expect(mistakes.length).toBeLessThan(5)
  expect(macros.find('m39')?.evaluate(() => undefined).kind).not.toBe('value')
})

test('the work of regular expressions is bounded', () => {
  const many = (count: number) => Array.from({ length: count }, () => 'a =~ /[ab]{500}/').join(' or ')
  expect(messageOf(many(4))).toBeUndefined()
  expect(messageOf(many(5))).toBe('the regular expressions are too large, those of macros included')
  const { mistakes } = compileMacros([macro('m', 'a in [/b{900}/, /c{900}/]'), macro('n', 'm() or m()')])
  expect(mistakes).toMatchObject([{ index: 1, part: 'expr' }])
})

test('macros cannot nest without bound', () => {
  const chain = Array.from({ length: 1_100 }, (_, at) => macro(`m${at}`, `m${at + 1}()`))
  const { mistakes } = compileMacros(chain)
  const messages = mistakes.map(({ message }) => message.split('\n').at(-1))
  expect(messages).toContain('macros are nested deeper than 608 levels')
  expect(messages).toContain('macro "m1000": more than 1000 macros')
})

function macro(name: string, expr: string): MacroDefinition {
  return { name, expr }
}

function messageOf(text: string): string | undefined {
  const compiled = compileExpression(text, NO_MACROS)
  return compiled.kind === 'mistake' ? compiled.mistake.message : undefined
}
