import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LinearRegex, linearRegex } from './linear-regex.ts'

type Case = readonly [source: string, matching: readonly string[], other: readonly string[]]

const CASES: readonly Case[] = [
  ['abc', ['abc', 'xabcx'], ['ab', 'ABC']],
  ['', ['', 'a'], []],
  ['^$', [''], ['a']],
  ['(?i)abc', ['ABC', 'aBc'], ['ab']],
  ['(?i)[a-c]+$', ['ABC'], ['d']],
  ['(?i)[^a]$', ['b'], ['a', 'A']],
  ['a(?i:b)c', ['aBc', 'abc'], ['Abc', 'abC']],
  ['a(?i)b', ['aB'], ['Ab']],
  ['(a(?i)b)c', ['aBc'], ['aBC']],
  ['(?i)k', ['\u212a'], []],
  ['(?i)ä', ['Ä'], ['a']],
  ['(?i)σ', ['ς', 'Σ'], ['s']],
  ['(?-i)a', ['a'], ['A']],
  ['(?is)A.B', ['a\nb'], []],
  ['a.b', ['axb', 'a\rb', 'a\u2028b'], ['a\nb', 'ab']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['a$', ['a'], ['a\n', 'a\nb']],
  ['(?m)^b$', ['a\nb\nc'], ['abc']],
  ['\\Aab\\z', ['ab'], ['xab', 'ab\n']],
  ['\\bfoo\\b', ['a foo b'], ['afoo']],
  ['\\Boo', ['foo'], ['oo']],
  ['(?P<name>a+)b', ['aab'], ['b']],
  ['(?<name>a+)b', ['aab'], ['b']],
  ['[[:alpha:]]+[[:digit:]]', ['abc1'], ['1', 'é1']],
  ['^[[:^alpha:]]$', ['1', '-'], ['a']],
  ['^[[:space:][:xdigit:]]+$', ['a \v f'], ['g']],
  ['\\Qa.b*\\E+', ['a.b*', 'a.b***'], ['axb']],
  ['\\Qa.b', ['a.b'], ['axb']],
  ['^\\pL+$', ['añжß'], ['a1', '']],
  ['^\\PL$', ['1'], ['a']],
  ['^\\p{Greek}$', ['α'], ['a']],
  ['^\\p{^Greek}$', ['a'], ['α']],
  ['^[\\p{Lu}\\d]+$', ['A1Ж'], ['a']],
  ['^\\p{Han}$', ['漢', '\u{20000}'], ['a']],
  ['^\\d\\D\\s\\S\\w\\W$', ['1a b_-'], ['aa b_-']],
  ['^\\s$', [' ', '\t', '\f'], ['\v', '\u00a0']],
  ['^\\x41\\x{42}\\103\\012$', ['ABC\n'], []],
  ['^\\a\\f\\t\\n\\r\\v$', ['\x07\f\t\n\r\v'], []],
  ['^\\/\\.\\-\\_\\$$', ['/.-_$'], []],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[^]a]$', ['b'], [']', 'a']],
  ['^[a-c-]$', ['b', '-'], ['d']],
  ['^[\\]\\\\]$', [']', '\\'], ['a']],
  ['^[\\d-z]$', ['1', '-', 'z'], ['a']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}$', ['aa', 'aaaa'], ['a']],
  ['^a{1,3}$', ['a', 'aa', 'aaa'], ['', 'aaaa']],
  ['^(ab){0}$', [''], ['ab']],
  ['^a{,2}$', ['a{,2}'], ['aa']],
  ['^a{1000}$', ['a'.repeat(1000)], ['a'.repeat(999)]],
  ['^x{$', ['x{'], []],
  ['^a*?b+?c??$', ['ab', 'abc', 'b'], ['ac']],
  ['(?U)^a+$', ['aaa'], []],
  ['^(a|bc|)d$', ['ad', 'bcd', 'd'], ['cd']],
  ['(^)*a', ['a'], ['b']],
  ['^(a*)*$', ['', 'aaa'], ['b']],
  ['^(a|b|)*c$', ['abc', 'c'], ['ad']],
  ['^😀+$', ['😀', '😀😀'], ['😀a', '\ud83d']],
  ['^[😀-😂x]$', ['😁', 'x'], ['😃', 'y']],
  ['^[^😀]$', ['😁', 'x'], ['😀']],
  ['^\\x{1F600}$', ['😀'], []],
  ['[^\\x00-\\x{10FFFF}]', [], ['', 'a', '😀']],
]

test.for(CASES)('%s', ([source, matching, other]) => {
  const regex = compiled(source)
  expect(matching.filter((text) => !regex.test(text))).toEqual([])
  expect(other.filter((text) => regex.test(text))).toEqual([])
})

