import type { Exchange, Heads, Progress } from '../exchanges/index.ts'
import { compileExpression, type Expression, type Fields } from '../expressions/index.ts'
import { fieldsOf, fieldsSoFar } from './exchange-fields.ts'
import type { Plugin, PluginContext } from './plugin.ts'
import { LATE, lateFor } from './rule-fields.ts'
import { isSampled } from './sampling.ts'

/** A rule as it stands in the configuration of a plugin, with what follows when it matches. */
export interface Rule {
  readonly name: string
  readonly expr: string
}

/** The rules of one plugin, compiled: the first that matches wins. */
export interface Rules<Matched extends Rule> {
  /** Those that can be used. */
  readonly usable: readonly Matched[]
  /** Undefined when none matches. */
  first(exchange: Exchange): Matched | undefined
  /** The same while the exchange is open. */
  firstSoFar(progress: Progress): Matched | undefined
  /**
   * Whether one of those that `wants` accepts may turn out to be the first that matches; undefined stands for
   * none. Asked when a response begins.
   */
  mayBeFirst(heads: Heads, wants: (matched: Matched | undefined) => boolean): boolean
}

export interface RuleStats {
  /** Times that a rule could not be evaluated, for another reason than a missing field. */
  ruleProblems: number
}

interface CompiledRule<Matched> {
  readonly rule: Matched
  readonly expression: Expression
  /** Which of `LATE` may still change what it comes to. */
  readonly late: number
  hasFailed: boolean
}

/**
 * Compiles the rules of a plugin, which the operator knows as `plugin` and which counts in `stats`. Those
 * with a mistake are left out, and told of once.
 */
export function compileRules<Matched extends Rule>(
  rules: readonly Matched[],
  plugin: string,
  { macros, tags, warn }: Pick<PluginContext, 'macros' | 'tags' | 'warn'>,
  stats: RuleStats,
): Rules<Matched> {
  const compiled = rules.flatMap(compile)
  const usable = compiled.map(({ rule }) => rule)
  return { usable, first, firstSoFar, mayBeFirst }

  function compile(rule: Matched): CompiledRule<Matched>[] {
    if (rule.expr.trim() === '') {
      warn(`${nameOf(rule)} of ${plugin} has no expression and is left out`)
      return []
    }
    const result = compileExpression(rule.expr, macros)
    if (result.kind === 'compiled') {
      const { expression } = result
      const late = expression.fieldNames.reduce((bits, name) => bits | lateFor(name), 0)
      return [{ rule, expression, late, hasFailed: false }]
    }
    const { line, column, message } = result.mistake
    warn(`${nameOf(rule)} of ${plugin} is left out: ${line}:${column}: ${message}`)
    return []
  }

  function first(exchange: Exchange): Matched | undefined {
    return compiled.length === 0 ? undefined : firstOf(fieldsOf(exchange, tags))
  }

  function firstSoFar(progress: Progress): Matched | undefined {
    return compiled.length === 0 ? undefined : firstOf(fieldsSoFar(progress, tags))
  }

  function firstOf(fields: Fields): Matched | undefined {
    for (const one of compiled) if (matches(one, fields)) return one.rule
    return undefined
  }

  function mayBeFirst(heads: Heads, wants: (matched: Matched | undefined) => boolean): boolean {
    const fields = fieldsOf(heads, tags)
    const late = lateOf(heads)
    for (const one of compiled) {
      if ((one.late & late) !== 0) {
        if (wants(one.rule)) return true
      } else if (matches(one, fields)) return wants(one.rule)
    }
    return wants(undefined)
  }

  function matches(one: CompiledRule<Matched>, fields: Fields): boolean {
    const outcome = one.expression.evaluate(fields)
    if (outcome.kind === 'value') {
      if (typeof outcome.value === 'boolean') return outcome.value
      return one.expression.passes(fields)
    }
    if (outcome.kind === 'problem') onProblem(one, outcome.message)
    return false
  }

  /** Problems tell of names and of types, never of values, so that one may be said. */
  function onProblem(one: CompiledRule<Matched>, message: string): void {
    stats.ruleProblems += 1
    if (one.hasFailed) return
    one.hasFailed = true
    warn(`${nameOf(one.rule)} of ${plugin} does not match where it cannot be evaluated: ${message}`)
  }
}

/**
 * Whether a plugin wants bodies, of which it wants those of a share of the exchanges that each rule, or none,
 * is the first to match: 0 for no body, 1 for all, anything between for as many as are sampled.
 */
export function wantsBodiesBy<Matched extends Rule>(
  rules: Rules<Matched>,
  shareOf: (matched: Matched | undefined) => number,
): Plugin['wantsBodies'] {
  const shares = [undefined, ...rules.usable].map(shareOf)
  if (shares.every((share) => share <= 0)) return false
  if (shares.every((share) => share >= 1)) return true
  return (heads) => rules.mayBeFirst(heads, (matched) => isSampled(heads.id, shareOf(matched)))
}

/** Which of `LATE` is still to be known of an exchange whose response begins. */
export function lateOf({ grpc, connection, protocol, response }: Heads): number {
  const { process } = connection
  return (
    (grpc === undefined ? 0 : LATE.call) |
    (process === undefined ? LATE.process : 0) |
    (process?.container?.state === 'pending' ? LATE.container : 0) |
    // Beside other exchanges on its connection, or after a switch, the connection may be called otherwise.
    (protocol !== 'http1' || response?.status === 101 ? LATE.protocol : 0)
  )
}

function nameOf({ name }: Rule): string {
  return name === '' ? 'a rule' : `rule "${name}"`
}
