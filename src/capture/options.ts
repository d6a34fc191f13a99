import { z } from 'zod'
import { type NotBuilt, nearest, type Path, type Review } from '../base/index.ts'

/** Which connections are followed; egress is what this host opens, external what is not a private address. */
export type CapturedDirection = 'all' | 'egress' | 'egress-external' | 'egress-internal' | 'ingress'

/** Groups of programs whose traffic is left alone. `qpoint` is this agent itself. */
export type FilterGroup = 'container-runtimes' | 'eks' | 'gke' | 'kubernetes' | 'qpoint'

/** Leaves programs alone whose executable's path matches. Only `regex` minds letter case. */
export interface ExeFilter {
  readonly exe: string
  readonly strategy: 'contains' | 'exact' | 'prefix' | 'regex' | 'suffix'
}

export interface Tap {
  readonly direction: CapturedDirection
  readonly ignoreLoopback: boolean
  readonly auditIncludeDns: boolean
  /** Name of the stack that sees HTTP exchanges; undefined for none. */
  readonly httpStack: string | undefined
  readonly filters: { readonly groups: readonly FilterGroup[]; readonly custom: readonly ExeFilter[] }
}

/** Deleting a line, or a word of one, is all that this file takes when such a part is built. */
export const TAP_NOT_BUILT: readonly NotBuilt[] = [
  { path: 'tap.endpoints' },
  { path: 'tap.env_tags' },
  { path: 'tap.filters.custom[].only' },
  { path: 'tap.filters.groups[]', named: ['container', 'container-runtimes', 'eks', 'gke', 'kubernetes'] },
  { path: 'tap.grpc' },
  { path: 'tap.kafka' },
  { path: 'tap.mysql' },
  { path: 'tap.postgres' },
  { path: 'tap.redis' },
]

const GROUPS: Readonly<Record<string, FilterGroup>> = {
  container: 'container-runtimes',
  'container-runtimes': 'container-runtimes',
  eks: 'eks',
  gke: 'gke',
  kubernetes: 'kubernetes',
  qpoint: 'qpoint',
}

const ExeFilterOptions = z.object({
  exe: z.string().min(1, 'expected a path or a part of one').describe("Compared with the executable's path."),
  strategy: z
    .enum(['exact', 'prefix', 'suffix', 'contains', 'regex', ''])
    .default('suffix')
    .transform((strategy) => (strategy === '' ? 'suffix' : strategy))
    .describe('How to compare; all but regex ignore letter case.'),
})

/** The `tap` section: what is captured. */
export const TapOptions = z.object({
  direction: z
    .enum(['all', 'egress', 'egress-external', 'egress-internal', 'ingress', ''])
    .default('all')
    .transform((direction) => (direction === '' ? 'all' : direction))
    .describe('Connections to follow: opened by this host (egress), accepted (ingress), or both.'),
  ignore_loopback: z.boolean().default(false).describe('Leave connections within this host alone.'),
  audit_include_dns: z.boolean().default(false).describe('Report DNS look-ups as connections too.'),
  http: z
    .object({ stack: z.string().default('').describe('Name of the stack that sees HTTP exchanges.') })
    .prefault({}),
  filters: z
    .object({
      groups: z.array(z.string()).default([]).describe('Groups of programs whose traffic is left alone.'),
      custom: z.array(ExeFilterOptions).default([]).describe('Programs whose traffic is left alone.'),
    })
    .prefault({}),
})

/**
 * Reads the `tap` section; undefined after a mistake. A filter that cannot work is left out with a warning.
 */
export function readTap(value: unknown, review: Review): Tap | undefined {
  const path: Path = ['tap']
  const tap = review.read(TapOptions.prefault({}), value, path)
  if (tap === undefined) return undefined
  const stack = tap.http.stack
  return {
    direction: tap.direction,
    ignoreLoopback: tap.ignore_loopback,
    auditIncludeDns: tap.audit_include_dns,
    httpStack: stack === '' || stack === 'none' ? undefined : stack,
    filters: {
      groups: tap.filters.groups.flatMap((group, index) => readGroup(group, index)),
      custom: tap.filters.custom.filter((filter, index) => canLoad(filter, index)),
    },
  }

  function readGroup(group: string, index: number): FilterGroup[] {
    const known = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined
    if (known !== undefined) return [known]
    review.advise(
      [...path, 'filters', 'groups', index],
      'there is no such group',
      nearest(group, Object.keys(GROUPS)),
    )
    return []
  }

  function canLoad(filter: ExeFilter, index: number): boolean {
    if (matcherOf(filter) !== undefined) return true
    review.advise([...path, 'filters', 'custom', index, 'exe'], 'invalid filter; not loading')
    return false
  }
}

/**
 * Tells whether an executable's path matches the filter. Undefined when its regular expression is none;
 * flags in front, such as `(?i)`, and groups named `(?P<name>…)` are understood as Go does.
 */
export function matcherOf(filter: ExeFilter): ((exe: string) => boolean) | undefined {
  const wanted = filter.exe.toLowerCase()
  switch (filter.strategy) {
    case 'exact':
      return (exe) => exe.toLowerCase() === wanted
    case 'prefix':
      return (exe) => exe.toLowerCase().startsWith(wanted)
    case 'suffix':
      return (exe) => exe.toLowerCase().endsWith(wanted)
    case 'contains':
      return (exe) => exe.toLowerCase().includes(wanted)
    case 'regex':
      return regexMatcher(filter.exe)
    default:
      return filter.strategy satisfies never
  }
}

function regexMatcher(source: string): ((exe: string) => boolean) | undefined {
  const [, flags = '', pattern = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? []
  try {
    const regex = new RegExp(pattern.replaceAll('(?P<', '(?<'), flags)
    return (exe) => regex.test(exe)
  } catch {
    return undefined
  }
}
