import { invariant, linearRegex } from '../../base/index.ts'
import { CREDENTIAL_FORMS, type CredentialForm, unfinishedCredential } from './credential-forms.ts'
import { readPatternSource, TEXT_END } from './pattern-source.ts'

/** Finds what patterns say in a text. `cut` says that the text goes on, unseen, behind its end. */
export interface Patterns {
  find(text: string, cut: boolean, onMatch: (from: number, to: number) => void): void
  /** False when none of the texts, joined by line ends, holds a match of its own. */
  mayFindIn(joined: string): boolean
}

/** One pattern of the operator. */
interface Wanted {
  readonly regex: RegExp
  /** Text without which there is no match; empty for none. */
  readonly holds: string
  /** Of each of its groups, which make up the match, whether it is replaced; none when the whole match is. */
  readonly replaced: readonly boolean[]
  /** Finds its unfinished matches at the end of a text; undefined when there is no such form of it. */
  readonly unfinished: RegExp | undefined
  /** Whether it finds in a text what it finds in a part of that text. */
  readonly isLocal: boolean
}

/** Unfinished matches are looked for in so much of the end of a text. */
const UNFINISHED_CHARACTERS_MAX = 64 * 1024

/** What is wrong with a pattern, undefined when nothing. */
export function patternMistake(source: string): string | undefined {
  const read = linearRegex(source)
  if (read.kind === 'mistake') return read.message
  return read.regex.test('') ? 'matches the empty text: it would match everywhere' : undefined
}

export function openPatterns(sources: readonly string[], credentials: boolean): Patterns | undefined {
  if (sources.length === 0 && !credentials) return undefined
  const wanted = sources.map((source) => openPattern(source))
  const forms = credentials ? CREDENTIAL_FORMS : []
  const areLocal = wanted.every((one) => one.isLocal)
  return { find, mayFindIn }

  function find(text: string, cut: boolean, onMatch: (from: number, to: number) => void): void {
    if (forms.length > 0) {
      findForms(text, forms, onMatch)
      const from = cut ? unfinishedCredential(text) : text.length
      if (from < text.length) onMatch(from, text.length)
    }
    for (const one of wanted) {
      const end = findAll(text, one, onMatch)
      if (cut) findUnfinished(text, end, one, onMatch)
    }
  }

  function mayFindIn(joined: string): boolean {
    if (!areLocal) return true
    if (wanted.some(({ regex, holds }) => joined.includes(holds) && matches(regex, joined))) return true
    return forms.some((form) => isHinted(joined, form) && matches(form.pattern, joined))
  }
}

function openPattern(source: string): Wanted {
  const read = linearRegex(source, 'captured')
  invariant(read.kind === 'regex', 'a pattern is read before it is used')
  const { flags } = read.regex
  const written = readPatternSource(read.regex.source)
  return {
    regex: new RegExp(written?.source ?? read.regex.source, `${flags}g`),
    holds: read.holds,
    replaced: written?.replaced ?? [],
    unfinished: linearOnly(written?.beginnings, flags.replace('l', '')),
    isLocal: !/[\^$]|\\[Az]/.test(source),
  }
}

/** Beginnings are loops within loops: only the engine that takes linear time is fit for them. */
function linearOnly(source: string | undefined, flags: string): RegExp | undefined {
  if (source === undefined) return undefined
  try {
    return new RegExp(source, `l${flags}`)
  } catch {
    return undefined
  }
}

function matches(regex: RegExp, text: string): boolean {
  regex.lastIndex = 0
  return regex.test(text)
}

function isHinted(text: string, { hints, anyCase }: CredentialForm): boolean {
  return anyCase === true || hints.some((hint) => text.includes(hint))
}

function findForms(
  text: string,
  forms: readonly CredentialForm[],
  onMatch: (from: number, to: number) => void,
): void {
  for (const form of forms) {
    if (!isHinted(text, form)) continue
    const { pattern } = form
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const [whole, group] = match
      // A form has one group at most, behind all that it does not take in.
      const part = match.length === 1 ? whole : group
      const to = match.index + whole.length
      if (part !== undefined && part !== '') {
        const from = match.index + whole.indexOf(part)
        onMatch(from, from + part.length)
      }
      if (whole === '') pattern.lastIndex = to + 1
    }
  }
}

/** Of a pattern with groups only what they match. Gives where the last match ends. */
function findAll(
  text: string,
  { regex, holds, replaced }: Wanted,
  onMatch: (from: number, to: number) => void,
): number {
  let end = 0
  if (!text.includes(holds)) return end
  regex.lastIndex = 0
  for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
    let at = match.index
    for (const [index, isReplaced] of replaced.entries()) {
      const length = match[index + 1]?.length ?? 0
      if (isReplaced && length > 0) onMatch(at, at + length)
      at += length
    }
    end = match.index + match[0].length
    if (replaced.length === 0 && end > match.index) onMatch(match.index, end)
    if (end === match.index) regex.lastIndex = end + 1
  }
  return end
}

/** Where nobody can say whether the end is the beginning of a match, all that was looked at is replaced. */
function findUnfinished(
  text: string,
  from: number,
  { unfinished }: Wanted,
  onMatch: (from: number, to: number) => void,
): void {
  const begin = Math.max(from, text.length - UNFINISHED_CHARACTERS_MAX)
  const tail = text.slice(begin)
  const found = unfinished === undefined ? 0 : (unfinished.exec(tail + TEXT_END)?.index ?? tail.length)
  if (found < tail.length) onMatch(begin + found, text.length)
}
