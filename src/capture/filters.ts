import { type ExeFilter, matcherOf } from './options.ts'

/** True when the executable at this path is not to be watched. A filter that is invalid matches nothing. */
export type ExeMatcher = (exe: string) => boolean

export function exeMatcher(filters: readonly ExeFilter[]): ExeMatcher {
  const matchers = filters.flatMap((filter) => matcherOf(filter) ?? [])
  return (exe) => matchers.some((matches) => matches(exe))
}
