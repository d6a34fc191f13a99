import { type Action, concat, type Input, lengthOf } from '../input.ts'
import type { Random } from '../random.ts'

/** More pieces take more time and show no more. */
const PIECES = 200

/** The same bytes in other chunks: byte by byte, a few at a time, or at places of chance. */
export function cutAnew(input: Input, random: Random): Action[] {
  const bytesMax = Math.max(random.pick([1, 3, 30, 400, 5000]), Math.ceil(lengthOf(input) / PIECES))
  return joined(input.actions).flatMap((action): Action[] => {
    if (action.kind === 'gap') return [action]
    const pieces: Action[] = []
    for (let at = 0; at < action.bytes.length; ) {
      const end = at + 1 + random.below(bytesMax)
      pieces.push({ ...action, bytes: action.bytes.subarray(at, end) })
      at = end
    }
    return pieces
  })
}

export function joined(actions: readonly Action[]): Action[] {
  const whole: Action[] = []
  for (const action of actions) {
    const last = whole.at(-1)
    if (last?.kind === 'bytes' && action.kind === 'bytes' && last.from === action.from)
      whole.splice(-1, 1, { ...last, bytes: concat([last.bytes, action.bytes]) })
    else whole.push(action)
  }
  return whole
}
