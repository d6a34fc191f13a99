import { type Action, concat, type Input, lengthOf } from './input.ts'

const SPENT_MS_MAX = 10_000

/** A smaller input that `fails` in the same way; the same one when there is none near. */
export function minimise(input: Input, fails: (input: Input) => boolean): Input {
  const started = performance.now()
  let best = input
  for (let size = Number.POSITIVE_INFINITY; sizeOf(best) < size && hasTime(); ) {
    size = sizeOf(best)
    shrinkActions()
    joinNeighbours()
    for (let at = 0; at < best.actions.length && hasTime(); at += 1) shrinkBytes(at)
  }
  for (let at = 0; at < best.actions.length && hasTime(); at += 1) plainBytes(at)
  return best

  function hasTime(): boolean {
    return performance.now() - started < SPENT_MS_MAX
  }

  function attempt(actions: readonly Action[]): boolean {
    if (!hasTime()) return false
    const smaller = { ...best, actions }
    if (!fails(smaller)) return false
    best = smaller
    return true
  }

  function shrinkActions(): void {
    for (let length = best.actions.length >> 1; length >= 1; length >>= 1) {
      for (let at = 0; at + length <= best.actions.length; ) {
        if (!attempt(best.actions.toSpliced(at, length))) at += length
      }
    }
  }

  function joinNeighbours(): void {
    for (let at = 0; at + 1 < best.actions.length; ) {
      const one = best.actions[at]
      const next = best.actions[at + 1]
      const joins = one?.kind === 'bytes' && next?.kind === 'bytes' && one.from === next.from
      const bytes = joins ? concat([one.bytes, next.bytes]) : undefined
      if (bytes === undefined || !attempt(best.actions.toSpliced(at, 2, { ...one, bytes } as Action))) at += 1
    }
  }

  function shrinkBytes(index: number): void {
    const first = best.actions[index]
    if (first?.kind !== 'bytes') return
    for (let length = first.bytes.length >> 1; length >= 1; length >>= 1) {
      for (let at = 0; ; ) {
        const action = best.actions[index]
        if (action?.kind !== 'bytes' || at + length > action.bytes.length) break
        const bytes = concat([action.bytes.subarray(0, at), action.bytes.subarray(at + length)])
        if (!attempt(best.actions.with(index, { ...action, bytes }))) at += length
      }
    }
  }

  /** Bytes that do not matter become `a`, for the reader's sake. */
  function plainBytes(index: number): void {
    const action = best.actions[index]
    if (action?.kind !== 'bytes' || action.bytes.length > 400) return
    for (let at = 0; at < action.bytes.length; at += 1) {
      const now = best.actions[index]
      if (now?.kind !== 'bytes' || now.bytes[at] === 97) continue
      const bytes = now.bytes.slice()
      bytes[at] = 97
      attempt(best.actions.with(index, { ...now, bytes }))
    }
  }
}

function sizeOf(input: Input): number {
  return lengthOf(input) + input.actions.length
}
