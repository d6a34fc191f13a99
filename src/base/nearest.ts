/**
 * The word among `known` that `word` most likely stands for, or undefined when none is near.
 * Letter case, `_` and `-` count for nothing, so that `ignoreLoopback` finds `ignore_loopback`.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const meant = bare(word)
  let best: string | undefined
  let bestEdits = Math.max(1, Math.floor(meant.length / 3)) + 1
  for (const candidate of known) {
    const edits = editDistance(meant, bare(candidate))
    if (edits >= bestEdits || edits >= bare(candidate).length) continue
    best = candidate
    bestEdits = edits
  }
  return best
}

function bare(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '')
}

/** Letters to insert, delete, replace or swap with the next one (optimal string alignment distance). */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const swaps = column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = swaps ? (beforeLast[column - 2] ?? row) + 1 : replaced
      current.push(Math.min(replaced, swapped, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}
