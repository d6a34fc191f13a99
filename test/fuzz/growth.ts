import { Finding } from './finding.ts'
import { type Action, concat, type Input } from './input.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

const SMALL_BYTES = 32 * 1024
const TIMES_LARGER = 4
/** Four times the bytes may cost four times as much, and chance some more. */
const TIMES_SLOWER_MAX = 12
const SLOW_MS_MIN = 100
const TRIES = 8

/**
 * Repeats a part of an input until it is long, and again until it is four times as long: the time must grow
 * with the length, not with its square.
 */
export function checkGrowth(input: Input, target: Target, random: Random): void {
  const grow = growing(input, random)
  if (grow === undefined) return
  const small = grow(SMALL_BYTES)
  const large = grow(SMALL_BYTES * TIMES_LARGER)
  for (let tries = 1; ; tries += 1) {
    const largeMs = leastMs(target, large, tries)
    if (largeMs < SLOW_MS_MIN) return
    const smallMs = leastMs(target, small, tries)
    if (largeMs < smallMs * TIMES_SLOWER_MAX) return
    if (tries === TRIES)
      throw new SlowInput(large, `${smallMs} ms, and four times as long takes ${largeMs} ms`)
  }
}

/** The input that shows it is larger than the one that led to it. */
export class SlowInput extends Finding {
  readonly input: Input

  constructor(input: Input, details: string) {
    super('slow', details)
    this.input = input
  }
}

export function leastMs(target: Target, input: Input, tries: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let count = 0; count < tries; count += 1) {
    const started = process.threadCpuUsage()
    target.feed(input)
    const { user, system } = process.threadCpuUsage(started)
    least = Math.min(least, (user + system) / 1_000)
  }
  return least
}

/** Repeats bytes within a chunk, or whole actions; in one piece or in many. */
function growing(input: Input, random: Random): ((bytes: number) => Input) | undefined {
  const { actions } = input
  const at = random.below(actions.length)
  const action = actions[at]
  if (action?.kind !== 'bytes' || action.bytes.length === 0) return undefined
  const pieceBytes = random.pick([1, 16, 1 << 30])
  if (random.once(3)) {
    const repeated = actions.slice(at, at + random.length(6))
    const length = repeated.reduce((sum, one) => sum + (one.kind === 'bytes' ? one.bytes.length : 1), 0)
    return (bytes) => ({
      ...input,
      actions: [
        actions.slice(0, at),
        ...times(repeated, Math.ceil(bytes / length)),
        actions.slice(at),
      ].flat(),
    })
  }
  const begin = random.below(action.bytes.length)
  const part = action.bytes.subarray(begin, begin + random.length(action.bytes.length - begin))
  return (bytes) => {
    const long = concat([
      action.bytes.subarray(0, begin),
      ...times(part, Math.ceil(bytes / part.length)),
      action.bytes.subarray(begin),
    ])
    const pieces = cutUp({ ...action, bytes: long }, pieceBytes)
    return { ...input, actions: [actions.slice(0, at), pieces, actions.slice(at + 1)].flat() }
  }
}

function times<Item>(item: Item, count: number): Item[] {
  return Array.from({ length: count }, () => item)
}

function cutUp(action: Extract<Action, { kind: 'bytes' }>, pieceBytes: number): Action[] {
  const pieces: Action[] = []
  for (let at = 0; at < action.bytes.length; at += pieceBytes)
    pieces.push({ ...action, bytes: action.bytes.subarray(at, at + pieceBytes) })
  return pieces
}
