import { setFlagsFromString } from 'node:v8'
import { type CharacterSet, classText } from './character-set.ts'
import { parseRegex, RegexMistake, type RegexNode } from './regex-syntax.ts'

export type LinearRegex =
  | {
      readonly kind: 'regex'
      /** Fit for a text of any length. */
      readonly regex: RegExp
      /** Whether the text holds a match: quicker than `regex` for short texts. */
      test(text: string): boolean
      /** Some text that stands in every match; empty when none is known. */
      readonly holds: string
      /** How many characters and places it asks for: so many looks at each character of a text, at most. */
      readonly steps: number
    }
  | { readonly kind: 'mistake'; readonly message: string }

const SOURCE_CHARACTERS_MAX = 4_096
/** Sets and places, with every repetition written out. */
const STEPS_MAX = 1_024
/** What is repeated may hold nothing, and then no steps are counted. */
const COPIES_MAX = 4_000
const WRITTEN_CHARACTERS_MAX = 256 * 1024
/**
 * With so few branches V8's compiler is quick, which it is not always: for fifty times `a?` it takes 9 s.
 */
const QUICK_BRANCHES_MAX = 8
const QUICK_STEPS_MAX = 200
/**
 * V8 counts the backtracks of one place in the text where a match may begin, so with a loop a text of many
 * such places takes time by the square of its length: 35 ms for `.*admin.*` in 8 KiB, but 0.03 ms in 256.
 */
const QUICK_LOOPS_MAX = 1
const SHORT_CHARACTERS_MAX = 256
const BACKTRACKS_MAX = 20_000

/**
 * Compiles a regular expression in the syntax of RE2 and Go. Matching takes time in proportion to the length
 * of the text, whatever the text. Groups capture only where that is asked for. A character beyond 16 bits
 * counts as two where anything is matched, as by `.` or `[^a]`.
 *
 * V8 has an engine that takes linear time, some 80 ns a character, and another that is 20 times as fast until
 * it has to go back. Simple expressions use that one: for short texts, and for all where nothing is repeated
 * without end.
 */
export function linearRegex(source: string, groups: 'captured' | 'ignored' = 'ignored'): LinearRegex {
  if (source.length > SOURCE_CHARACTERS_MAX)
    return { kind: 'mistake', message: `longer than ${SOURCE_CHARACTERS_MAX} characters` }
  try {
    return compile(parseRegex(source), groups)
  } catch (error) {
    if (error instanceof RegexMistake) return { kind: 'mistake', message: error.message }
    throw error
  }
}

function compile(node: RegexNode, groups: 'captured' | 'ignored'): LinearRegex {
  const writer = new RegexWriter(groups === 'captured' ? '(' : '(?:')
  const text = `(?:${writer.write(node)})`
  const flags = writer.flags()
  enableLinearEngine()
  let linear: RegExp
  try {
    linear = new RegExp(text, `l${flags}`)
  } catch {
    throw new RegexMistake('cannot be matched in linear time')
  }
  const quick = writer.isQuick ? new RegExp(text, flags) : linear
  const regex = writer.hasLoops ? linear : quick
  const test = (subject: string) => (subject.length <= SHORT_CHARACTERS_MAX ? quick : regex).test(subject)
  return { kind: 'regex', regex, test, holds: heldText(node), steps: writer.steps }
}

/** The longest text that stands in every match, of those that stand in one row of the expression. */
function heldText(node: RegexNode): string {
  let longest = ''
  let current = ''
  for (const part of node.kind === 'sequence' ? node.parts : [node]) {
    const character = part.kind === 'set' ? onlyCharacter(part.set) : ''
    current = character === '' ? '' : current + character
    const inside = part.kind === 'group' ? heldText(part.part) : current
    if (inside.length > longest.length) longest = inside
  }
  return longest
}

function onlyCharacter(set: CharacterSet): string {
  const [range, ...others] = set
  return range !== undefined && others.length === 0 && range[0] === range[1]
    ? String.fromCodePoint(range[0])
    : ''
}

let isEnabled = false