const MISTAKES: readonly (readonly [source: string, message: string])[] = [
  ['(?=a)', 'invalid or unsupported Perl syntax: (?='],
  ['(?!a)', 'invalid or unsupported Perl syntax: (?!'],
  ['(?<=a)b', 'invalid or unsupported Perl syntax: (?<='],
  ['(?<!a)b', 'invalid or unsupported Perl syntax: (?<!'],
  ['(?>a)', 'invalid or unsupported Perl syntax: (?>'],
  ['(?)', 'invalid or unsupported Perl syntax: (?'],
  ['(?x)a', 'invalid or unsupported Perl syntax: (?x'],
  ['(a)\\1', 'back-references such as \\1 are not supported'],
  ['\\k<a>', 'invalid escape sequence: \\k'],
  ['\\C', 'invalid escape sequence: \\C'],
  ['\\Z', 'invalid escape sequence: \\Z'],
  ['\\', 'trailing backslash at end of expression'],
  ['\\x{110000}', 'invalid escape sequence: \\x{110000}'],
  ['\\p{Nothing}', 'invalid character class range: \\p{Nothing}'],
  ['[[:nothing:]]', 'invalid character class range: [:nothing:]'],
  ['[z-a]', 'invalid character class range: z-a'],
  ['[a', 'missing closing ]'],
  ['[]', 'missing closing ]'],
  ['(a', 'missing closing )'],
  ['a)', 'unexpected )'],
  ['*', 'missing argument to repetition operator: *'],
  ['a**', 'invalid nested repetition operator: * at 1'],
  ['a{2}{3}', 'invalid nested repetition operator: {3} at 1'],
  ['a{1001}', 'invalid repeat count: {1001}'],
  ['a{2,1}', 'invalid repeat count: {2,1}'],
  ['((a{100}){100}){100}', 'expression too large'],
  ['((((){1000}){1000}){1000}){1000}', 'expression too large'],
  ['(?P<n>a)(?P<n>b)', 'duplicate group name: n'],
  ['(?P<a-b>a)', 'invalid group name: a-b'],
  ['(?m)^a\\z', 'ends of lines and ends of the text cannot both be asked for'],
  ['('.repeat(500), 'groups are nested deeper than 200'],
  ['a'.repeat(4097), 'longer than 4096 characters'],
]

test.for(MISTAKES)('no regular expression: %s', ([source, message]) => {
  expect(linearRegex(source)).toEqual({ kind: 'mistake', message })
})

test.for([
  ['^(a+)+$', 28],
  ['^(a|a)*$', 5_000],
  ['^(a?){50}a{50}$', 49],
  ['(.*)(.*)(.*)(.*)x', 2_000],
  ['.*.*.*.*.*.*.*.*x', 2_000],
  ['(?:a*)*b', 5_000],
  ['^(([a-z])+.)+[A-Z]$', 5_000],
  ['(x+x+)+y', 5_000],
  [`${'a?'.repeat(200)}${'a'.repeat(200)}b`, 400],
  ['(?i)(a|A|aa)+$', 5_000],
] as const)('%s takes linear time', ([source, length]) => {
  const regex = compiled(source)
  const text = `${'a'.repeat(length)}!`
  let leastMs = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 3; tries += 1) {
    const started = performance.now()
    regex.test(text)
    leastMs = Math.min(leastMs, performance.now() - started)
  }
  expect(leastMs).toBeLessThan(100)
})

/** Syntax that means the same here and in JavaScript. */
const shared = fc.letrec<{ regex: string }>((tie) => ({
  regex: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', 'ab', '[ab]', '[^a]', 'a*', 'b+', 'a?', 'b{2}', 'a{1,2}', '\\b', '^', '$', ''),
    fc.tuple(tie('regex'), tie('regex')).map(([one, other]) => one + other),
    fc.tuple(tie('regex'), tie('regex')).map(([one, other]) => `(${one}|${other})`),
    fc
      .tuple(tie('regex'), fc.constantFrom('*', '+', '?', '{0,2}', '{3}', '*?'))
      .map(([one, times]) => `(?:${one})${times}`),
  ),
})).regex

test('finds what JavaScript finds', () => {
  const texts = fc.stringMatching(/^[abc]{0,8}$/)
  fc.assert(
    fc.property(shared, fc.array(texts, { minLength: 1, maxLength: 6 }), (source, tried) => {
      fc.pre(source.length < 60)
      const expected = new RegExp(source)
      const regex = compiled(source)
      for (const text of tried) {
        expect([text, regex.test(text)]).toEqual([text, expected.test(text)])
        expect([text, regex.regex.test(text)]).toEqual([text, expected.test(text)])
        const [found] = expected.exec(text) ?? []
        if (found !== undefined) expect(found).toContain(regex.holds)
      }
    }),
    { numRuns: 500 },
  )
})

test('never throws', () => {
  const pieces = [
    '(',
    ')',
    '[',
    ']',
    '{2,3}',
    '*',
    '+',
    '?',
    '|',
    '\\',
    'p{L}',
    '(?i',
    ':',
    '^',
    '-',
    'a',
    '😀',
  ]
  const sources = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(sources, fc.string(), (source, text) => {
      const result = linearRegex(source)
      if (result.kind === 'regex') result.regex.test(text)
    }),
    { numRuns: 1000 },
  )
})

function compiled(source: string): Extract<LinearRegex, { kind: 'regex' }> {
  const result = linearRegex(source)
  if (result.kind === 'mistake') throw new Error(result.message)
  return result
}

test.each([
  ['<k>(.*?)</k>', '</k>'],
  ['(?i)abc', ''],
  ['abc|abd', ''],
  ['x(?:secret)?y', 'x'],
  ['a{3}', ''],
  ['[0-9]+-token-[a-z]', '-token-'],
  ['(password=)(.*)', 'password='],
])('in every match of %s stands %j', (source, held) => {
  expect(compiled(source).holds).toBe(held)
})

test.each([
  ['.*admin.*', 'a'],
  ['<k>.*?</k>', '<k>'],
  ['a.*b.*c.*d', 'abc'],
  ['[a-z]+@[a-z]+', 'abc'],
  ['(a+)+b', 'a'],
])('%s takes time by the length of a text of %j', (source, unit) => {
  const { test: matches } = compiled(source)
  const text = unit.repeat(Math.ceil(65_536 / unit.length))
  const least = Math.min(...Array.from({ length: 5 }, () => cpuMs(() => matches(text))))
  // By the square of the length it would be seconds.
  expect(least).toBeLessThan(200)
})

function cpuMs(work: () => void): number {
  const started = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(started)
  return (user + system) / 1000
}
