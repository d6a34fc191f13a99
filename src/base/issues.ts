import type { z } from 'zod'
import type { Path } from './finding.ts'
import { isMapping } from './mapping.ts'
import { nearest } from './nearest.ts'

/** One mistake in the words of somebody who writes a configuration file. */
export interface Explained {
  readonly path: Path
  readonly message: string
  readonly suggestion: string | undefined
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'text',
}

/**
 * Says what zod found. Of a union that fits nowhere, the option that got furthest is told.
 * A value is repeated only where a fixed set of words is expected, since any other may be a credential.
 */
export function explainIssues(issues: readonly z.core.$ZodIssue[]): Explained[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((step) => typeof step !== 'symbol')
    if (issue.code === 'invalid_union') return explainUnion(issue, path)
    if (issue.code === 'invalid_value' && isStandard(issue.message))
      return [explainChoice(issue.values, issue.input, path)]
    if (issue.code === 'invalid_type' && isStandard(issue.message)) {
      return [{ path, message: explainKind(issue.expected, issue.input), suggestion: undefined }]
    }
    return [{ path, message: lowerFirst(issue.message), suggestion: undefined }]
  })
}

function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path): Explained[] {
  const [furthest] = issue.errors
    .map((issues) => explainIssues(issues))
    .toSorted((one, other) => depth(other) - depth(one))
  if (furthest === undefined) return [{ path, message: lowerFirst(issue.message), suggestion: undefined }]
  return furthest.map((inner) => ({ ...inner, path: [...path, ...inner.path] }))
}

function depth(issues: readonly Explained[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

function explainChoice(values: readonly unknown[], input: unknown, path: Path): Explained {
  const words = values.map(String).filter((word) => word !== '')
  const expected = words.length === 1 ? `expected ${words[0]}` : `expected one of ${words.join(', ')}`
  if (input === undefined) return { path, message: `is missing: ${expected}`, suggestion: undefined }
  if (typeof input !== 'string') {
    return { path, message: `${expected}, found ${kindOf(input)}`, suggestion: undefined }
  }
  return { path, message: `${expected}, found "${input}"`, suggestion: nearest(input, words) }
}

function explainKind(expected: string, input: unknown): string {
  const kind = KINDS[expected] ?? expected
  return input === undefined ? `is missing: expected ${kind}` : `expected ${kind}, found ${kindOf(input)}`
}

function kindOf(input: unknown): string {
  if (input === null || input === undefined) return 'nothing'
  if (Array.isArray(input)) return 'a list'
  if (isMapping(input)) return 'a mapping'
  if (typeof input === 'boolean') return 'true or false'
  return typeof input === 'number' ? 'a number' : 'text'
}

/** A message the schema's author wrote is kept; zod's own begins like this. */
function isStandard(message: string): boolean {
  return /^Invalid (input|option)/.test(message)
}

function lowerFirst(message: string): string {
  return message.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase())
}
