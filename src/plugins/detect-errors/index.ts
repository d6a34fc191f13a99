import type { Exchange, Heads } from '../../exchanges/index.ts'
import {
  type ArtifactPart,
  createCanonicalNames,
  createPartArtifact,
  headerValue,
} from '../../outputs/index.ts'
import { createEventFacts } from '../event-facts.ts'
import { urlWithoutQuery } from '../exchange-fields.ts'
import { type PluginContext, pluginType } from '../plugin.ts'
import { lateOf } from '../rules.ts'
import { type Condition, conditionsOf, type Met } from './conditions.ts'
import { DetectErrorsOptions, type ErrorRule } from './options.ts'

interface OpenedRule {
  readonly rule: ErrorRule
  readonly conditions: readonly Condition[]
  readonly excludedUrls: ReadonlySet<string>
  readonly parts: readonly ArtifactPart[]
}

/** Tells of exchanges that match a rule as issues, and stores parts of them. */
export const detectErrors = pluginType({
  type: 'detect_errors',
  options: DetectErrorsOptions,
  open({ rules }, context) {
    const { clock, emit, shown, tags } = context
    const opened = rules
      .map((rule) => openRule(rule, context))
      .filter(({ conditions }) => conditions.length > 0)
    const canonicalName = createCanonicalNames()
    const factsOf = createEventFacts(context)
    return { wantsBodies: wantsBodiesOf(opened), exchange }

    function exchange(exchange: Exchange): void {
      let parts: readonly ArtifactPart[] = NO_PARTS
      for (const one of opened) {
        const met = matched(one, exchange)
        if (met === undefined) continue
        parts = withParts(parts, one.parts)
        if (one.rule.report_as_issue) report(one.rule, exchange, met)
      }
      for (const part of parts) record(part, exchange)
    }

    function report({ name }: ErrorRule, exchange: Exchange, met: readonly Met[]): void {
      const triggerConditions = met.map(({ condition }) => `detect_errors:${condition}`)
      const triggerReasons = met.map(({ reason }) => reason)
      const facts = factsOf(shown(exchange))
      emit({ kind: 'issue', document: { ...facts, error: name, triggerConditions, triggerReasons } })
    }

    function record(part: ArtifactPart, exchange: Exchange): void {
      const atMs = clock.bootEpochMs + exchange.endedAt / 1e6
      const artifact = createPartArtifact(shown(exchange), part, tags, atMs, canonicalName)
      if (artifact !== undefined) emit(artifact)
    }
  },
})

const NO_PARTS: readonly ArtifactPart[] = []

/** Each part once, whoever asks for it. */
function withParts(parts: readonly ArtifactPart[], more: readonly ArtifactPart[]): readonly ArtifactPart[] {
  const missing = more.filter((part) => !parts.includes(part))
  return missing.length === 0 ? parts : [...parts, ...missing]
}

function openRule(rule: ErrorRule, { tags, warn }: PluginContext): OpenedRule {
  const conditions = conditionsOf(rule, tags)
  if (conditions.length === 0) warn(`error rule "${rule.name}" has no condition and never matches`)
  const parts: readonly (readonly [ArtifactPart, boolean])[] = [
    ['req-headers', rule.record_req_headers],
    ['req-body', rule.record_req_body],
    ['res-headers', rule.record_res_headers],
    ['res-body', rule.record_res_body],
  ]
  return {
    rule,
    conditions,
    excludedUrls: new Set(rule.exclude_urls),
    parts: parts.flatMap(([part, isWanted]) => (isWanted ? [part] : [])),
  }
}

/** Rules see the exchange as it passed. */
function matched({ conditions, excludedUrls }: OpenedRule, exchange: Exchange): readonly Met[] | undefined {
  let all: Met[] | undefined
  for (const { condition, ofExchange } of conditions) {
    const reason = ofExchange(exchange)
    if (reason === undefined) return undefined
    if (all === undefined) all = [{ condition, reason }]
    else all.push({ condition, reason })
  }
  return isExcluded(excludedUrls, exchange) ? undefined : all
}

function isExcluded(urls: ReadonlySet<string>, { request }: Heads): boolean {
  return urls.size > 0 && urls.has(urlWithoutQuery(request.url))
}

function wantsBodiesOf(rules: readonly OpenedRule[]): boolean | ((heads: Heads) => boolean) {
  const wanting = rules.filter(
    ({ conditions, parts }) =>
      parts.includes('req-body') ||
      parts.includes('res-body') ||
      conditions.some(({ readsBody }) => readsBody !== 'never'),
  )
  if (wanting.length === 0) return false
  return (heads) => {
    const late = lateOf(heads)
    return wanting.some((one) => mayNeedBody(one, heads, late))
  }
}

/** False as soon as the heads show that the rule will not match, or has no use for the bodies. */
function mayNeedBody({ conditions, excludedUrls, parts }: OpenedRule, heads: Heads, late: number): boolean {
  const isCoded = heads.response !== undefined && headerValue(heads.response.headers, 'content-encoding')
  const readsBody = conditions.some(
    (one) => one.readsBody === 'always' || (one.readsBody === 'when coded' && isCoded),
  )
  if (!readsBody && !parts.includes('req-body') && !parts.includes('res-body')) return false
  if (isExcluded(excludedUrls, heads)) return false
  return conditions.every(
    (one) => one.ofHeads === undefined || (one.late & late) !== 0 || one.ofHeads(heads) !== undefined,
  )
}
