import { Buffer } from 'node:buffer'
import type { NameTest } from './names.ts'

/** No name of a field is longer. */
const NAME_CHARACTERS_MAX = 512

/** A field of a form or a query: whether its name is one of those, and where its value stands. */
export type OnField = (isNamed: boolean, from: number, to: number) => void

/**
 * Finds the fields of a form (`application/x-www-form-urlencoded`), or of a query. A value that was cut goes
 * on to the end.
 */
export function findFields(text: string, test: NameTest, onField: OnField): void {
  for (let from = 0; from < text.length; ) {
    const ends = text.indexOf('&', from)
    const to = ends === -1 ? text.length : ends
    findInPair(text.slice(from, to), from, test, onField)
    from = to + 1
  }
}

/** A semicolon separates for some (HTML 4.01 §B.2.2) and is content for others. */
function findInPair(pair: string, at: number, test: NameTest, onField: OnField): void {
  for (let begin = 0; ; ) {
    const equals = pair.indexOf('=', begin)
    if (equals === -1) {
      if (begin === 0 && pair !== '') onField(false, at, at + pair.length)
      return
    }
    const name = pair.slice(begin, equals)
    const last = name.slice(Math.max(name.lastIndexOf(';') + 1, name.length - NAME_CHARACTERS_MAX))
    const semicolon = pair.indexOf(';', equals)
    const isNamed = test(formDecoded(last))
    const isLast = isNamed || semicolon === -1
    onField(isNamed, at + equals + 1, at + (isLast ? pair.length : semicolon))
    if (isLast) return
    begin = semicolon + 1
  }
}

/**
 * The beginning of a parameter as URLs in other texts have it, or a form that is a string of JSON. `&` may be
 * written for HTML (`&amp;`) or JSON (`\u0026`).
 */
const PARAMETER = /(?:[?&#;"]|\\u0026|%26)([\w\-.~%+[\]$:@!*]{1,128})=/g
/** What follows must not be part of the text around the URL. */
const VALUE = /[^&#\s"'<>\\`]*/y

/** Finds the values of parameters of that name in all URLs of a text. */
export function findParameters(
  text: string,
  test: NameTest,
  onValue: (from: number, to: number) => void,
): void {
  if (!text.includes('=')) return
  PARAMETER.lastIndex = 0
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    const [, name = ''] = match
    if (!test(formDecoded(name))) continue
    VALUE.lastIndex = PARAMETER.lastIndex
    const [value = ''] = VALUE.exec(text) ?? []
    if (value === '') continue
    const from = PARAMETER.lastIndex
    PARAMETER.lastIndex = from + value.length
    onValue(from, from + value.length)
  }
}

/** Text with `%XX` and `+` as forms mean them; what is no such escape stands for itself. */
export function formDecoded(text: string): string {
  return text.includes('+') ? percentDecoded(text.replaceAll('+', ' ')) : percentDecoded(text)
}

export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const latin1 = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
