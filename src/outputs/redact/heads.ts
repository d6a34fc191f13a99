import { Buffer } from 'node:buffer'
import type { Header } from '../../decoders/index.ts'
import type { ContentRedactor } from './content.ts'
import type { NameTest } from './names.ts'
import { FIELD_TEXT, type TextSearch } from './text-search.ts'
import type { Tokens } from './tokens.ts'

const BEYOND_ASCII = /[\x80-\xff]/
/** The scheme is no part of the secret: a token that stands elsewhere without it shall look the same. */
const BEARER = /^bearer +/i

/** Replaces what is to be replaced in headers, trailers and short texts. */
export class HeadRedactor {
  readonly #search: TextSearch
  readonly #content: ContentRedactor
  readonly #isNamed: NameTest
  readonly #tokens: Tokens

  constructor(search: TextSearch, content: ContentRedactor, isNamed: NameTest, tokens: Tokens) {
    this.#search = search
    this.#content = content
    this.#isNamed = isNamed
    this.#tokens = tokens
  }

  /** Gives the list itself where nothing is found; `isSuspect` is false when no pattern can match. */
  fields(headers: readonly Header[], isSuspect: boolean): readonly Header[] {
    let result: Header[] | undefined
    for (let at = 0; at < headers.length; at += 1) {
      const header = headers[at]
      if (header === undefined) continue
      const [name, value] = header
      const shownName = isSuspect ? this.words(name, true) : name
      const shown = this.#isNamed(name) ? this.token(value) : this.#value(value, isSuspect)
      if (shown === value && shownName === name) {
        result?.push(header)
        continue
      }
      result ??= headers.slice(0, at)
      result.push([shownName, shown])
    }
    return result ?? headers
  }

  token(value: string): string {
    if (value === '') return value
    return this.#tokens(() => Buffer.from(value.replace(BEARER, ''), 'latin1'), 'text')
  }

  /** A short text without parameters. */
  words(text: string, isSuspect: boolean): string {
    return isSuspect ? this.#search.replaced(text, FIELD_TEXT) : text
  }

  /** A text of UTF-8. */
  message(text: string): string {
    if (text === '') return text
    const bytes = Buffer.from(text, 'utf8')
    const redacted = this.#content.redactMessage(bytes, true, false)
    return redacted === bytes ? text : Buffer.from(redacted).toString('utf8')
  }

  #value(value: string, isSuspect: boolean): string {
    const first = value.charCodeAt(0)
    if (first === 0x7b || first === 0x5b) {
      const bytes = Buffer.from(value, 'latin1')
      const redacted = this.#content.redact(bytes, '', false)
      return redacted === bytes ? value : Buffer.from(redacted).toString('latin1')
    }
    // URLs stand in fields such as Location and Referer.
    const mayHoldParameters = this.#search.fields !== undefined && value.includes('=')
    if (!isSuspect && !mayHoldParameters) return value
    const redacted = this.#search.replaced(value, FIELD_TEXT, isSuspect)
    // What is found only in UTF-8 has no place in the text as it is.
    if (isSuspect && redacted === value && BEYOND_ASCII.test(value)) {
      const decoded = Buffer.from(value, 'latin1').toString('utf8')
      return this.#search.holds(decoded, false) ? this.token(value) : value
    }
    return redacted
  }
}
