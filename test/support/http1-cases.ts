import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PROTOCOLS } from '../../src/decoders/index.ts'
import { play, type Step } from './decoder-script.ts'
import { pieces } from './traffic.ts'

/** What happens on a connection, and the log of messages that it must give. */
export interface Case {
  readonly steps: readonly Step[]
  readonly log: readonly string[]
}

export function testWhole(cases: Readonly<Record<string, Case>>): void {
  test.for(Object.entries(cases))('%s', ([, { steps, log }]) => {
    expect(play(PROTOCOLS.http1.open({ joinedLate: false }), steps)).toEqual(log)
  })
}

/** However the bytes are cut; where a message's end is unknown, what is found behind it depends on that. */
export function testInPieces(cases: Readonly<Record<string, Case>>): void {
  const certain = Object.entries(cases).filter(
    ([, { log }]) => !log.some((line) => / gap$|opaque/.test(line)),
  )
  test.for(certain)('%s, in any pieces', ([, { steps, log }]) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (sizes) => {
        const split = steps.flatMap((step) => pieces(step, sizes))
        const decoder = PROTOCOLS.http1.open({ joinedLate: false })
        expect(comparable(play(decoder, split))).toEqual(comparable(log))
      }),
      { numRuns: 100 },
    )
  })
}

/** Sorted: what one side says may be told of before or after what the other says. */
function comparable(log: readonly string[]): string[] {
  return log.filter((line) => !line.includes(' rest ')).toSorted()
}
