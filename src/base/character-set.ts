/** Code points as ranges, sorted and apart, both ends included. */
export type CharacterSet = readonly (readonly [first: number, last: number])[]

const CODE_POINT_MAX = 0x10ffff
const SURROGATES_FIRST = 0xd800
const SURROGATES_LAST = 0xdfff
const BEYOND_16_BITS = 0x10000
/** Planes behind this one hold no letters, only marks of variants and private use. */
const SCANNED_LAST = 0x3ffff

export const ANY: CharacterSet = [[0, CODE_POINT_MAX]]
export const DIGITS: CharacterSet = [[0x30, 0x39]]
export const SPACES: CharacterSet = setOf([
  [9, 10],
  [12, 13],
  [32, 32],
])
export const WORDS: CharacterSet = setOf([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
])

/** The classes of POSIX, which are of ASCII only. */
export const POSIX_SETS: Readonly<Record<string, CharacterSet>> = {
  alnum: fromText('09AZaz'),
  alpha: fromText('AZaz'),
  ascii: [[0, 0x7f]],
  blank: fromText('\t\t  '),
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGITS,
  graph: fromText('!~'),
  lower: fromText('az'),
  print: fromText(' ~'),
  punct: fromText('!/:@[`{~'),
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: fromText('AZ'),
  word: WORDS,
  xdigit: fromText('09AFaf'),
}

function fromText(pairs: string): CharacterSet {
  const ranges: [number, number][] = []
  for (let at = 0; at < pairs.length; at += 2) ranges.push([pairs.charCodeAt(at), pairs.charCodeAt(at + 1)])
  return setOf(ranges)
}

/** Sorts ranges and joins those that touch. */
export function setOf(ranges: readonly (readonly [number, number])[]): CharacterSet {
  const joined: [number, number][] = []
  for (const [first, last] of [...ranges].sort((one, other) => one[0] - other[0])) {
    const before = joined.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** Everything else. */
export function complementOf(set: CharacterSet): CharacterSet {
  const others: [number, number][] = []
  let next = 0
  for (const [first, last] of set) {
    if (first > next) others.push([next, first - 1])
    next = last + 1
  }
  if (next <= CODE_POINT_MAX) others.push([next, CODE_POINT_MAX])
  return others
}

/** A general category, or a script, of Unicode by its name; undefined when there is none of that name. */
export function unicodeSet(name: string): CharacterSet | undefined {
  if (name === 'Any') return ANY
  const known = UNICODE_SETS.get(name)
  if (known !== undefined) return known
  const regex = unicodeRegex(name)
  if (regex === undefined) return undefined
  const set = rangesOf(regex)
  UNICODE_SETS.set(name, set)
  return set
}

/** There are some 200 categories and scripts, so this ends growing by itself. */
const UNICODE_SETS = new Map<string, CharacterSet>()

function unicodeRegex(name: string): RegExp | undefined {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return undefined
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      return new RegExp(`\\p{${property}}+`, 'gu')
    } catch {
      // Not a property of this kind.
    }
  }
  return undefined
}

/** Where the runs lie that a regular expression finds among all characters. */
function rangesOf(regex: RegExp): CharacterSet {
  const ranges: [number, number][] = []
  for (const { first, text } of blocksOnceMade ?? makeBlocks()) {
    const unitsPerCharacter = first < BEYOND_16_BITS ? 1 : 2
    for (const { 0: run, index } of text.matchAll(regex)) {
      const begin = first + index / unitsPerCharacter
      ranges.push([begin, begin + run.length / unitsPerCharacter - 1])
    }
  }
  return setOf(ranges)
}

interface Block {
  readonly first: number
  readonly text: string
}

let blocksOnceMade: readonly Block[] | undefined

/** All characters in a row, but no halves of characters; made when a class of Unicode is first named. */
function makeBlocks(): readonly Block[] {
  blocksOnceMade = [
    blockOf(0, SURROGATES_FIRST - 1),
    blockOf(SURROGATES_LAST + 1, BEYOND_16_BITS - 1),
    blockOf(BEYOND_16_BITS, SCANNED_LAST),
  ]
  return blocksOnceMade
}

function blockOf(first: number, last: number): Block {
  const isPairs = first >= BEYOND_16_BITS
  const units = new Uint16Array((last - first + 1) * (isPairs ? 2 : 1))
  for (let at = 0; at < units.length; at += 1) {
    const beyond = first - BEYOND_16_BITS + (at >> 1)
    if (!isPairs) units[at] = first + at
    else units[at] = at % 2 === 0 ? SURROGATES_FIRST + (beyond >> 10) : 0xdc00 + (beyond & 0x3ff)
  }
  return { first, text: Buffer.from(units.buffer).toString('utf16le') }
}

/** The set together with the other letter case of all that is in it. */
export function foldCase(set: CharacterSet): CharacterSet {
  const known = FOLDED_SETS.get(set)
  if (known !== undefined) return known
  const folded = withOtherCases(set)
  FOLDED_SETS.set(set, folded)
  return folded
}

/** For the classes of Unicode, which are kept; ends with the set. */
const FOLDED_SETS = new WeakMap<CharacterSet, CharacterSet>()

