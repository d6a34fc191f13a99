/** Numbers from `from` up to, and without, `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Which numbers are done with, when they are not done with in order: all below `low`, and some ranges above.
 * There are about as many of those as batches are under way.
 */
export interface Ranges {
  readonly low: number
  readonly above: readonly Range[]
  /** How many numbers from `low` up are in it. */
  readonly aboveCount: number
  add(range: Range): void
  has(number: number): boolean
  /** How many of a range's numbers are in it. */
  countIn(range: Range): number
  /** The first number of it, from `number` on, that is in it; undefined if none is. */
  firstFrom(number: number): number | undefined
}

export function createRanges(start: number, beginWith: readonly Range[] = []): Ranges {
  let low = start
  const above: Range[] = []
  const ranges: Ranges = {
    get low() {
      return low
    },
    above,
    get aboveCount() {
      return above.reduce((count, { from, to }) => count + to - from, 0)
    },
    add,
    has: (number) => number < low || above.some(({ from, to }) => from <= number && number < to),
    countIn,
    firstFrom,
  }
  for (const range of beginWith) add(range)
  return ranges

  function add(range: Range): void {
    let { from, to } = range
    if (from >= to || to <= low) return
    let at = above.findIndex((other) => other.to >= from)
    if (at === -1) at = above.length
    let end = at
    for (let other = above[end]; other !== undefined && other.from <= to; other = above[end]) {
      from = Math.min(from, other.from)
      to = Math.max(to, other.to)
      end += 1
    }
    above.splice(at, end - at, { from, to })
    for (let first = above[0]; first !== undefined && first.from <= low; first = above[0]) {
      low = Math.max(low, first.to)
      above.shift()
    }
  }

  function countIn({ from, to }: Range): number {
    let count = Math.max(0, Math.min(to, low) - from)
    for (const other of above) count += Math.max(0, Math.min(to, other.to) - Math.max(from, other.from))
    return count
  }

  function firstFrom(number: number): number | undefined {
    if (number < low) return number
    for (const { from, to } of above) if (to > number) return Math.max(from, number)
    return undefined
  }
}
