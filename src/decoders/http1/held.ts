import type { Half, Talk } from './talk.ts'

const CAPACITY_MIN = 256

/**
 * Copies `bytes` from `at` to the end behind what the half holds. False, and nothing held, past the shared
 * bound.
 */
export function hold(talk: Talk, half: Half, bytes: Uint8Array, at: number, end: number): boolean {
  const needed = half.heldLength + end - at
  if (half.held === undefined || half.held.length < needed) {
    const capacity = Math.max(CAPACITY_MIN, half.heldLength === 0 ? needed : needed * 2)
    const grown = capacity - (half.held?.length ?? 0)
    if (talk.share.heldBytes + grown > talk.share.heldBytesMax) {
      release(talk, half)
      return false
    }
    talk.share.heldBytes += grown
    const larger = new Uint8Array(capacity)
    if (half.held !== undefined) larger.set(half.held.subarray(0, half.heldLength))
    half.held = larger
  }
  half.held.set(bytes.subarray(at, end), half.heldLength)
  half.heldLength = needed
  return true
}

/** Gives up what the half holds. Messages that point into it stay valid: the buffer is not used again. */
export function release(talk: Talk, half: Half): void {
  if (half.held === undefined) return
  talk.share.heldBytes -= half.held.length
  half.held = undefined
  half.heldLength = 0
  half.heldBefore = 0
}
