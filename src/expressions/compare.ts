import { networkHas, sameBytes } from './address.ts'
import type { FieldValue } from './expression.ts'
import type { HexString, Literal, LiteralArray, Pattern, WrittenAddress } from './literal.ts'
import type { Comparison } from './syntax-tree.ts'

/** What an operand can come to. */
export type Value = FieldValue | Literal | LiteralArray

type Exact = Exclude<Value, readonly unknown[] | LiteralArray>

/** Everything but false, zero and what is empty. */
export function isTruthy(value: Value): boolean {
  if (isList(value)) return value.length > 0
  // Not a number is not zero.
  return typeof value === 'number' ? value !== 0 : Boolean(value)
}

/** Values that cannot be compared with each other give false, by `!=` too. */
export function compare(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case 'eq':
      return equals(left, right)
    case 'ne':
      return differs(left, right)
    case 'contains':
      return contains(left, right)
    case 'in':
      return isIn(left, right)
    case 'matches':
      return isPattern(right) && matches(left, right)
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return inOrder(operator, left, right)
    default:
      return operator satisfies never
  }
}

function equals(left: Value, right: Value): boolean {
  if (isArray(right)) return right.values.some((value) => equals(left, value))
  if (isList(right)) return right.some((value) => equals(left, value))
  if (isArray(left)) return left.values.some((value) => equalsOne(value, right))
  if (isList(left)) return left.some((value) => equalsOne(value, right))
  return equalsOne(left, right)
}

function equalsOne(left: Exact, right: Exact): boolean {
  if (typeof left === 'string') return stringEquals(left, right)
  if (isNumber(left)) return isNumber(right) && sameNumber(left, right)
  if (typeof left === 'boolean') return left === right
  switch (left.kind) {
    case 'ip':
      return isKind(right, 'ip')
        ? sameBytes(left.bytes, right.bytes)
        : isKind(right, 'network') && networkHas(right, left)
    case 'network':
      if (isKind(right, 'network'))
        return left.prefixBits === right.prefixBits && sameBytes(left.bytes, right.bytes)
      return isKind(right, 'ip') && networkHas(left, right)
    case 'mac':
      return macText(right) === left.text
    case 'hex':
      if (isKind(right, 'hex') || isKind(right, 'mac')) return sameBytes(left.bytes, right.bytes)
      return typeof right === 'string' && sameBytes(left.bytes, Buffer.from(right))
    case 'regex':
      // Only in an array: `[/a/, /b/] == field`.
      return typeof right === 'string' && left.test(right)
    default:
      return left satisfies never
  }
}

function stringEquals(left: string, right: Exact): boolean {
  if (typeof right === 'string') return left === right
  if (typeof right !== 'object') return false
  switch (right.kind) {
    case 'regex':
      return right.test(left)
    case 'ip':
    case 'network':
      return left === right.text || left === writtenText(right)
    case 'mac':
      return left.toLowerCase() === right.text
    case 'hex':
      return sameBytes(Buffer.from(left), right.bytes)
    default:
      return right satisfies never
  }
}

/**
 * Not the opposite of `equals`: values of other types do not differ, they cannot be compared. A list of
 * strings differs when any of its strings does, other arrays when none is equal.
 */
function differs(left: Value, right: Value): boolean {
  if (isArray(right)) return right.values.some((value) => differs(left, value))
  if (isList(right)) return right.some((value) => differs(left, value))
  if (isArray(left)) return !left.values.some((value) => equalsOne(value, right))
  if (isList(left)) return listDiffers(left, right)
  return comparable(left, right) && !equalsOne(left, right)
}

function listDiffers(list: readonly string[] | readonly number[], right: Exact): boolean {
  if (isNumbers(list)) return isNumber(right) && !list.some((value) => sameNumber(value, right))
  return list.some((value) => comparable(value, right) && !stringEquals(value, right))
}

