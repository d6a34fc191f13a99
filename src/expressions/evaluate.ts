import { nearest } from '../base/index.ts'
import { compare, isTruthy, type Value } from './compare.ts'
import type { Expression, Fields, Macros, MiscountedCall, Outcome, UnknownFunction } from './expression.ts'
import {
  FUNCTION_NAMES,
  FUNCTIONS,
  FunctionProblem,
  type LanguageFunction,
  loadSuffixes,
} from './functions.ts'
import type { Literal } from './literal.ts'
import { NESTING_MAX } from './parse.ts'
import { NoExpression, placeOf } from './syntax-mistake.ts'
import type { Operand, SyntaxTree } from './syntax-tree.ts'

/** So many operations take less than a millisecond; macros that call macros could ask for any number. */
const STEPS_MAX = 20_000
/** For all regular expressions of one expression together. */
const REGEX_STEPS_MAX = 2_048
/** A parenthesis of the text may be three levels here, such as of or, and, and not. */
const DEPTH_MAX = 3 * NESTING_MAX + 8

/** An expression that came to no value. One object for each field that may be missing, made in advance. */
class Failure {
  readonly kind: 'missing' | 'problem'
  readonly fields: readonly string[]
  readonly message: string

  constructor(kind: 'missing' | 'problem', fields: readonly string[], message: string) {
    this.kind = kind
    this.fields = fields
    this.message = message
  }
}

type Evaluate = (fields: Fields) => Value | Failure

const TRUE: Outcome = { kind: 'value', value: true }
const FALSE: Outcome = { kind: 'value', value: false }

export class ReadyExpression implements Expression {
  readonly text: string
  readonly fieldNames: readonly string[]
  readonly unknownFunctions: readonly UnknownFunction[]
  readonly miscounted: readonly MiscountedCall[]
  /** How many operations it is at most, and how deep they are nested, those of its macros included. */
  readonly steps: number
  readonly depth: number
  readonly regexSteps: number
  readonly #evaluate: Evaluate

  constructor(text: string, tree: SyntaxTree, macros: Macros) {
    const builder = new Builder(text, macros)
    this.text = text
    this.#evaluate = builder.build(tree)
    this.fieldNames = [...builder.fieldNames]
    this.unknownFunctions = builder.unknownFunctions
    this.miscounted = builder.miscounted
    this.steps = builder.steps
    this.depth = builder.depth
    this.regexSteps = builder.regexSteps
  }

  evaluate(fields: Fields): Outcome {
    const result = this.#evaluate(fields)
    if (result === true) return TRUE
    if (result === false) return FALSE
    if (!(result instanceof Failure)) return { kind: 'value', value: result }
    const { kind, message } = result
    return kind === 'missing' ? { kind, fields: result.fields } : { kind, message }
  }

  passes(fields: Fields): boolean {
    const result = this.#evaluate(fields)
    return result === true || (!(result instanceof Failure) && isTruthy(result))
  }

  run(fields: Fields): Value | Failure {
    return this.#evaluate(fields)
  }
}

/** Makes closures of a tree, once. */
class Builder {
  readonly fieldNames = new Set<string>()
  readonly unknownFunctions: UnknownFunction[] = []
  readonly miscounted: MiscountedCall[] = []
  steps = 0
  depth = 0
  regexSteps = 0
  readonly #source: string
  readonly #macros: Macros
  #level = 0

  constructor(source: string, macros: Macros) {
    this.#source = source
    this.#macros = macros
  }

  build(tree: SyntaxTree): Evaluate {
    this.#level += 1
    this.#count(0, 1, 0)
    const evaluate = this.#buildTree(tree)
    this.#level -= 1
    return evaluate
  }

