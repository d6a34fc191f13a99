import { CONTINUATION, END_HEADERS, END_STREAM, FRAME_HEADER_BYTES } from './frames.ts'
import { readFields } from './heads.ts'
import { clientFields, fieldsLost, promisedFields, serverFields } from './streams.ts'
import type { Half, Talk } from './talk.ts'

/** A header block, compressed, may be this long, in however many frames (RFC 9113 §10.5.1). */
const BLOCK_BYTES_MAX = 256 * 1024

/** A frame that holds a part of a header block begins; `type` is HEADERS, PUSH_PROMISE or CONTINUATION. */
export function beginFragment(
  half: Half,
  type: number,
  flags: number,
  length: number,
  promisedId: number,
): void {
  const { block } = half
  block.endsBlock = (flags & END_HEADERS) !== 0
  block.wireBytes += FRAME_HEADER_BYTES + length
  if (type === CONTINUATION) return
  block.open = true
  block.promisedId = promisedId
  block.endsStream = promisedId === 0 && (flags & END_STREAM) !== 0
}

/** So much of the fragment being read came; `half.remainingBytes` still counts it. */
export function takeFragment(talk: Talk, half: Half, input: Uint8Array, at: number, length: number): void {
  const { block } = half
  half.remainingBytes -= length
  const frameEnds = half.remainingBytes === 0 && half.overBytes <= input.length - at - length
  if (frameEnds && block.endsBlock && block.lost === undefined && block.bytes.length === 0)
    finishBlock(talk, half, new Uint8Array(input.buffer, input.byteOffset + at, length))
  else if (block.lost === undefined) keepFragment(half, input, at, at + length)
}

/** The frame being read is over, and with it the block, unless it was read in place. */
export function endFragment(talk: Talk, half: Half): void {
  const { block } = half
  if (block.open && block.endsBlock) finishBlock(talk, half, block.bytes.bytes)
}

/** What of the block was not seen yet never will be. */
export function loseBlock(talk: Talk, half: Half): void {
  const { block } = half
  if (!block.open) return
  block.lost ??= 'gap'
  block.wireBytes -= half.remainingBytes + half.overBytes
  finishBlock(talk, half, block.bytes.bytes)
}

function keepFragment(half: Half, input: Uint8Array, at: number, end: number): void {
  const { block } = half
  const fits = block.bytes.length + end - at <= BLOCK_BYTES_MAX
  if (fits && block.bytes.append(input, at, end)) return
  block.bytes.release()
  block.lost = 'limit'
}

/** The table of the compression goes from block to block, so each must be read, or be known to be lost. */
function finishBlock(talk: Talk, half: Half, bytes: Uint8Array): void {
  const { block } = half
  if (block.lost === undefined) {
    const fieldBlock = half.hpack.decode(bytes)
    if (fieldBlock.broken) block.lost = 'gap'
    else {
      readFields(fieldBlock, talk.fields)
      tellFields(talk, half, fieldBlock.cut)
    }
  } else {
    half.hpack.lose()
  }
  if (block.lost !== undefined) {
    talk.share.headerBlocksLost += 1
    fieldsLost(talk, half, block.lost)
  }
  closeBlock(half)
}

function tellFields(talk: Talk, half: Half, isCut: boolean): void {
  const { streamId, promisedId, endsStream, wireBytes } = half.block
  const cut = isCut ? 'limit' : undefined
  if (promisedId !== 0) promisedFields(talk, promisedId, wireBytes, cut)
  else if (half.from === 'client') clientFields(talk, streamId, endsStream, wireBytes, cut)
  else serverFields(talk, streamId, endsStream, wireBytes, cut)
}

function closeBlock(half: Half): void {
  const { block } = half
  block.open = false
  block.wireBytes = 0
  block.lost = undefined
  block.bytes.release()
}