function withOtherCases(set: CharacterSet): CharacterSet {
  const last = set.at(-1)?.[1] ?? 0
  const orbits = last < 0x80 ? asciiOrbits() : allOrbits()
  const added = orbits.filter((orbit) => isPartlyIn(orbit, set)).flat()
  return added.length === 0 ? set : setOf([...set, ...added.map((point) => [point, point] as const)])
}

function isPartlyIn(orbit: readonly number[], set: CharacterSet): boolean {
  const isFirstIn = has(set, orbit[0] ?? 0)
  return orbit.some((point) => has(set, point) !== isFirstIn)
}

/** Letters that are the same but for their case; `k` and `s` have a third form outside of ASCII. */
function asciiOrbits(): readonly (readonly number[])[] {
  return Array.from({ length: 26 }, (_, at) => {
    const more = at === 10 ? [0x212a] : at === 18 ? [0x17f] : []
    return [0x41 + at, 0x61 + at, ...more]
  })
}

let orbitsOnceFound: readonly (readonly number[])[] | undefined

function allOrbits(): readonly (readonly number[])[] {
  if (orbitsOnceFound !== undefined) return orbitsOnceFound
  const bySmall = new Map<number, Set<number>>()
  for (const [first, last] of rangesOf(/\p{Changes_When_Casemapped}+/gu)) {
    for (let point = first; point <= last; point += 1) {
      const small = singleOf(String.fromCodePoint(point).toUpperCase().toLowerCase()) ?? point
      const capital = singleOf(String.fromCodePoint(point).toUpperCase()) ?? point
      const orbit = bySmall.get(small) ?? new Set([small])
      bySmall.set(small, orbit.add(point).add(capital))
    }
  }
  orbitsOnceFound = [...bySmall.values()].map((orbit) => [...orbit])
  return orbitsOnceFound
}

function singleOf(text: string): number | undefined {
  const point = text.codePointAt(0) ?? 0
  return text.length === String.fromCodePoint(point).length ? point : undefined
}

function has(set: CharacterSet, point: number): boolean {
  let low = 0
  let high = set.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const [first, last] = set[middle] ?? [0, 0]
    if (point < first) high = middle - 1
    else if (point > last) low = middle + 1
    else return true
  }
  return false
}

/**
 * The set as JavaScript writes it without the flag `u`. A character beyond 16 bits is written as its two
 * halves, unless the set holds all of them: then each half counts as a character.
 */
export function classText(set: CharacterSet): string {
  const [onlyFirst, onlyLast] = set.length === 1 ? (set[0] ?? [0, 0]) : [0, -1]
  if (onlyFirst === 0 && onlyLast === CODE_POINT_MAX) return '[^]'
  const last = set.at(-1)
  const isOpen = last !== undefined && last[0] <= BEYOND_16_BITS && last[1] === CODE_POINT_MAX
  const units = isOpen ? cutTo(set, 0, 0xffff) : withoutSurrogates(set)
  const pairs = isOpen ? [] : pairTexts(cutTo(set, BEYOND_16_BITS, CODE_POINT_MAX))
  if (onlyFirst === onlyLast && pairs.length === 0) return unitText(onlyFirst)
  const simple = `[${units.map(rangeText).join('')}]`
  if (pairs.length === 0) return simple
  return `(?:${[...pairs, ...(units.length > 0 ? [simple] : [])].join('|')})`
}

function withoutSurrogates(set: CharacterSet): CharacterSet {
  return [...cutTo(set, 0, SURROGATES_FIRST - 1), ...cutTo(set, SURROGATES_LAST + 1, 0xffff)]
}

function cutTo(set: CharacterSet, first: number, last: number): CharacterSet {
  return set
    .filter(([begin, end]) => begin <= last && end >= first)
    .map(([begin, end]) => [Math.max(begin, first), Math.min(end, last)] as const)
}

/** First halves that have the same second halves stand together. */
function pairTexts(set: CharacterSet): readonly string[] {
  const secondsByFirst = new Map<number, string>()
  for (const [begin, end] of set) {
    for (let point = begin; point <= end; ) {
      const rowEnd = Math.min(end, point | 0x3ff)
      const half = SURROGATES_FIRST + ((point - BEYOND_16_BITS) >> 10)
      const seconds = rangeText([0xdc00 + (point & 0x3ff), 0xdc00 + (rowEnd & 0x3ff)])
      secondsByFirst.set(half, (secondsByFirst.get(half) ?? '') + seconds)
      point = rowEnd + 1
    }
  }
  const firstsBySeconds = new Map<string, number[]>()
  for (const [half, seconds] of secondsByFirst) {
    const halves = firstsBySeconds.get(seconds)
    if (halves === undefined) firstsBySeconds.set(seconds, [half])
    else halves.push(half)
  }
  return [...firstsBySeconds].map(
    ([seconds, halves]) =>
      `[${setOf(halves.map((half) => [half, half] as const))
        .map(rangeText)
        .join('')}][${seconds}]`,
  )
}

function rangeText([first, last]: readonly [number, number]): string {
  return first === last ? unitText(first) : `${unitText(first)}-${unitText(last)}`
}

function unitText(unit: number): string {
  const text = String.fromCharCode(unit)
  return /[A-Za-z0-9_ ]/.test(text) ? text : `\\u${unit.toString(16).padStart(4, '0')}`
}
