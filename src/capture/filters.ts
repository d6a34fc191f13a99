import type { ExeFilter } from './options.ts'

/** True when the executable at this path is not to be watched. The first filter that matches decides. */
export type ExeMatcher = (exe: string) => boolean

/** Patterns were checked when the configuration was read; only `regex` minds letter case. */
export function exeMatcher(filters: readonly ExeFilter[]): ExeMatcher {
  const matchers = filters.map(matcher)
  return (exe) => matchers.some((matches) => matches(exe))
}

function matcher({ exe: pattern, strategy }: ExeFilter): ExeMatcher {
  const wanted = pattern.toLowerCase()
  switch (strategy) {
    case 'exact':
      return (exe) => exe.toLowerCase() === wanted
    case 'prefix':
      return (exe) => exe.toLowerCase().startsWith(wanted)
    case 'suffix':
      return (exe) => exe.toLowerCase().endsWith(wanted)
    case 'contains':
      return (exe) => exe.toLowerCase().includes(wanted)
    case 'regex': {
      const expression = new RegExp(pattern)
      return (exe) => expression.test(exe)
    }
    default:
      return strategy satisfies never
  }
}
