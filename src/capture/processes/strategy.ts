import type { Strategy } from '../events.ts'
import { type ExeFilter, matcherOf } from '../options.ts'

const STRATEGIES: readonly string[] = ['observe', 'ignore', 'audit', 'forward', 'proxy'] satisfies Strategy[]
const COMPARISONS: readonly string[] = [
  'contains',
  'exact',
  'prefix',
  'regex',
  'suffix',
] satisfies ExeFilter['strategy'][]
const FILTERS_MAX = 16
const PATTERN_CHARACTERS_MAX = 128

/**
 * What a program asks for itself: `QPOINT_STRATEGY=<strategy>[,<filter>…]` with filters
 * `[exe.]<comparison>:<value>`. Anything that is not understood is `observe`, and so is a strategy none of
 * whose filters matches.
 */
export function strategyOf(text: string | undefined, exe: string): Strategy {
  if (text === undefined) return 'observe'
  const [word = '', ...filters] = text.split(',').map((part) => part.trim())
  const strategy = word.toLowerCase()
  if (!isStrategy(strategy)) return 'observe'
  const given = filters.filter((filter) => filter !== '').slice(0, FILTERS_MAX)
  return given.length === 0 || given.some((filter) => matches(filter, exe)) ? strategy : 'observe'
}

function matches(filter: string, exe: string): boolean {
  const [, word = '', value = ''] = /^(?:exe\.)?([a-z]+):(.+)$/is.exec(filter) ?? []
  const strategy = word.toLowerCase()
  if (!isComparison(strategy) || (strategy === 'regex' && !isHarmless(value))) return false
  return matcherOf({ exe: value, strategy, skips: 0 })?.(exe) ?? false
}

/**
 * Any program can put a pattern into its environment: those that may take long to match are not tried. Short,
 * and at most one part of it repeated without end.
 */
function isHarmless(pattern: string): boolean {
  const unbounded = pattern.match(/[*+]|\{\d*,\d*\}/g)?.length ?? 0
  return pattern.length <= PATTERN_CHARACTERS_MAX && unbounded <= 1 && !/\)[*+{?]|\\[1-9k]/.test(pattern)
}

function isStrategy(word: string): word is Strategy {
  return STRATEGIES.includes(word)
}

function isComparison(word: string): word is ExeFilter['strategy'] {
  return COMPARISONS.includes(word)
}
