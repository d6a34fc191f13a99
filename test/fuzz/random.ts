/** Choices that a seed decides: the same seed gives the same run. */
export interface Random {
  /** 0 ≤ result < `end`; 0 when there is nothing to choose from. */
  below(end: number): number
  /** True once in so many calls. */
  once(inSoMany: number): boolean
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  /** Small numbers more often than large ones, at least 1. */
  length(max: number): number
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return { below, once, pick, length }

  /** Mulberry32: 32 bits of state, enough for choices. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  function below(end: number): number {
    return end <= 1 ? 0 : next() % end
  }

  function once(inSoMany: number): boolean {
    return below(inSoMany) === 0
  }

  function pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[below(items.length)] ?? items[0]
  }

  function length(max: number): number {
    return 1 + below(Math.min(Math.max(1, max), 2 ** (1 + below(12))))
  }
}