function comparable(left: Exact, right: Exact): boolean {
  if (typeof left === 'string') return typeof right === 'string' || typeof right === 'object'
  if (isNumber(left)) return isNumber(right)
  if (typeof left === 'boolean') return typeof right === 'boolean'
  switch (left.kind) {
    case 'ip':
    case 'network':
      return isKind(right, 'ip') || isKind(right, 'network')
    case 'mac':
    case 'hex':
      return typeof right === 'string' || isKind(right, 'hex') || isKind(right, 'mac')
    case 'regex':
      return typeof right === 'string'
    default:
      return left satisfies never
  }
}

function contains(left: Value, right: Value): boolean {
  if (isArray(right) || isList(right)) return false
  if (isArray(left)) return left.values.some((value) => equalsOne(value, right))
  if (isList(left)) return left.some((value) => equalsOne(value, right))
  if (typeof left === 'string') return stringContains(left, right)
  if (isKind(left, 'ip')) return isKind(right, 'network') && networkHas(right, left)
  if (isKind(left, 'network')) return isKind(right, 'ip') && networkHas(left, right)
  return (
    isKind(left, 'hex') && isKind(right, 'hex') && Buffer.from(left.bytes).includes(Buffer.from(right.bytes))
  )
}

function stringContains(left: string, right: Exact): boolean {
  if (typeof right === 'string') return left.includes(right)
  if (typeof right !== 'object') return false
  switch (right.kind) {
    case 'regex':
      return right.test(left)
    case 'ip':
    case 'network':
      return left.includes(right.text) || left.includes(writtenText(right))
    case 'mac':
      return left.toLowerCase().includes(right.text)
    case 'hex':
      return Buffer.from(left).includes(Buffer.from(right.bytes))
    default:
      return right satisfies never
  }
}

function isIn(left: Value, right: Value): boolean {
  if (typeof left === 'string' && isArray(right) && right.strings !== undefined)
    return right.strings.has(left)
  return equals(left, right)
}

function matches(left: Value, pattern: Pattern): boolean {
  if (typeof left === 'string') return pattern.test(left)
  const values = isArray(left) ? left.values : isList(left) ? left : []
  return values.some((value) => typeof value === 'string' && pattern.test(value))
}

function inOrder(operator: 'lt' | 'le' | 'gt' | 'ge', left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) {
    if (operator === 'lt') return left < right
    if (operator === 'le') return left <= right
    return operator === 'gt' ? left > right : left >= right
  }
  if (isList(right)) return right.some((value) => inOrder(operator, left, value))
  return isList(left) && left.some((value) => inOrder(operator, value, right))
}

/** Exact across the kinds: a bigint and a number are ordered by their values, not by rounding one. */
function sameNumber(left: number | bigint, right: number | bigint): boolean {
  return left === right || (left <= right && left >= right)
}

function macText(value: Exact): string | undefined {
  if (typeof value === 'string') return value.toLowerCase()
  return isKind(value, 'mac') || isKind(value, 'hex') ? value.text : undefined
}

function writtenText(address: { readonly text: string } | WrittenAddress): string {
  return 'written' in address ? address.written : address.text
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function isList(value: Value): value is readonly string[] | readonly number[] {
  return Array.isArray(value)
}

function isNumbers(list: readonly string[] | readonly number[]): list is readonly number[] {
  return typeof list[0] === 'number'
}

function isArray(value: Value): value is LiteralArray {
  return typeof value === 'object' && !isList(value) && value.kind === 'array'
}

function isPattern(value: Value): value is Pattern {
  return typeof value === 'object' && !isList(value) && value.kind === 'regex'
}

type Kinded = Extract<Exact, { readonly kind: string }> | HexString

function isKind<Kind extends Kinded['kind']>(
  value: Exact,
  kind: Kind,
): value is Extract<Kinded, { readonly kind: Kind }> {
  return typeof value === 'object' && value.kind === kind
}
