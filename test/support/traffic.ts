import type fc from 'fast-check'
import type { Step } from './decoder-script.ts'

/**
 * Generated traffic of one protocol. The number of an exchange, from 0 on, stands in its request's path and
 * in its response's field `echo`.
 */
export interface Traffic {
  readonly echo: string
  /** Exchanges of all kinds, then so many plain ones. */
  scripts(plain: number, overlap: boolean): fc.Arbitrary<Script>
  /** What a connection begins with, before any exchange. */
  readonly opening: readonly Step[]
  /** Pieces of what the protocol is made of, right ones and wrong ones. */
  readonly fragments: readonly string[]
}

export interface Script {
  /** Of all kinds. */
  readonly exchanges: number
  /**
   * Two for each exchange, its request and its response; where exchanges overlap, all requests and then the
   * responses.
   */
  readonly steps: readonly Step[]
}

export function pieces(step: Step, sizes: Iterator<number>): Step[] {
  const [kind, text] = step
  if ((kind !== '>' && kind !== '<') || typeof text !== 'string') return [step]
  const cut: Step[] = []
  for (let at = 0; at < text.length; ) {
    const size = sizes.next().value ?? 1
    cut.push([kind, text.slice(at, at + size)])
    at += size
  }
  return cut
}

/** Takes `length` bytes out of one direction, from a place counted modulo its length. */
export function withHole(
  steps: readonly Step[],
  kind: '>' | '<',
  place: number,
  length: number,
  knowsLength: boolean,
): Step[] {
  const total = steps.reduce((sum, step) => sum + (step[0] === kind ? step[1].length : 0), 0)
  const begin = place % total
  const end = Math.min(total, begin + length)
  const holed: Step[] = []
  let at = 0
  for (const step of steps) {
    if (step[0] !== kind) {
      holed.push(step)
      continue
    }
    const text = step[1]
    const from = Math.max(begin - at, 0)
    const to = Math.min(end - at, text.length)
    at += text.length
    if (from >= to) {
      holed.push(step)
      continue
    }
    if (from > 0) holed.push([kind, text.slice(0, from)])
    holed.push([`${kind}?`, knowsLength ? to - from : undefined])
    if (to < text.length) holed.push([kind, text.slice(to)])
  }
  return holed
}

/** A hole is noticed by the position of the next bytes in its direction, which may come much later. */
export function noticedLate(steps: readonly Step[]): Step[] {
  const moved: Step[] = []
  let holes: Step[] = []
  for (const step of steps) {
    if (step[0] === '>?' || step[0] === '<?') {
      holes.push(step)
      continue
    }
    if (holes.some(([kind]) => kind === `${step[0]}?`)) {
      moved.push(...holes)
      holes = []
    }
    moved.push(step)
  }
  return [...moved, ...holes]
}
