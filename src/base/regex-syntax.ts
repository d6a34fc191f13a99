import {
  ANY,
  type CharacterSet,
  complementOf,
  DIGITS,
  foldCase,
  POSIX_SETS,
  SPACES,
  setOf,
  unicodeSet,
  WORDS,
} from './character-set.ts'

/** What a regular expression is made of. */
export type RegexNode =
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | {
      readonly kind: 'place'
      readonly place: 'text start' | 'text end' | 'line start' | 'line end' | 'word' | 'no word'
    }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly RegexNode[] }
  /** What is in brackets that capture. */
  | { readonly kind: 'group'; readonly part: RegexNode }
  | {
      readonly kind: 'repeat'
      readonly part: RegexNode
      readonly least: number
      /** Infinity for no end. */
      readonly most: number
      readonly isLazy: boolean
    }

export const REPEATS_MAX = 1_000
const DEPTH_MAX = 200

interface Flags {
  readonly ignoreCase: boolean
  readonly lines: boolean
  readonly dotAll: boolean
  readonly ungreedy: boolean
}

/** Why a text is no regular expression; thrown and caught within this folder. */
export class RegexMistake extends Error {}

/** Reads a regular expression as RE2 and Go write it; throws `RegexMistake`. */
export function parseRegex(source: string): RegexNode {
  return new RegexReader(source).read()
}

const NOT_LINE_END = complementOf([[10, 10]])
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const ESCAPED_SETS: Readonly<Record<string, CharacterSet>> = {
  d: DIGITS,
  D: complementOf(DIGITS),
  s: SPACES,
  S: complementOf(SPACES),
  w: WORDS,
  W: complementOf(WORDS),
}
const ESCAPED_PLACES = { A: 'text start', z: 'text end', b: 'word', B: 'no word' } as const

class RegexReader {
  readonly #source: string
  #at = 0
  #depth = 0
  #flags: Flags = { ignoreCase: false, lines: false, dotAll: false, ungreedy: false }
  readonly #names = new Set<string>()

  constructor(source: string) {
    this.#source = source
  }

