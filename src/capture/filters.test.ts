import { expect, test } from 'vitest'
import { type Process, SKIP } from './events.ts'
import { processFilter } from './filters.ts'
import { wireSkip } from './generated/wire.ts'
import type { ExeFilter, FilterGroup } from './options.ts'

const OWN_PID = 99

function skips(
  exe: string,
  custom: readonly Partial<ExeFilter>[],
  { groups = [], strategy = 'observe', pid = 7 }: Asked = {},
): number {
  const filters = custom.map(
    (filter) => ({ exe: '', strategy: 'suffix', skips: SKIP.all, ...filter }) as const,
  )
  return processFilter({ groups, custom: filters }, OWN_PID)({ pid, exe, strategy })
}

interface Asked {
  readonly groups?: readonly FilterGroup[]
  readonly strategy?: Process['strategy']
  readonly pid?: number
}

test('both sides of the kernel call the parts by the same bits', () => {
  expect(Object.values(SKIP)).toEqual(Object.values(wireSkip))
})

test.for<[strategy: ExeFilter['strategy'], exe: string, matching: string, other: string]>([
  ['exact', '/usr/bin/Curl', '/usr/bin/curl', '/usr/bin/curl2'],
  ['prefix', '/opt/Tools/', '/OPT/tools/a', '/srv/opt/tools/a'],
  ['suffix', '/Curl', '/usr/bin/curl', '/usr/bin/curl-7'],
  ['contains', 'Python', '/usr/bin/python3.11', '/usr/bin/pyth'],
  ['regex', '^/usr/(s?)bin/nginx$', '/usr/sbin/nginx', '/usr/sbin/NGINX'],
  ['regex', '(?i)NGINX', '/usr/sbin/nginx', '/usr/sbin/apache2'],
])('%s %s', ([strategy, exe, matching, other]) => {
  expect(skips(matching, [{ exe, strategy }])).toBe(SKIP.all)
  expect(skips(other, [{ exe, strategy }])).toBe(0)
})

test('the first filter that matches decides', () => {
  const filters = [{ exe: 'a', skips: SKIP.tls }, { exe: 'ba', skips: SKIP.dns }, { exe: 'c' }]
  expect(['/ba', '/a', '/c', '/d'].map((exe) => skips(exe, filters))).toEqual([
    SKIP.tls,
    SKIP.tls,
    SKIP.all,
    0,
  ])
})

test('a filter that cannot be used matches nothing, the others stay', () => {
  const filters = [{ exe: '(', strategy: 'regex' }, { exe: 'b' }] as const
  expect(skips('(', filters)).toBe(0)
  expect(skips('b', filters)).toBe(SKIP.all)
})

test.for<[group: FilterGroup, member: string]>([
  ['container-runtimes', '/usr/bin/containerd'],
  ['container-runtimes', '/usr/bin/Dockerd'],
  ['eks', '/app/aws-k8s-agent'],
  ['gke', '/home/kubernetes/bin/gcfsd'],
  ['kubernetes', '/home/kubernetes/bin/kubelet'],
])('%s has %s', ([group, member]) => {
  expect(skips(member, [], { groups: [group] })).toBe(SKIP.all)
  expect(skips(`${member}2`, [], { groups: [group] })).toBe(0)
  expect(skips(`/x${member}`, [], { groups: [group] })).toBe(0)
  expect(skips(member, [])).toBe(0)
})

test("filters come before groups: what they leave in is the operator's word", () => {
  const own = [{ exe: '/kubelet', skips: SKIP.http }]
  expect(skips('/home/kubernetes/bin/kubelet', own, { groups: ['kubernetes'] })).toBe(SKIP.http)
})

test.for<[strategy: Process['strategy'], skips: number]>([
  ['observe', 0],
  ['ignore', SKIP.all],
  ['audit', SKIP.data],
  ['forward', 0],
  ['proxy', 0],
])('a program that asks for %s', ([strategy, expected]) => {
  expect(skips('/bin/a', [], { strategy })).toBe(expected)
  expect(skips('/bin/a', [{ exe: 'a', skips: SKIP.tls }], { strategy })).toBe(expected | SKIP.tls)
})

test('the agent itself is always left out', () => {
  expect(skips('/bin/a', [], { pid: OWN_PID })).toBe(SKIP.all)
})
