import type { Cut, PieceType } from '../message.ts'
import { isControl, OPCODES } from './frame.ts'
import { forget, inflateBeginning } from './inflate.ts'
import { EMPTY, type Half, release, STREAM_ID, type Talk, tellPiece } from './talk.ts'

const CONTROL_TYPES: ReadonlyMap<number, PieceType> = new Map([
  [OPCODES.close, 'close'],
  [OPCODES.ping, 'ping'],
  [OPCODES.pong, 'pong'],
])

/** The control frame's content is read as far as it will be. */
export function tellControl(talk: Talk, half: Half): void {
  const { frame, control, controlLength, controlMissingBytes, remainingBytes } = half
  const type = CONTROL_TYPES.get(frame.opcode)
  half.control = EMPTY
  // Others, and reserved bits, come of an extension that is not known: nobody knows what they mean.
  if (type === undefined) {
    talk.share.skippedBytes += frame.payloadBytes - remainingBytes - controlMissingBytes
    return
  }
  const isReadable = frame.reserved === 0
  const bytes = isReadable ? control.subarray(0, controlLength) : EMPTY
  const cut = !isReadable || controlMissingBytes + remainingBytes > 0
  const wireBytes = frame.payloadBytes - remainingBytes - controlMissingBytes
  tellPiece(talk, half, type, bytes, wireBytes, { ends: true, cut })
}

/** A part of the open, compressed message is lost or too much: only its beginning can be read. */
export function giveUpReading(talk: Talk, half: Half): void {
  const { open, context, heldLength } = half
  if (open?.coding !== 'deflate') return
  open.coding = 'unreadable'
  if (half.held === undefined) {
    forget(context, talk.share)
    return
  }
  const { bytes, cut } = inflateBeginning(context, talk.share, half.held.subarray(0, heldLength))
  tellPiece(talk, half, open.type, bytes, heldLength, { ends: false, cut })
  release(talk, half)
}

/** What is being read has no end that anybody will see. */
export function breakOff(talk: Talk, half: Half): void {
  if (half.state === 'payload' && isControl(half.frame)) tellControl(talk, half)
  giveUpReading(talk, half)
  if (half.open !== undefined) tellPiece(talk, half, half.open.type, EMPTY, 0, { ends: true, cut: true })
  half.open = undefined
  half.headLength = 0
  release(talk, half)
}

/** Frames passed unseen, or these are none: what follows is content only once frames are found again. */
export function lose(talk: Talk, half: Half): void {
  giveUpReading(talk, half)
  talk.out.push({ kind: 'missing', streamId: STREAM_ID, from: half.from, bytes: undefined })
  breakOff(talk, half)
  forget(half.context, talk.share)
  half.state = 'hunting'
  half.trail = undefined
  talk.share.resyncs += 1
}

/** After its Close a side says nothing more (RFC 6455 §5.5.1). */
export function endSide(talk: Talk, half: Half, cut?: Cut): void {
  breakOff(talk, half)
  forget(half.context, talk.share)
  half.state = 'over'
  half.trail = undefined
  talk.out.push({
    kind: 'end',
    streamId: STREAM_ID,
    from: half.from,
    wireBytes: half.wireBytes,
    ...(cut === undefined ? undefined : { cut }),
  })
}
