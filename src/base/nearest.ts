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

/** Levenshtein distance: letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
