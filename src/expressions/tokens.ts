import { readAddress } from './address.ts'
import { type Literal, readHexString, readNumber, readPattern, readQuoted } from './literal.ts'
import { NoExpression } from './syntax-mistake.ts'

export type Operator =
  | 'not'
  | 'and'
  | 'or'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'contains'
  | 'matches'
  | 'in'
export type Mark = '(' | ')' | '[' | ']' | ','

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'end' }
)

const WORDS: Readonly<Record<string, Operator>> = {
  not: 'not',
  and: 'and',
  or: 'or',
  eq: 'eq',
  ne: 'ne',
  lt: 'lt',
  le: 'le',
  gt: 'gt',
  ge: 'ge',
  contains: 'contains',
  matches: 'matches',
  in: 'in',
}
const SIGNS: readonly (readonly [sign: string, operator: Operator])[] = [
  ['&&', 'and'],
  ['||', 'or'],
  ['==', 'eq'],
  ['!=', 'ne'],
  ['<=', 'le'],
  ['>=', 'ge'],
  ['=~', 'matches'],
  ['!', 'not'],
  ['<', 'lt'],
  ['>', 'gt'],
]
export const OPERATOR_WORDS = Object.keys(WORDS)

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*/y
const NUMBER = /[+-]?(?:\d*\.\d+|\d+)/y
const ADDRESS = /[0-9A-Fa-f.:]+(?:\/\d+)?/y
const HEX = /^(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+|[0-9][0-9A-Fa-f](?:[0-9A-Fa-f]{2})*)$/

/** Cuts a text into tokens; where two readings are possible, the longer one holds. */
export function readTokens(source: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = skipBlanks(source, 0); at < source.length; ) {
    const token = readToken(source, at)
    tokens.push(token)
    at = skipBlanks(source, token.end)
  }
  tokens.push({ kind: 'end', at: source.length, end: source.length })
  return tokens
}

function skipBlanks(source: string, from: number): number {
  let at = from
  for (;;) {
    const character = source[at]
    if (character === ' ' || character === '\t' || character === '\r' || character === '\n') at += 1
    else if (source.startsWith('--', at)) {
      const end = source.indexOf('\n', at)
      at = end === -1 ? source.length : end
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at + 2)
      if (end === -1) throw new NoExpression(at, 'the comment has no end', 'end it with */')
      at = end + 2
    } else return at
  }
}

function readToken(source: string, at: number): Token {
  const first = source[at] ?? ''
  if (first === '"' || first === "'") return quotedToken(source, at, first)
  const sign = SIGNS.find(([text]) => source.startsWith(text, at))
  if (sign !== undefined) return { kind: 'operator', operator: sign[1], at, end: at + sign[0].length }
  if (first === '/' || first === '|') return patternToken(source, at, first)
  if (first === '(' || first === ')' || first === '[' || first === ']' || first === ',')
    return { kind: 'mark', mark: first, at, end: at + 1 }
  const name = matchAt(NAME, source, at)
  const number = matchAt(NUMBER, source, at)
  const shorter = Math.max(name.length, number.length)
  const special = specialLiteral(matchAt(ADDRESS, source, at), shorter, at)
  if (special !== undefined) return { kind: 'literal', ...special, at }
  if (name !== '') return nameToken(name, at)
  if (number !== '') {
    return { kind: 'literal', value: readNumber(number, at), at, end: at + number.length }
  }
  throw strangeCharacter(source, at)
}

/** Addresses, networks and hex strings that stand without quotes. */
function specialLiteral(
  run: string,
  shorter: number,
  at: number,
): { readonly value: Literal; readonly end: number } | undefined {
  if (run.length <= shorter) return undefined
  for (const text of [run, run.replace(/\/\d+$/, '')]) {
    if (text.length <= shorter) continue
    const address = readAddress(text)
    if (address !== undefined && text === run)
      return { value: { ...address, written: text }, end: at + text.length }
    if (HEX.test(text)) return { value: readHexString(text), end: at + text.length }
  }
  if (/^[0-9:]/.test(run) && /[.:]/.test(run))
    throw new NoExpression(at, `${run} is no number, address or network`)
  return undefined
}

function nameToken(name: string, at: number): Token {
  const end = at + name.length
  const small = name.toLowerCase()
  if (small === 'true' || small === 'false') return { kind: 'literal', value: small === 'true', at, end }
  const operator = Object.hasOwn(WORDS, small) ? WORDS[small] : undefined
  return operator === undefined ? { kind: 'name', name, at, end } : { kind: 'operator', operator, at, end }
}

function quotedToken(source: string, at: number, quote: string): Token {
  const close = closingAt(source, at, quote)
  if (close === -1) throw new NoExpression(at, 'the string has no end on its line', `end it with ${quote}`)
  const text = readQuoted(source.slice(at + 1, close), at)
  const address = readAddress(text)
  const value = address === undefined ? text : { ...address, written: text }
  return { kind: 'literal', value, at, end: close + 1 }
}

function patternToken(source: string, at: number, delimiter: string): Token {
  const close = closingAt(source, at, delimiter)
  if (close === -1) {
    const isSingle = delimiter === '|'
    const message = isSingle ? 'unexpected |' : 'the regular expression has no end on its line'
    throw new NoExpression(at, message, isSingle ? 'write || or the word or' : `end it with ${delimiter}`)
  }
  return { kind: 'literal', value: readPattern(source.slice(at + 1, close), at), at, end: close + 1 }
}

/** Where what began is closed on the same line; a backslash takes the next character with it. */
function closingAt(source: string, begin: number, closing: string): number {
  for (let at = begin + 1; at < source.length; at += 1) {
    const character = source[at]
    if (character === closing) return at
    if (character === '\n') return -1
    if (character === '\\' && source[at + 1] !== '\n') at += 1
  }
  return -1
}

function matchAt(sticky: RegExp, source: string, at: number): string {
  sticky.lastIndex = at
  return sticky.exec(source)?.[0] ?? ''
}

function strangeCharacter(source: string, at: number): NoExpression {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
  if (character === '=') return new NoExpression(at, 'unexpected =', 'write == to compare')
  if (character === '&') return new NoExpression(at, 'unexpected &', 'write && or the word and')
  const isPlain = /^[\x21-\x7e]$/.test(character)
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return new NoExpression(at, `unexpected ${isPlain ? character : code}`)
}
