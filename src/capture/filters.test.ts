import { expect, test } from 'vitest'
import { exeMatcher } from './filters.ts'
import type { ExeFilter } from './options.ts'

test.for<[strategy: ExeFilter['strategy'], exe: string, matching: string, other: string]>([
  ['exact', '/usr/bin/Curl', '/usr/bin/curl', '/usr/bin/curl2'],
  ['prefix', '/opt/Tools/', '/OPT/tools/a', '/srv/opt/tools/a'],
  ['suffix', '/Curl', '/usr/bin/curl', '/usr/bin/curl-7'],
  ['contains', 'Python', '/usr/bin/python3.11', '/usr/bin/pyth'],
  ['regex', '^/usr/(s?)bin/nginx$', '/usr/sbin/nginx', '/usr/sbin/NGINX'],
  ['regex', '(?i)NGINX', '/usr/sbin/nginx', '/usr/sbin/apache2'],
])('%s %s', ([strategy, exe, matching, other]) => {
  const matches = exeMatcher([{ exe, strategy }])
  expect(matches(matching)).toBe(true)
  expect(matches(other)).toBe(false)
})

test('one filter that matches is enough, none matches nothing', () => {
  const matches = exeMatcher([
    { exe: 'a', strategy: 'exact' },
    { exe: 'b', strategy: 'exact' },
  ])
  expect(['a', 'b', 'c'].map(matches)).toEqual([true, true, false])
  expect(exeMatcher([])('/usr/bin/curl')).toBe(false)
})

test('a filter that cannot be used matches nothing, the others stay', () => {
  const matches = exeMatcher([
    { exe: '(', strategy: 'regex' },
    { exe: 'b', strategy: 'suffix' },
  ])
  expect(['(', 'b'].map(matches)).toEqual([false, true])
})
