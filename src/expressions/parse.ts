import { nearest } from '../base/index.ts'
import { FUNCTIONS } from './functions.ts'
import { type Literal, literalArray } from './literal.ts'
import { NoExpression } from './syntax-mistake.ts'
import type { Comparison, Operand, SyntaxTree } from './syntax-tree.ts'
import { type Mark, OPERATOR_WORDS, type Operator, readTokens, type Token } from './tokens.ts'

export const NESTING_MAX = 200
export const SOURCE_CHARACTERS_MAX = 64 * 1024

const SIGNS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const

/** Reads an expression; throws `NoExpression`. */
export function parseExpression(source: string): SyntaxTree {
  if (source.length > SOURCE_CHARACTERS_MAX)
    throw new NoExpression(0, `the expression is longer than ${SOURCE_CHARACTERS_MAX} characters`)
  return new Parser(source, readTokens(source)).read()
}

class Parser {
  readonly #source: string
  readonly #tokens: readonly Token[]
  #index = 0
  #depth = 0

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source
    this.#tokens = tokens
  }

  read(): SyntaxTree {
    const first = this.#token
    if (first.kind === 'end') throw new NoExpression(0, 'expected an expression')
    const tree = this.#or()
    const last = this.#token
    if (last.kind !== 'end') throw this.#unexpected('expected and, or, or the end')
    return tree
  }

  #or(): SyntaxTree {
    return this.#joined('or', () => this.#joined('and', () => this.#not()))
  }

  /** Kept flat: thousands of parts may stand side by side. */
  #joined(kind: 'and' | 'or', next: () => SyntaxTree): SyntaxTree {
    const first = next()
    if (!this.#isOperator(kind)) return first
    const parts = [first]
    while (this.#takeOperator(kind)) parts.push(next())
    return { kind, parts }
  }

  #not(): SyntaxTree {
    const { at } = this.#token
    if (this.#takeOperator('not')) return this.#nested(at, () => ({ kind: 'not', part: this.#not() }))
    if (!this.#takeMark('(')) return this.#predicate()
    return this.#nested(at, () => {
      const tree = this.#or()
      if (!this.#takeMark(')')) throw this.#unexpected('expected and, or, or )')
      return tree
    })
  }

  #nested<Result>(at: number, read: () => Result): Result {
    this.#depth += 1
    if (this.#depth > NESTING_MAX) throw new NoExpression(at, `nested deeper than ${NESTING_MAX} levels`)
    const result = read()
    this.#depth -= 1
    return result
  }

  #predicate(): SyntaxTree {
    const begin = this.#token
    const left = this.#operand('expected a field, a value or a function')
    const token = this.#token
    const operator = token.kind === 'operator' ? token.operator : undefined
    if (operator === 'not') throw this.#infixNot(begin)
    const isComparison = operator !== undefined && operator !== 'and' && operator !== 'or'
    if (isPattern(left)) throw patternOnLeft(begin, isComparison)
    if (!isComparison) return { kind: 'truth', operand: left }
    this.#index += 1
    const right = this.#right(operator, left, begin)
    return { kind: 'comparison', operator, left, right }
  }

  #right(operator: Comparison, left: Operand, begin: Token): Operand {
    const token = this.#token
    switch (operator) {
      case 'lt':
      case 'le':
      case 'gt':
      case 'ge': {
        this.#mustBeNumber(left, begin, operator)
        const right = this.#operand(`expected a number or a field after ${SIGNS[operator]}`)
        this.#mustBeNumber(right, token, operator)
        return right
      }
      case 'matches': {
        const right = this.#operand('expected a regular expression such as /a.*b/')
        if (isPattern(right)) return right
        const isText = right.kind === 'literal' && typeof right.value === 'string'
        const pattern = isText ? `/${String(right.value).replaceAll('/', '\\/')}/` : '/a.*b/'
        throw new NoExpression(token.at, 'expected a regular expression', `matches ${pattern}`)
      }
      case 'in': {
        const right = this.#operand('expected an array or a network')
        if (right.kind === 'array' || isNetwork(right)) return right
        const written = this.#source.slice(token.at, this.#before.end)
        const suggestion = right.kind === 'literal' ? `in [${written}]` : `contains, or == ${written}`
        throw new NoExpression(token.at, 'expected an array or a network', suggestion)
      }
      case 'eq':
      case 'ne':
      case 'contains':
        return this.#operand('expected a field, a value or a function')
      default:
        return operator satisfies never
    }
  }

  #mustBeNumber(operand: Operand, token: Token, operator: keyof typeof SIGNS): void {
    if (operand.kind === 'field') return
    const value = operand.kind === 'literal' ? operand.value : undefined
    if (typeof value === 'number' || typeof value === 'bigint') return
    const isNumeric = typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value)
    const suggestion = isNumeric ? `write ${value} without quotes` : 'compare other values by == or !='
    throw new NoExpression(token.at, `${SIGNS[operator]} compares only numbers and fields`, suggestion)
  }

  #operand(expected: string): Operand {
    const token = this.#token
    if (token.kind === 'literal') {
      this.#index += 1
      return { kind: 'literal', value: token.value }
    }
    if (token.kind === 'name') {
      this.#index += 1
      return this.#takeMark('(') ? this.#call(token.name, token.at) : { kind: 'field', name: token.name }
    }
    if (this.#takeMark('[')) return this.#array()
    throw this.#unexpected(expected)
  }

  #array(): Operand {
    const values: Literal[] = []
    do {
      const token = this.#token
      if (token.kind !== 'literal') throw this.#unexpected('expected a value: an array holds values only')
      values.push(token.value)
      this.#index += 1
    } while (this.#takeMark(','))
    if (!this.#takeMark(']')) throw this.#unexpected('expected , or ]')
    return { kind: 'array', array: literalArray(values) }
  }

  #call(name: string, at: number): Operand {
    if (/[.-]/.test(name)) {
      const meant = name.replaceAll(/[.-]/g, '_')
      throw new NoExpression(at, `"${name}" is no name of a function`, `${meant}(…)`)
    }
    const args = this.#nested(at, () => this.#args())
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (known?.isLibrary === true && known.arity !== args.length)
      throw new NoExpression(at, `function "${name}" expects ${known.arity} arguments, got ${args.length}`)
    return { kind: 'call', name, args, at }
  }

  #args(): readonly Operand[] {
    const args: Operand[] = []
    if (this.#takeMark(')')) return args
    do args.push(this.#operand('expected an argument'))
    while (this.#takeMark(','))
    if (!this.#takeMark(')')) throw this.#unexpected('expected , or )')
    return args
  }

  /** `a not in [1]`: the words were understood once, so many write them. */
  #infixNot(begin: Token): NoExpression {
    const left = this.#source.slice(begin.at, this.#before.end)
    const { at } = this.#token
    this.#index += 1
    const word = this.#token
    const message = 'not stands in front of what it negates'
    if (word.kind !== 'operator' || word.operator === 'and' || word.operator === 'or')
      return new NoExpression(at, message)
    this.#index += 1
    const rightAt = this.#token.at
    this.#operand('expected a value')
    const right = this.#source.slice(rightAt, this.#before.end)
    const operator = this.#source.slice(word.at, word.end)
    return new NoExpression(at, message, `not (${left} ${operator} ${right})`)
  }

  #unexpected(expected: string): NoExpression {
    const token = this.#token
    // Not behind the blanks and comments that follow: that line may be empty.
    if (token.kind === 'end') return new NoExpression(this.#before.end, `unexpected end, ${expected}`)
    const meant = token.kind === 'name' ? nearest(token.name, OPERATOR_WORDS) : undefined
    const written = this.#source.slice(token.at, token.end)
    const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written
    return new NoExpression(token.at, `unexpected ${shown}, ${expected}`, meant)
  }

  get #token(): Token {
    return this.#tokens[this.#index] ?? { kind: 'end', at: this.#source.length, end: this.#source.length }
  }

  get #before(): Token {
    return this.#tokens[this.#index - 1] ?? this.#token
  }

  #isOperator(operator: Operator): boolean {
    const token = this.#token
    return token.kind === 'operator' && token.operator === operator
  }

  #takeOperator(operator: Operator): boolean {
    if (!this.#isOperator(operator)) return false
    this.#index += 1
    return true
  }

  #takeMark(mark: Mark): boolean {
    const token = this.#token
    if (token.kind !== 'mark' || token.mark !== mark) return false
    this.#index += 1
    return true
  }
}

function isPattern(operand: Operand): boolean {
  return operand.kind === 'literal' && typeof operand.value === 'object' && operand.value.kind === 'regex'
}

function isNetwork(operand: Operand): boolean {
  return operand.kind === 'literal' && typeof operand.value === 'object' && operand.value.kind === 'network'
}

function patternOnLeft({ at }: Token, isCompared: boolean): NoExpression {
  const message = 'a regular expression stands on the right of what it is compared with'
  return new NoExpression(at, message, isCompared ? 'exchange the sides' : 'field matches /a.*b/')
}