  #buildTree(tree: SyntaxTree): Evaluate {
    switch (tree.kind) {
      case 'and':
        return every(tree.parts.map((part) => this.build(part)))
      case 'or':
        return some(tree.parts.map((part) => this.build(part)))
      case 'not':
        return not(this.build(tree.part))
      case 'truth':
        return this.#operand(tree.operand)
      case 'comparison': {
        const { operator, left, right } = tree
        if (left.kind === 'field' && right.kind === 'literal' && typeof right.value !== 'object')
          return this.#compareField(left.name, operator, right.value)
        const leftOf = this.#operand(left)
        const rightOf = this.#operand(right)
        return (fields) => {
          const one = leftOf(fields)
          const other = rightOf(fields)
          if (one instanceof Failure || other instanceof Failure) return firstOrBoth(one, other)
          return compare(operator, one, other)
        }
      }
      default:
        return tree satisfies never
    }
  }

  /** What most rules are made of. */
  #compareField(
    name: string,
    operator: Extract<SyntaxTree, { kind: 'comparison' }>['operator'],
    wanted: string | number | bigint | boolean,
  ): Evaluate {
    const missing = this.#missing(name)
    return (fields) => {
      const value = fields(name)
      return value === undefined ? missing : compare(operator, value, wanted)
    }
  }

  #operand(operand: Operand): Evaluate {
    switch (operand.kind) {
      case 'literal': {
        const { value } = operand
        this.#countRegex(value)
        return () => value
      }
      case 'array': {
        const { array } = operand
        for (const value of array.values) this.#countRegex(value)
        return () => array
      }
      case 'field': {
        const { name } = operand
        const missing = this.#missing(name)
        return (fields) => fields(name) ?? missing
      }
      case 'call':
        return this.#call(operand)
      default:
        return operand satisfies never
    }
  }

  #missing(name: string): Failure {
    this.fieldNames.add(name)
    return new Failure('missing', [name], '')
  }

  #call({ name, args, at }: Extract<Operand, { kind: 'call' }>): Evaluate {
    this.#level += 1
    this.#count(at, 1, 0)
    const evaluates = args.map((argument) => this.#operand(argument))
    this.#level -= 1
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (known !== undefined && args.length !== known.arity)
      return this.#miscounted(at, `function "${name}" expects ${known.arity} arguments, got ${args.length}`)
    if (known !== undefined) return callFunction(name, known, evaluates)
    const macro = this.#macros.find(name)
    if (macro === undefined) {
      const suggestion = nearest(name, [...FUNCTION_NAMES, ...this.#macros.names])
      this.unknownFunctions.push({ name, ...placeOf(this.#source, at), suggestion })
      return always(problem(`unknown function "${name}"`))
    }
    if (args.length > 0)
      return this.#miscounted(at, `macro "${name}" expects 0 arguments, got ${args.length}`)
    for (const field of macro.fieldNames) this.fieldNames.add(field)
    if (!(macro instanceof ReadyExpression)) return always(problem(`unknown function "${name}"`))
    this.#count(at, macro.steps, macro.depth)
    this.#countRegexSteps(at, macro.regexSteps)
    return (fields) => macro.run(fields)
  }

  #miscounted(at: number, message: string): Evaluate {
    this.miscounted.push({ message, ...placeOf(this.#source, at) })
    return always(problem(message))
  }

  #count(at: number, steps: number, depth: number): void {
    this.steps += steps
    this.depth = Math.max(this.depth, this.#level + depth)
    if (this.steps > STEPS_MAX)
      throw new NoExpression(at, `more than ${STEPS_MAX} operations, those of macros included`)
    if (this.depth > DEPTH_MAX)
      throw new NoExpression(at, `macros are nested deeper than ${DEPTH_MAX} levels`)
  }

  #countRegex(value: Literal): void {
    if (typeof value === 'object' && value.kind === 'regex') this.#countRegexSteps(value.at, value.steps)
  }

  #countRegexSteps(at: number, steps: number): void {
    this.regexSteps += steps
    if (this.regexSteps > REGEX_STEPS_MAX)
      throw new NoExpression(at, 'the regular expressions are too large, those of macros included')
  }
}

/** The first that fails decides, wherever it stands; failing to come to a value decides only without it. */
function every(parts: readonly Evaluate[]): Evaluate {
  return (fields) => {
    let failure: Failure | undefined
    for (const part of parts) {
      const result = part(fields)
      if (result instanceof Failure) failure = failure === undefined ? result : both(failure, result)
      else if (!isTruthy(result)) return result
    }
    return failure ?? true
  }
}

function some(parts: readonly Evaluate[]): Evaluate {
  return (fields) => {
    let failure: Failure | undefined
    for (const part of parts) {
      const result = part(fields)
      if (result instanceof Failure) failure = failure === undefined ? result : both(failure, result)
      else if (isTruthy(result)) return result
    }
    return failure ?? false
  }
}

function not(part: Evaluate): Evaluate {
  return (fields) => {
    const result = part(fields)
    return result instanceof Failure ? result : !isTruthy(result)
  }
}

function always(failure: Failure): Evaluate {
  return () => failure
}

function callFunction(name: string, called: LanguageFunction, args: readonly Evaluate[]): Evaluate {
  if (name === 'zone') loadSuffixes()
  return (fields) => {
    const values: Value[] = []
    for (const argument of args) {
      const value = argument(fields)
      if (value instanceof Failure) return value
      values.push(value)
    }
    const result = called.call(values)
    return result instanceof FunctionProblem ? problem(result.message) : result
  }
}

function problem(message: string): Failure {
  return new Failure('problem', [], message)
}

function firstOrBoth(one: Value | Failure, other: Value | Failure): Failure {
  if (!(one instanceof Failure)) return other instanceof Failure ? other : problem('')
  return other instanceof Failure ? both(one, other) : one
}

/** Only missing fields stay missing fields; with anything else it is a problem that tells of all. */
function both(one: Failure, other: Failure): Failure {
  if (one === other) return one
  if (one.kind === 'missing' && other.kind === 'missing') {
    const added = other.fields.filter((name) => !one.fields.includes(name))
    return added.length === 0 ? one : new Failure('missing', [...one.fields, ...added], '')
  }
  const [first, second] = [messageOf(one), messageOf(other)]
  return first.includes(second) ? one : problem(`${first}; ${second}`)
}

function messageOf({ kind, fields, message }: Failure): string {
  return kind === 'missing' ? `missing fields: [${fields.join(' ')}]` : message
}
