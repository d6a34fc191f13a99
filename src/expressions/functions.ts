import { createRequire } from 'node:module'
import type { Value } from './compare.ts'

/** A function of the language: it gets as many arguments as it expects, and gives a value or a problem. */
export interface LanguageFunction {
  /** A wrong number of arguments is a mistake of the text for these, a problem at run time for the others. */
  readonly isLibrary: boolean
  readonly arity: number
  call(args: readonly Value[]): Value | FunctionProblem
}

export class FunctionProblem {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export const FUNCTIONS: Readonly<Record<string, LanguageFunction>> = {
  starts_with: {
    isLibrary: true,
    arity: 2,
    call: ([value = '', prefix = '']) => textOf(value).startsWith(textOf(prefix)),
  },
  zone: {
    isLibrary: false,
    arity: 1,
    call: ([domain = '']) => (typeof domain === 'string' ? zoneOf(domain) : expectedString('domain', domain)),
  },
  in_zone: {
    isLibrary: false,
    arity: 2,
    call: ([domain = '', zone = '']) => {
      if (typeof domain !== 'string') return expectedString('domain', domain)
      if (typeof zone !== 'string') return expectedString('zone', zone)
      return domain === zone || domain.endsWith(`.${zone}`)
    },
  },
}

export const FUNCTION_NAMES = Object.keys(FUNCTIONS)

function expectedString(argument: string, value: Value): FunctionProblem {
  return new FunctionProblem(`arg ${argument}: expected string, got ${typeName(value)}`)
}

function typeName(value: Value): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'object' && 'kind' in value) return value.kind
  return typeof value === 'boolean' ? 'bool' : 'number'
}

function textOf(value: Value): string {
  if (Array.isArray(value)) return `[${value.join(' ')}]`
  if (typeof value !== 'object' || !('kind' in value)) return String(value)
  if (value.kind === 'array') return `[${value.values.map((item) => textOf(item)).join(' ')}]`
  return value.kind === 'regex' ? value.regex.source : value.text
}

type Suffixes = typeof import('tldts')

let suffixes: Suffixes | undefined

/** The list of public suffixes takes 20 ms and more to load, and most configurations never ask for it. */
export function loadSuffixes(): Suffixes {
  suffixes ??= createRequire(import.meta.url)('tldts') as Suffixes
  return suffixes
}

const SUFFIX_OPTIONS = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const

/** The public suffix and one label in front of it; the name itself where there is no such thing. */
function zoneOf(domain: string): string {
  const name = domain.endsWith('.') ? domain.slice(0, -1) : domain
  return loadSuffixes().getDomain(name, SUFFIX_OPTIONS) ?? name
}
