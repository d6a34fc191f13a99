import { CR, LF } from './characters.ts'
import { MORE } from './head.ts'
import { recogniseInMiddle } from './recognise.ts'
import type { Half, Talk } from './talk.ts'

const BLANK = Buffer.from('\n\r\n')
/** A start line that stands across two chunks is waited for up to this length. */
const CANDIDATE_BYTES_MAX = 16 * 1024

/**
 * Looks for the next message: a start line at the beginning of a chunk or behind a blank line.
 * Inside other content that is a guess; pairing counts on order again only after it was confirmed.
 */
export function readHunting(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  if (half.boundary) {
    const verdict = recogniseInMiddle(half.from, input, at)
    if (verdict === 'yes') {
      half.state = 'start'
      half.scanned = 0
      return at
    }
    if (verdict === 'more' && input.length - at <= CANDIDATE_BYTES_MAX) return MORE
    half.boundary = false
    if (half.heldBefore > 0 && at < half.heldBefore) {
      // What was held leads nowhere, but the chunk behind it is a new beginning.
      half.boundary = true
      talk.share.skippedBytes += half.heldBefore - at
      return half.heldBefore
    }
  }
  const found = blankLineEnd(half, input, at)
  half.boundary = found !== -1
  const next = found === -1 ? input.length : found
  talk.share.skippedBytes += next - at
  return next
}

/** Where the next blank line ends, its beginning possibly in the bytes before; -1 when there is none. */
function blankLineEnd(half: Half, input: Uint8Array, at: number): number {
  const carry = half.carry
  half.carry = 0
  if (carry === 2 && input[at] === LF) return at + 1
  if (carry === 1 && input[at] === CR) {
    if (at + 1 === input.length) half.carry = 2
    else if (input[at + 1] === LF) return at + 2
  }
  const found = Buffer.from(input.buffer, input.byteOffset + at, input.length - at).indexOf(BLANK)
  if (found !== -1) return at + found + BLANK.length
  const last = input[input.length - 1]
  if (last === LF) half.carry = 1
  else if (last === CR && input.length - at >= 2 && input[input.length - 2] === LF) half.carry = 2
  return -1
}
