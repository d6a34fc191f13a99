import { expect, test } from 'vitest'
import { createReview, readYaml } from '../base/index.ts'
import { type ExeFilter, matcherOf, readTap } from './options.ts'

function read(text: string) {
  const review = createReview(readYaml(text, 'f.yaml'), {}, [])
  return {
    tap: readTap(review.value, review),
    warnings: review.findings().map(({ path, message }) => `${path}: ${message}`),
  }
}

test('a filter compares by suffix unless it says otherwise', () => {
  const { tap } = read('filters: {custom: [{exe: a}, {exe: b, strategy: ""}, {exe: c, strategy: regex}]}\n')
  expect(tap?.filters.custom.map((filter) => filter.strategy)).toEqual(['suffix', 'suffix', 'regex'])
})

test('a filter that cannot work is left out and told, the others stay', () => {
  const { tap, warnings } = read('filters: {custom: [{exe: "(", strategy: regex}, {exe: b}]}\n')
  expect(tap?.filters.custom).toEqual([{ exe: 'b', strategy: 'suffix' }])
  expect(warnings).toEqual(['tap.filters.custom[0].exe: invalid filter; not loading'])
})

test('a group has two names for container runtimes, an unknown one is told', () => {
  const { tap, warnings } = read('filters: {groups: [container, container-runtimes, qpoint, qpiont]}\n')
  expect(tap?.filters.groups).toEqual(['container-runtimes', 'container-runtimes', 'qpoint'])
  expect(warnings).toEqual(['tap.filters.groups[3]: there is no such group'])
})

test('an empty direction means all', () => {
  expect(read('direction: ""\n').tap?.direction).toBe('all')
})

test.each([
  ['exact', '/usr/bin/Curl', ['/usr/bin/curl'], ['/usr/bin/curl2', '/a/usr/bin/curl']],
  ['prefix', '/USR/', ['/usr/bin/curl'], ['/a/usr/']],
  ['suffix', '/curl', ['/usr/bin/CURL'], ['/usr/bin/curl2']],
  ['contains', 'Java', ['/opt/java/bin/x'], ['/opt/jav/a']],
  ['regex', 'python3\\.\\d+$', ['/usr/bin/python3.11'], ['/usr/bin/Python3.11', '/usr/bin/python3.11x']],
  ['regex', '(?i)PYTHON(?P<minor>\\d)', ['/usr/bin/python3'], ['/usr/bin/python']],
] as const)('%s %s', (strategy, exe, matching, others) => {
  const filter: ExeFilter = { strategy, exe }
  const matches = matcherOf(filter)
  expect(matching.map((path) => matches?.(path))).toEqual(matching.map(() => true))
  expect(others.map((path) => matches?.(path))).toEqual(others.map(() => false))
})