  read(): RegexNode {
    const node = this.#choice()
    if (this.#at < this.#source.length) throw new RegexMistake('unexpected )')
    return node
  }

  #choice(): RegexNode {
    const branches = [this.#sequence()]
    while (this.#take('|')) branches.push(this.#sequence())
    const [only] = branches
    return branches.length === 1 && only !== undefined ? only : { kind: 'choice', branches }
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = []
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      if (this.#take('\\Q')) {
        parts.push(...this.#quoted())
        continue
      }
      const begin = this.#at
      const part = this.#part()
      if (part !== undefined) parts.push(this.#repeated(part, begin))
    }
    return { kind: 'sequence', parts }
  }

  /** Up to `\E`, or the end, every character stands for itself; what repeats, repeats the last. */
  #quoted(): readonly RegexNode[] {
    const end = this.#source.indexOf('\\E', this.#at)
    const text = this.#source.slice(this.#at, end === -1 ? undefined : end)
    this.#at = end === -1 ? this.#source.length : end + 2
    const parts = Array.from(text, (character) => this.#setNode(setOfPoint(character.codePointAt(0) ?? 0)))
    const last = parts.pop()
    return last === undefined ? [] : [...parts, this.#repeated(last, this.#at)]
  }

  /** Undefined for flags, which are no part of what is matched. */
  #part(): RegexNode | undefined {
    const character = this.#next()
    switch (character) {
      case '(':
        return this.#group()
      case '[':
        return this.#setNode(this.#class())
      case '.':
        return { kind: 'set', set: this.#flags.dotAll ? ANY : NOT_LINE_END }
      case '^':
        return { kind: 'place', place: this.#flags.lines ? 'line start' : 'text start' }
      case '$':
        return { kind: 'place', place: this.#flags.lines ? 'line end' : 'text end' }
      case '*':
      case '+':
      case '?':
        throw new RegexMistake(`missing argument to repetition operator: ${character}`)
      case '\\': {
        const place = placeNamed(this.#source[this.#at])
        if (place === undefined) return this.#setNode(this.#escaped())
        this.#at += 1
        return { kind: 'place', place }
      }
      default:
        return this.#setNode(setOfPoint(character.codePointAt(0) ?? 0))
    }
  }

  #setNode(set: CharacterSet): RegexNode {
    return { kind: 'set', set: this.#flags.ignoreCase ? foldCase(set) : set }
  }

  #repeated(part: RegexNode, begin: number): RegexNode {
    const counts = this.#counts()
    if (counts === undefined) return part
    const { least, most } = counts
    const isLazy = this.#take('?') !== this.#flags.ungreedy
    const second = this.#at
    if (this.#counts() !== undefined) {
      const operator = this.#source.slice(second, this.#at)
      throw new RegexMistake(`invalid nested repetition operator: ${operator} at ${begin + 1}`)
    }
    return { kind: 'repeat', part, least, most, isLazy }
  }

  #counts(): { readonly least: number; readonly most: number } | undefined {
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY }
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY }
    if (this.#take('?')) return { least: 0, most: 1 }
    const written = this.#matched(/\{(\d{1,9})(?:(,)(\d{1,9})?)?\}/y)
    if (written === undefined) return undefined
    const least = Number(written[1])
    const endless = Number.POSITIVE_INFINITY
    const most = written[3] !== undefined ? Number(written[3]) : written[2] === undefined ? least : endless
    if (least > REPEATS_MAX || (most > REPEATS_MAX && most !== endless) || most < least)
      throw new RegexMistake(`invalid repeat count: ${written[0]}`)
    return { least, most }
  }

  #group(): RegexNode | undefined {
    const outer = this.#flags
    let captures = true
    if (this.#take('?')) {
      const named = this.#matched(/P?<(?![=!])([^>]*)>/y)
      if (named !== undefined) this.#learnName(named[1] ?? '')
      else {
        const flags = this.#matched(/([imsU]*)(?:-([imsU]+))?([:)])/y)
        if (flags === undefined || (flags[1] === '' && flags[2] === undefined && flags[3] === ')')) {
          const shown = `(?${this.#matched(/<?[^:)]/y)?.[0] ?? ''}`
          throw new RegexMistake(`invalid or unsupported Perl syntax: ${shown}`)
        }
        this.#setFlags(flags[1] ?? '', true)
        this.#setFlags(flags[2] ?? '', false)
        if (flags[3] === ')') return undefined
        captures = false
      }
    }
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new RegexMistake(`groups are nested deeper than ${DEPTH_MAX}`)
    const node = this.#choice()
    if (!this.#take(')')) throw new RegexMistake('missing closing )')
    this.#depth -= 1
    this.#flags = outer
    return captures ? { kind: 'group', part: node } : node
  }

  #learnName(name: string): void {
    if (!/^\w+$/.test(name)) throw new RegexMistake(`invalid group name: ${name}`)
    if (this.#names.has(name)) throw new RegexMistake(`duplicate group name: ${name}`)
    this.#names.add(name)
  }

  #setFlags(letters: string, value: boolean): void {
    for (const letter of letters) {
      if (letter === 'i') this.#flags = { ...this.#flags, ignoreCase: value }
      if (letter === 'm') this.#flags = { ...this.#flags, lines: value }
      if (letter === 's') this.#flags = { ...this.#flags, dotAll: value }
      if (letter === 'U') this.#flags = { ...this.#flags, ungreedy: value }
    }
  }

  #class(): CharacterSet {
    const isNegated = this.#take('^')
    const ranges: (readonly [number, number])[] = []
    for (let isFirst = true; isFirst || !this.#sees(']'); isFirst = false) {
      if (this.#at >= this.#source.length) throw new RegexMistake('missing closing ]')
      const posix = this.#matched(/\[:(\^?)([a-z]*):\]/y)
      if (posix !== undefined) {
        ranges.push(...namedSet(posix[2] ?? '', posix[1] === '^', POSIX_SETS, posix[0]))
        continue
      }
      ranges.push(...this.#classMember())
    }
    this.#at += 1
    // Of letters all cases are meant, of `[^a]` with (?i) too: so cases are added before turning it round.
    const set = this.#flags.ignoreCase ? foldCase(setOf(ranges)) : setOf(ranges)
    return isNegated ? complementOf(set) : set
  }

  #classMember(): CharacterSet {
    const begin = this.#at
    const first = this.#classPoint()
    if (this.#sees('-') && this.#source[this.#at + 1] !== ']' && this.#at + 1 < this.#source.length) {
      const [low, lowEnd] = first[0] ?? [0, 0]
      if (first.length === 1 && low === lowEnd) {
        this.#at += 1
        const [high, highEnd] = this.#classPoint()[0] ?? [0, 0]
        if (high !== highEnd || high < low)
          throw new RegexMistake(`invalid character class range: ${this.#source.slice(begin, this.#at)}`)
        return [[low, high]]
      }
    }
    return first
  }

  #classPoint(): CharacterSet {
    if (this.#take('\\')) return this.#escaped()
    return setOfPoint(this.#next().codePointAt(0) ?? 0)
  }

  /** Behind a backslash. */
  #escaped(): CharacterSet {
    if (this.#at >= this.#source.length) throw new RegexMistake('trailing backslash at end of expression')
    const unicode = this.#matched(/([pP])(?:\{(\^?)([^}]*)\}|([A-Za-z]))/y)
    if (unicode !== undefined) {
      const isNegated = (unicode[1] === 'P') !== (unicode[2] === '^')
      const name = unicode[3] ?? unicode[4] ?? ''
      const set = unicodeSet(name)
      if (set === undefined) throw new RegexMistake(`invalid character class range: \\${unicode[0]}`)
      return isNegated ? complementOf(set) : set
    }
    const hex = this.#matched(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/y)
    if (hex !== undefined) {
      const point = Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
      if (point > 0x10ffff) throw new RegexMistake(`invalid escape sequence: \\${hex[0]}`)
      return setOfPoint(point)
    }
    const octal = this.#matched(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)
    if (octal !== undefined) return setOfPoint(Number.parseInt(octal[0], 8))
    const character = this.#next()
    if (Object.hasOwn(ESCAPED_SETS, character)) return ESCAPED_SETS[character] ?? []
    if (Object.hasOwn(CONTROLS, character)) return setOfPoint(CONTROLS[character] ?? 0)
    if (/^[1-9]$/.test(character))
      throw new RegexMistake(`back-references such as \\${character} are not supported`)
    if (/^[^A-Za-z0-9]$/.test(character) && character < '\x80')
      return setOfPoint(character.codePointAt(0) ?? 0)
    throw new RegexMistake(`invalid escape sequence: \\${character}`)
  }

  /** The next character, both halves of it, and passes it. */
  #next(): string {
    const point = this.#source.codePointAt(this.#at)
    if (point === undefined) throw new RegexMistake('the expression ends too early')
    const character = String.fromCodePoint(point)
    this.#at += character.length
    return character
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    if (!this.#sees(text)) return false
    this.#at += text.length
    return true
  }

  #matched(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#source)
    if (found === null) return undefined
    this.#at += found[0].length
    return found
  }
}

function setOfPoint(point: number): CharacterSet {
  return [[point, point]]
}

function placeNamed(letter: string | undefined) {
  if (letter === 'A' || letter === 'z' || letter === 'b' || letter === 'B') return ESCAPED_PLACES[letter]
  return undefined
}

function namedSet(
  name: string,
  isNegated: boolean,
  sets: Readonly<Record<string, CharacterSet>>,
  written: string,
): CharacterSet {
  const set = Object.hasOwn(sets, name) ? sets[name] : undefined
  if (set === undefined) throw new RegexMistake(`invalid character class range: ${written}`)
  return isNegated ? complementOf(set) : set
}
