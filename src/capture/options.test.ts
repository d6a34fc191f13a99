import { expect, test } from 'vitest'
import { createReview, readYaml } from '../base/index.ts'
import { SKIP } from './events.ts'
import { type ExeFilter, matcherOf, readTap } from './options.ts'

function read(text: string) {
  const review = createReview(readYaml(text, 'f.yaml'), {})
  return {
    ...readTap(review.value, review),
    warnings: review.findings().map(({ path, message }) => `${path}: ${message}`),
  }
}

test('a filter compares by suffix unless it says otherwise', () => {
  const { tap } = read('filters: {custom: [{exe: a}, {exe: b, strategy: ""}, {exe: c, strategy: regex}]}\n')
  expect(tap?.filters.custom.map((filter) => filter.strategy)).toEqual(['suffix', 'suffix', 'regex'])
})

test('a filter that cannot work is left out and told, the others stay', () => {
  const { tap, warnings } = read('filters: {custom: [{exe: "(", strategy: regex}, {exe: b}]}\n')
  expect(tap?.filters.custom).toEqual([{ exe: 'b', strategy: 'suffix', skips: SKIP.all }])
  expect(warnings).toEqual(['tap.filters.custom[0].exe: invalid filter; not loading: missing closing )'])
})

test('a group has two names for container runtimes, an unknown one is told', () => {
  const { tap, warnings } = read('filters: {groups: [container, container-runtimes, qpoint, qpiont]}\n')
  expect(tap?.filters.groups).toEqual(['container-runtimes', 'container-runtimes', 'qpoint'])
  expect(warnings).toEqual(['tap.filters.groups[3]: there is no group "qpiont"'])
})

test('a filter may leave only a part of the traffic alone', () => {
  const { tap } = read('filters: {custom: [{exe: a, only: []}, {exe: b, only: [dns, tls, dns]}]}\n')
  expect(tap?.filters.custom.map((filter) => filter.skips)).toEqual([SKIP.all, SKIP.dns | SKIP.tls])
})

test.each([
  'api.example.com',
  '*.example.com',
  'API.Example.com.',
  'localhost',
  'a_b.c-d.internal',
  '10.0.0.1',
  `${'a'.repeat(63)}.com`,
])('%s is a domain', (domain) => {
  expect(read(`endpoints: [{domain: "${domain}"}]\n`).tap?.endpoints).toEqual([
    { domain: domain.toLowerCase().replace(/\.$/, ''), stacks: { http: undefined, grpc: undefined } },
  ])
})

test.each([
  '',
  '*',
  '*.',
  'a..b',
  '-a.com',
  'a-.com',
  'https://example.com',
  'a.com/x',
  'a.*.com',
  `${'a'.repeat(64)}.com`,
  `${'a.'.repeat(130)}com`,
])('%j is no domain', (domain) => {
  const { tap, warnings } = read(`endpoints: [{domain: "${domain}"}]\n`)
  expect(tap).toBeUndefined()
  expect(warnings).toEqual([expect.stringContaining('tap.endpoints[0].domain: expected a host name')])
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
  const filter: ExeFilter = { strategy, exe, skips: SKIP.all }
  const matches = matcherOf(filter)
  expect(matching.map((path) => matches?.(path))).toEqual(matching.map(() => true))
  expect(others.map((path) => matches?.(path))).toEqual(others.map(() => false))
})
