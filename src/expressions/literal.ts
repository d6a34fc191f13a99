import { linearRegex } from '../base/index.ts'
import type { Address } from './expression.ts'
import { NoExpression } from './syntax-mistake.ts'

/** Bytes written in hex digits. */
export interface HexString {
  readonly kind: 'hex'
  readonly bytes: Uint8Array
  /** Pairs with colons between, in small letters. */
  readonly text: string
}

export interface Pattern {
  readonly kind: 'regex'
  readonly regex: RegExp
  test(text: string): boolean
  /** Where it stands, and how much there is to do for each character of a text. */
  readonly at: number
  readonly steps: number
}

/** An address that an expression holds; text is compared with how it was written too. */
export type WrittenAddress = Address & { readonly written: string }

/** A value that stands in an expression. */
export type Literal = string | number | bigint | boolean | WrittenAddress | HexString | Pattern

/** An array that an expression holds. */
export interface LiteralArray {
  readonly kind: 'array'
  readonly values: readonly Literal[]
  /** All of them, when all are strings. */
  readonly strings: ReadonlySet<string> | undefined
}

const INT64_MIN = -(2n ** 63n)
const UINT64_MAX = 2n ** 64n - 1n
const CONTROLS: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }

/** As Go reads numbers: a leading 0 means octal. */
export function readNumber(text: string, at: number): number | bigint {
  if (text.includes('.')) return Number(text)
  const digits = text.replace(/^[+-]/, '')
  const isOctal = digits.length > 1 && digits.startsWith('0')
  if (isOctal && /[89]/.test(digits)) {
    const decimal = `${text.startsWith('-') ? '-' : ''}${digits.replace(/^0+(?=\d)/, '')}`
    throw new NoExpression(at, `invalid number ${text}: a leading 0 means octal`, decimal)
  }
  const size = BigInt(isOctal ? `0o${digits}` : digits)
  const value = text.startsWith('-') ? -size : size
  if (value < INT64_MIN || value > UINT64_MAX)
    throw new NoExpression(at, `the number ${text} has more than 64 bits`)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** What stands between quotes, with the escapes of Go. `at` is where the first quote stands. */
export function readQuoted(quoted: string, at: number): string {
  if (!quoted.includes('\\')) return quoted
  const pieces: Uint8Array[] = []
  let plainFrom = 0
  const escapes = /\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gsu
  for (const found of quoted.matchAll(escapes)) {
    const [whole, octal, hex, short, long, simple] = found
    pieces.push(Buffer.from(quoted.slice(plainFrom, found.index)))
    plainFrom = found.index + whole.length
    const place = at + 1 + found.index
    if (octal !== undefined || hex !== undefined) {
      const byte = octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8)
      if (byte > 255) throw new NoExpression(place, `invalid escape ${whole}`)
      pieces.push(Uint8Array.of(byte))
    } else pieces.push(Buffer.from(simpleEscape(simple, short ?? long, whole, place)))
  }
  pieces.push(Buffer.from(quoted.slice(plainFrom)))
  return Buffer.concat(pieces).toString('utf8')
}

function simpleEscape(
  letter: string | undefined,
  point: string | undefined,
  whole: string,
  place: number,
): string {
  if (point !== undefined) {
    const number = Number.parseInt(point, 16)
    if (number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff))
      throw new NoExpression(place, `invalid escape ${whole}`)
    return String.fromCodePoint(number)
  }
  if (letter === '\\' || letter === '"' || letter === "'") return letter
  if (letter !== undefined && Object.hasOwn(CONTROLS, letter))
    return String.fromCharCode(CONTROLS[letter] ?? 0)
  throw new NoExpression(place, `invalid escape ${whole}`, `write \\${whole} for a backslash`)
}

export function readHexString(text: string): HexString {
  const pairs = (text.includes(':') ? text.split(':') : (text.match(/../g) ?? [])).map((pair) =>
    pair.toLowerCase(),
  )
  return {
    kind: 'hex',
    bytes: Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)),
    text: pairs.join(':'),
  }
}

export function readPattern(source: string, at: number): Pattern {
  const compiled = linearRegex(source)
  if (compiled.kind === 'mistake')
    throw new NoExpression(at, `invalid regular expression: ${compiled.message}`)
  return { ...compiled, at }
}

export function literalArray(values: readonly Literal[]): LiteralArray {
  const strings = values.filter((value) => typeof value === 'string')
  return { kind: 'array', values, strings: strings.length === values.length ? new Set(strings) : undefined }
}
