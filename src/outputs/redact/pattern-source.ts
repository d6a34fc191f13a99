/** A part of a regular expression, written again so that it captures nothing. */
interface Piece {
  readonly whole: string
  /** Matches every beginning of what `whole` matches, the empty one too, but need not match all of it. */
  readonly beginnings: string
  /** A group that captured, and is not repeated. */
  readonly captured?: true
  /** Of a group that is not repeated: what is in it. */
  readonly inner?: readonly (readonly Piece[])[]
}

/** A pattern with all that is needed to find its matches, their parts, and their beginnings. */
export interface PatternSource {
  /** Every match consists of what its groups capture, one after the other. */
  readonly source: string
  /** Of each of these groups whether it is to be replaced; empty when the whole match is. */
  readonly replaced: readonly boolean[]
  /** Matches what a match may begin with, where it is followed by `TEXT_END`. */
  readonly beginnings: string | undefined
}

/** Stands behind a text that was cut: no character (Unicode 23.7), so that patterns do not ask for it. */
export const TEXT_END = '\uffff'

const NESTING_MAX = 250
const BEGINNINGS_CHARACTERS_MAX = 200_000
/** A class, an escape that stands for one character, or a character. */
const CHARACTER =
  /\[(?:[^\]\\]|\\[\s\S])*\]|\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^1-9ux0bBkcpP])|[^\\[\](){}|?*+^$]/y
const PLACE = /[\^$]|\\[bB]/y
const OPENED = /\((?:\?:)?/y
const REPEATED = /[*+?]\??/y

/** Reads what `linearRegex` writes; undefined for what is written otherwise. */
export function readPatternSource(source: string): PatternSource | undefined {
  const reader = new Reader(source)
  const read = reader.alternatives(0)
  if (read === undefined || !reader.isAtEnd) return undefined
  const alternatives = opened(read)
  const beginnings = `(?:${alternatives.map(beginningsOf).join('|')})${TEXT_END}`
  const parts = alternatives.map(partsOf)
  const hasGroups = alternatives.every((pieces) => pieces.some((piece) => piece.captured === true))
  return {
    source: hasGroups
      ? parts.map((ofOne) => ofOne.map(({ text }) => `(${text})`).join('')).join('|')
      : alternatives.map(wholeOf).join('|'),
    replaced: hasGroups ? parts.flatMap((ofOne) => ofOne.map((part) => part.replaced)) : [],
    beginnings: beginnings.length > BEGINNINGS_CHARACTERS_MAX ? undefined : beginnings,
  }
}

type Alternatives = readonly (readonly Piece[])[]

/** Without brackets that capture nothing around all of it. */
function opened(alternatives: Alternatives): Alternatives {
  let inside = alternatives
  for (;;) {
    const [only] = inside
    const [piece] = only ?? []
    if (inside.length !== 1 || only?.length !== 1 || piece?.inner === undefined || piece.captured)
      return inside
    inside = piece.inner
  }
}

/** What stands between groups is one part. */
function partsOf(pieces: readonly Piece[]): { text: string; replaced: boolean }[] {
  const parts: { text: string; replaced: boolean }[] = []
  for (const { whole, captured } of pieces) {
    const last = parts.at(-1)
    const replaced = captured === true
    if (last !== undefined && !replaced && !last.replaced) last.text += whole
    else parts.push({ text: whole, replaced })
  }
  return parts
}

function wholeOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.whole).join('')
}

function beginningsOf(pieces: readonly Piece[]): string {
  const last = pieces.at(-1)
  if (last === undefined) return ''
  return pieces
    .slice(0, -1)
    .reduceRight((rest, piece) => `(?:${piece.whole}${rest}|${piece.beginnings})`, `(?:${last.beginnings})`)
}

class Reader {
  readonly #source: string
  #at = 0
  #taken = ''

  constructor(source: string) {
    this.#source = source
  }

  get isAtEnd(): boolean {
    return this.#at === this.#source.length
  }

  alternatives(nesting: number): Alternatives | undefined {
    if (nesting > NESTING_MAX) return undefined
    const alternatives: (readonly Piece[])[] = []
    for (;;) {
      const pieces = this.#sequence(nesting)
      if (pieces === undefined) return undefined
      alternatives.push(pieces)
      if (this.#source[this.#at] !== '|') return alternatives
      this.#at += 1
    }
  }

  #sequence(nesting: number): readonly Piece[] | undefined {
    const pieces: Piece[] = []
    while (!this.isAtEnd && this.#source[this.#at] !== '|' && this.#source[this.#at] !== ')') {
      const piece = this.#piece(nesting)
      if (piece === undefined) return undefined
      pieces.push(piece)
    }
    return pieces
  }

  #piece(nesting: number): Piece | undefined {
    if (this.#takes(PLACE)) return { whole: this.#taken, beginnings: '' }
    const atom = this.#takes(CHARACTER) ? { whole: this.#taken, beginnings: '' } : this.#group(nesting)
    if (atom === undefined || !this.#takes(REPEATED)) return atom
    const whole = `${atom.whole}${this.#taken}`
    // What is optional begins like what is not.
    if (this.#taken.startsWith('?')) return { whole, beginnings: atom.beginnings }
    return { whole, beginnings: `${atom.whole}*${atom.beginnings}` }
  }

  #group(nesting: number): Piece | undefined {
    if (!this.#takes(OPENED)) return undefined
    const captured = this.#taken === '('
    const inner = this.alternatives(nesting + 1)
    if (inner === undefined || this.#source[this.#at] !== ')') return undefined
    this.#at += 1
    const piece = {
      whole: `(?:${inner.map(wholeOf).join('|')})`,
      beginnings: `(?:${inner.map(beginningsOf).join('|')})`,
      inner,
    }
    return captured ? { ...piece, captured } : piece
  }

  #takes(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    this.#taken = pattern.exec(this.#source)?.[0] ?? ''
    this.#at += this.#taken.length
    return this.#taken !== ''
  }
}
