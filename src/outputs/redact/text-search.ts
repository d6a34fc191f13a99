import { Buffer } from 'node:buffer'
import { apart, type Found, replaceInText } from './found.ts'
import { decodedText } from './json-places.ts'
import type { NameTest } from './names.ts'
import type { Patterns } from './patterns.ts'
import type { Surroundings, Tokens } from './tokens.ts'
import { findFields, findParameters, formDecoded } from './url-fields.ts'

/** What a text is made of, and where it came from. */
export interface TextKind {
  /** How its characters stood as bytes. */
  readonly encoding: 'latin1' | 'utf8'
  readonly surroundings: Surroundings
  /** True when the text goes on behind its end, unseen. */
  readonly cut: boolean
}

export const FIELD_TEXT: TextKind = { encoding: 'latin1', surroundings: 'text', cut: false }
export const URL_TEXT: TextKind = { encoding: 'latin1', surroundings: 'url', cut: false }

/** Searches texts for parameters by their names, and for patterns. */
export class TextSearch {
  readonly patterns: Patterns | undefined
  /** Undefined when no names were given. */
  readonly fields: NameTest | undefined
  readonly #tokens: Tokens
  /** True for what would only be replaced by another token. */
  readonly #isToken: (text: string) => boolean

  constructor(
    patterns: Patterns | undefined,
    fields: NameTest | undefined,
    tokens: Tokens,
    isToken: (text: string) => boolean,
  ) {
    this.patterns = patterns
    this.fields = fields
    this.#tokens = tokens
    this.#isToken = isToken
  }

  /** In order and apart; without patterns where it is known that they find nothing. */
  find(text: string, kind: TextKind, withPatterns = true): readonly Found[] {
    const founds: Found[] = []
    const { surroundings, cut } = kind
    if (this.fields !== undefined)
      findParameters(text, this.fields, (from, to) => this.add(founds, text, from, to, kind, 'url'))
    if (withPatterns)
      this.patterns?.find(text, cut, (from, to) => this.add(founds, text, from, to, kind, surroundings))
    return apart(founds)
  }

  /** Whether a text that was decoded for the search holds anything. */
  holds(text: string, cut: boolean): boolean {
    let isFound = false
    const look = (from: number, to: number): void => {
      isFound ||= !this.#isToken(text.slice(from, to))
    }
    if (this.fields !== undefined) findParameters(text, this.fields, look)
    this.patterns?.find(text, cut, look)
    return isFound
  }

  /** The fields of a form or of a query, which begins at `begin`; `isSuspect` is asked of decoded values. */
  findFields(
    text: string,
    begin: number,
    kind: TextKind,
    isSuspect: (decoded: string, cut: boolean) => boolean,
  ): readonly Found[] {
    const founds: Found[] = []
    const form = begin === 0 ? text : text.slice(begin)
    findFields(form, this.fields ?? noName, (isNamed, from, to) => {
      if (!isNamed) {
        const value = form.slice(from, to)
        const decoded = formDecoded(value)
        const isPlain = decoded === value && !decoded.startsWith('{') && !decoded.startsWith('[')
        if (isPlain || !isSuspect(decoded, kind.cut && to === form.length)) return
      }
      this.add(founds, text, begin + from, begin + to, kind, 'url')
    })
    return founds
  }

  add(
    founds: Found[],
    text: string,
    from: number,
    to: number,
    { encoding }: TextKind,
    surroundings: Surroundings,
  ): void {
    const found = text.slice(from, to)
    if (found === '' || this.#isToken(found)) return
    const replacement = this.#tokens(() => secretIn(found, encoding, surroundings), surroundings)
    founds.push({ from, to, replacement })
  }

  /** Gives the text itself where nothing is found. */
  replaced(text: string, kind: TextKind, withPatterns = true): string {
    return text === '' ? text : replaceInText(text, this.find(text, kind, withPatterns))
  }
}

function noName(): boolean {
  return false
}

function secretIn(text: string, encoding: 'latin1' | 'utf8', surroundings: Surroundings): Uint8Array {
  if (surroundings === 'url') {
    const decoded = formDecoded(text)
    return Buffer.from(decoded, decoded === text ? encoding : 'utf8')
  }
  return Buffer.from(surroundings === 'text' ? text : decodedText(text), encoding)
}
