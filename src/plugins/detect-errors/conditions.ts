import { Buffer } from 'node:buffer'
import type { Exchange, Heads } from '../../exchanges/index.ts'
import { headerValue, readTag, statusOf, type TagRules, tagsOf } from '../../outputs/index.ts'
import { type ContentCategory, categoryOf } from '../content-category.ts'
import { urlWithoutQuery } from '../exchange-fields.ts'
import { LATE } from '../rule-fields.ts'
import { durationText, readDuration } from './duration.ts'
import type { ErrorRule } from './options.ts'

/** Why a condition of a rule was met, in the words of an issue. */
export interface Met {
  readonly condition: 'status' | 'mime' | 'url' | 'body' | 'tag' | 'duration'
  readonly reason: string
}

/** One condition of a rule: a reason when it is met. */
export interface Condition {
  readonly condition: Met['condition']
  /** Which of `LATE` may change what it comes to after the response began. */
  readonly late: number
  /** Undefined where only the whole exchange tells. */
  readonly ofHeads: ((heads: Heads) => string | undefined) | undefined
  readonly ofExchange: (exchange: Exchange) => string | undefined
  readonly readsBody: 'always' | 'when coded' | 'never'
}

/** The conditions of a rule, the cheap ones first; all must be met. None for a rule that never matches. */
export function conditionsOf(rule: ErrorRule, tags: TagRules): readonly Condition[] {
  const durationMs = readDuration(rule.trigger_duration ?? 0) ?? 0
  return [
    ...(rule.trigger_status_codes.length === 0 ? [] : [statusCondition(rule.trigger_status_codes)]),
    ...(durationMs === 0 ? [] : [durationCondition(durationMs)]),
    ...(rule.only_categories.length === 0 ? [] : [categoryCondition(rule.only_categories)]),
    ...(rule.only_urls.length === 0 ? [] : [urlCondition(rule.only_urls)]),
    ...(rule.with_tags.length === 0 ? [] : [tagCondition(rule.with_tags, tags)]),
    ...(rule.trigger_empty_body ? [EMPTY_BODY] : []),
    ...(rule.trigger_contains === '' ? [] : [bodyCondition(rule.trigger_contains)]),
  ]
}

function statusCondition(patterns: readonly string[]): Condition {
  const wanted = patterns.map((pattern) => ({
    pattern,
    matcher: new RegExp(`^${pattern.replaceAll(/x/gi, '\\d')}$`),
  }))
  return ofHeads('status', LATE.call, (heads) => {
    const status = statusOf(heads)
    const text = String(status)
    const found = wanted.find(({ matcher }) => matcher.test(text))
    return found && `response status code [${status}] matched [${found.pattern}]`
  })
}

function categoryCondition(categories: readonly ContentCategory[]): Condition {
  return ofHeads('mime', 0, ({ response }) => {
    if (response === undefined) return undefined
    const category = categoryOf(headerValue(response.headers, 'content-type'))
    return categories.includes(category) ? `response category matched [${category}]` : undefined
  })
}

function urlCondition(urls: readonly string[]): Condition {
  return ofHeads('url', 0, ({ request }) => {
    const url = urlWithoutQuery(request.url)
    return urls.includes(url) ? `url matched [${url}]` : undefined
  })
}

/** Tags are compared as they are reported, however they were written here. */
function tagCondition(wanted: readonly string[], tags: TagRules): Condition {
  const names = new Set(wanted.flatMap((text) => [text, normalised(text)]))
  return ofHeads('tag', LATE.container | LATE.process | LATE.protocol, ({ connection }) => {
    const found = tagsOf(connection, tags).find((tag) => names.has(tag))
    return found && `matched tag [${found}]`
  })
}

function normalised(text: string): string {
  const tag = readTag(text)
  return tag === undefined ? text : `${tag.key}:${tag.value}`
}

function durationCondition(thresholdMs: number): Condition {
  return {
    condition: 'duration',
    late: 0,
    ofHeads: undefined,
    readsBody: 'never',
    ofExchange({ durationMs }) {
      if (durationMs === undefined || durationMs < thresholdMs) return undefined
      return `duration [${durationText(durationMs)}] exceeded threshold [${durationText(thresholdMs)}]`
    },
  }
}

/** Where a content coding was used, only the content shows whether anything is in it. */
const EMPTY_BODY: Condition = {
  condition: 'body',
  late: 0,
  ofHeads: undefined,
  readsBody: 'when coded',
  ofExchange({ response }) {
    if (response === undefined) return undefined
    const { wireBytes, decodedBytes, codingsLeft, truncated, missing } = response.body
    const isEmpty = wireBytes === 0 || (decodedBytes === 0 && codingsLeft.length === 0 && !truncated)
    return isEmpty && !missing ? 'response body is empty' : undefined
  },
}

/** Searched is what is kept of the body, its content coding removed. */
function bodyCondition(text: string): Condition {
  const wanted = Buffer.from(text, 'utf8')
  return {
    condition: 'body',
    late: 0,
    ofHeads: undefined,
    readsBody: 'always',
    ofExchange({ response }) {
      if (response === undefined) return undefined
      const { bytes } = response.body
      const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return content.includes(wanted) ? `response body contains [${text}]` : undefined
    },
  }
}

/** A condition for which the heads are enough. */
function ofHeads(
  condition: Met['condition'],
  late: number,
  met: (heads: Heads) => string | undefined,
): Condition {
  return { condition, late, ofHeads: met, ofExchange: met, readsBody: 'never' }
}