/** Only expressions that are compiled afterwards are concerned. */
function enableLinearEngine(): void {
  if (isEnabled) return
  setFlagsFromString('--enable-experimental-regexp-engine')
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
  setFlagsFromString(`--regexp-backtracks-before-fallback=${BACKTRACKS_MAX}`)
  isEnabled = true
}

/** Writes in the part of JavaScript's syntax that V8's linear engine knows: no counts, no letter case. */
class RegexWriter {
  steps = 0
  #loops = 0
  #copies = 0
  #branches = 0
  #characters = 0
  #loopsAround = 0
  #hasNestedLoops = false
  #asksForLines = false
  #asksForText = false
  readonly #textOfSet = new Map<CharacterSet, string>()
  readonly #opensGroup: string

  constructor(opensGroup: string) {
    this.#opensGroup = opensGroup
  }

  get hasLoops(): boolean {
    return this.#loops > 0
  }

  get isQuick(): boolean {
    if (this.#hasNestedLoops || this.#loops > QUICK_LOOPS_MAX) return false
    return this.#branches <= QUICK_BRANCHES_MAX && this.steps <= QUICK_STEPS_MAX
  }

  flags(): string {
    if (this.#asksForLines && this.#asksForText)
      throw new RegexMistake('ends of lines and ends of the text cannot both be asked for')
    return this.#asksForLines ? 'm' : ''
  }

  write(node: RegexNode): string {
    switch (node.kind) {
      case 'set':
        return this.#set(node.set)
      case 'place':
        return this.#place(node.place)
      case 'sequence':
        return node.parts.map((part) => this.write(part)).join('')
      case 'choice':
        this.#branches += node.branches.length - 1
        return `(?:${node.branches.map((branch) => this.write(branch)).join('|')})`
      case 'group':
        return `${this.#opensGroup}${this.write(node.part)})`
      case 'repeat':
        return this.#repeat(node)
      default:
        return node satisfies never
    }
  }

  /** Characters beyond 16 bits, of which there is no class, are branches. */
  #set(set: CharacterSet): string {
    const text = this.#textOfSet.get(set) ?? classText(set)
    this.#textOfSet.set(set, text)
    if (text.startsWith('(?:')) this.#branches += text.split('|').length
    return this.#step(text)
  }

  #step(text: string): string {
    this.steps += 1
    this.#characters += text.length
    if (this.steps > STEPS_MAX || this.#characters > WRITTEN_CHARACTERS_MAX)
      throw new RegexMistake('expression too large')
    return text
  }

  #place(place: Extract<RegexNode, { kind: 'place' }>['place']): string {
    if (place.startsWith('line')) this.#asksForLines = true
    if (place.startsWith('text')) this.#asksForText = true
    if (place.endsWith('word')) return this.#step(place === 'word' ? '\\b' : '\\B')
    return this.#step(place.endsWith('start') ? '^' : '$')
  }

  /** `x{2,4}` is `xx(?:x(?:x)?)?`; each writing counts, so that the whole is bounded. */
  #repeat({ part, least, most, isLazy }: Extract<RegexNode, { kind: 'repeat' }>): string {
    const lazy = isLazy ? '?' : ''
    const isEndless = most === Number.POSITIVE_INFINITY
    let text = ''
    for (let count = isEndless ? 1 : 0; count < least; count += 1) text += `(?:${this.#copy(part)})`
    if (isEndless) {
      this.#branches += 1
      this.#loops += 1
      if (this.#loopsAround > 0) this.#hasNestedLoops = true
      this.#loopsAround += 1
      text += `(?:${this.#copy(part)})${least > 0 ? '+' : '*'}${lazy}`
      this.#loopsAround -= 1
      return text
    }
    const optional = most - least
    this.#branches += optional
    for (let count = 0; count < optional; count += 1) text += `(?:${this.#copy(part)}`
    return text + `)?${lazy}`.repeat(optional)
  }

  #copy(part: RegexNode): string {
    this.#copies += 1
    if (this.#copies > COPIES_MAX) throw new RegexMistake('expression too large')
    return this.write(part)
  }
}
