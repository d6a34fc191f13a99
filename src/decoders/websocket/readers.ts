import {
  type Frame,
  isAllowed,
  isControl,
  isData,
  MORE,
  OPCODES,
  readFrameHead,
  startsMessage,
  TOO_LONG,
  unmask,
} from './frame.ts'
import { readHunting } from './hunting.ts'
import { inflate } from './inflate.ts'
import { endSide, giveUpReading, lose, tellControl } from './messages.ts'
import { EMPTY, type Half, makeRoom, type Open, release, type Talk, tellPiece } from './talk.ts'

/** Of one message, compressed; what is longer is read only in its beginning. */
export const CODED_BYTES_MAX = 1024 * 1024

/** Reads all from `begin` on. */
export function read(talk: Talk, half: Half, input: Uint8Array, begin: number): void {
  let at = begin
  while (at < input.length) {
    if (half.state === 'payload') {
      at = readPayload(talk, half, input, at)
    } else if (half.state === 'head') {
      at = readHead(talk, half, input, at)
    } else {
      // Frames are looked for from the beginnings of chunks only.
      talk.share.skippedBytes += input.length - at
      return
    }
  }
}

/** Reads a chunk while the beginning of a frame is looked for. */
export function hunt(talk: Talk, half: Half, input: Uint8Array): void {
  const found = readHunting(talk, half, input)
  if (found === undefined) return
  half.state = 'head'
  half.frame = found.frame
  if (found.inFrame) begin(talk, half, input.length - found.at)
  read(talk, half, found.held, 0)
  read(talk, half, input, found.at)
}

/** RFC 6455 §5.2. */
function readHead(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const { frame, head, headLength } = half
  let next = at
  if (headLength === 0) {
    const length = readFrameHead(input, at, input.length, frame)
    if (length === MORE) {
      head.set(input.subarray(at))
      half.headLength = input.length - at
      return input.length
    }
    if (length === TOO_LONG) return unframed(talk, half, at)
    next = at + length
  } else {
    const added = Math.min(head.length - headLength, input.length - at)
    head.set(input.subarray(at, at + added), headLength)
    const length = readFrameHead(head, 0, headLength + added, frame)
    if (length === MORE) {
      half.headLength += added
      return input.length
    }
    half.headLength = 0
    if (length === TOO_LONG) return unframed(talk, half, at)
    next = at + length - headLength
  }
  if (!isAllowed(frame, half.from, talk.agreement)) return unframed(talk, half, at)
  begin(talk, half, input.length - next)
  return next
}

/** The other end must fail the connection: what follows need not be frames. */
function unframed(talk: Talk, half: Half, at: number): number {
  lose(talk, half)
  return at
}

function begin(talk: Talk, half: Half, bytesBehind: number): void {
  const { frame } = half
  half.state = 'payload'
  half.remainingBytes = frame.payloadBytes
  half.phase = 0
  if (isControl(frame)) {
    half.control = new Uint8Array(frame.payloadBytes)
    half.controlLength = 0
    half.controlMissingBytes = 0
  } else if (startsMessage(frame)) {
    closeUnfinished(talk, half)
    half.open = { type: frame.opcode === OPCODES.text ? 'text' : 'binary', coding: codingOf(talk, frame) }
  }
  if (frame.payloadBytes > 0) return
  const open = messageOf(half)
  if (open !== undefined && frame.final) {
    if (open.coding === 'deflate') readCoded(talk, half, open, EMPTY, 0, 0)
    else tellPiece(talk, half, open.type, EMPTY, 0, { ends: true, cut: open.coding === 'unreadable' })
  }
  frameEnds(talk, half, bytesBehind)
}

/** RFC 6455 §5.4: a message begins only behind the one before; this sender does otherwise. */
function closeUnfinished(talk: Talk, half: Half): void {
  giveUpReading(talk, half)
  if (half.open !== undefined) tellPiece(talk, half, half.open.type, EMPTY, 0, { ends: true, cut: true })
}

function codingOf({ agreement }: Talk, frame: Frame): Open['coding'] {
  if (agreement.coding === 'unknown') return 'unreadable'
  return frame.reserved === 0 ? 'plain' : 'deflate'
}

function readPayload(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const open = messageOf(half)
  const bytes = Math.min(half.remainingBytes, input.length - at)
  if (isControl(half.frame)) readControl(half, input, at, bytes)
  else if (open !== undefined) readData(talk, half, open, input, at, bytes)
  else talk.share.skippedBytes += bytes
  advance(talk, half, bytes, input.length - at - bytes)
  return at + bytes
}

/**
 * Undefined for a frame whose message began unseen, so that nobody knows its type, and for one of an opcode
 * that only an extension knows.
 */
export function messageOf({ open, frame }: Half): Open | undefined {
  return isData(frame) ? open : undefined
}

/** So much of the frame's payload passed. */
export function advance(talk: Talk, half: Half, bytes: number, bytesBehind: number): void {
  half.phase = (half.phase + bytes) & 3
  half.remainingBytes -= bytes
  if (half.remainingBytes === 0) frameEnds(talk, half, bytesBehind)
}

function frameEnds(talk: Talk, half: Half, bytesBehind: number): void {
  const { frame } = half
  half.state = 'head'
  if (isControl(frame)) {
    tellControl(talk, half)
    if (frame.opcode !== OPCODES.close) return
    half.wireBytes -= bytesBehind
    endSide(talk, half)
  } else if (frame.final && isData(frame)) {
    half.open = undefined
  }
}

function readControl(half: Half, input: Uint8Array, at: number, bytes: number): void {
  // Behind a hole nothing is kept: the beginning alone is certain to be one.
  if (half.controlMissingBytes > 0) return
  const into = half.control.subarray(half.controlLength)
  if (half.frame.masked) unmask(input, at, bytes, half.frame.key, half.phase, into)
  else into.set(input.subarray(at, at + bytes))
  half.controlLength += bytes
}

function readData(talk: Talk, half: Half, open: Open, input: Uint8Array, at: number, bytes: number): void {
  const ends = half.frame.final && bytes === half.remainingBytes
  if (open.coding === 'plain') {
    tellPiece(talk, half, open.type, clear(half, input, at, bytes), bytes, { ends, cut: false })
  } else if (open.coding === 'unreadable') {
    tellPiece(talk, half, open.type, EMPTY, bytes, { ends, cut: true })
  } else {
    readCoded(talk, half, open, input, at, bytes)
  }
}

/** Compressed content is collected until its message is whole: deflate cannot be removed piece by piece. */
function readCoded(talk: Talk, half: Half, open: Open, input: Uint8Array, at: number, bytes: number): void {
  const ends = half.frame.final && bytes === half.remainingBytes
  if (ends && half.held === undefined && bytes <= CODED_BYTES_MAX) {
    tellInflated(talk, half, open, clear(half, input, at, bytes))
    return
  }
  const held = Math.min(bytes, CODED_BYTES_MAX - half.heldLength)
  const room = makeRoom(talk, half, held)
  if (room !== undefined) fill(half, input, at, held, room)
  if (room === undefined || held < bytes) {
    const toldBytes = room === undefined ? 0 : held
    giveUpReading(talk, half)
    tellPiece(talk, half, open.type, EMPTY, bytes - toldBytes, { ends, cut: true })
  } else if (ends && half.held !== undefined) {
    tellInflated(talk, half, open, half.held.subarray(0, half.heldLength))
    release(talk, half)
  }
}

function tellInflated(talk: Talk, half: Half, open: Open, coded: Uint8Array): void {
  const { bytes, cut } = inflate(half.context, talk.share, coded)
  tellPiece(talk, half, open.type, bytes, coded.length, { ends: true, cut })
}

/** The bytes as they were before masking, borrowed where they were not masked. */
function clear(half: Half, input: Uint8Array, at: number, bytes: number): Uint8Array {
  const { frame } = half
  if (!frame.masked) return new Uint8Array(input.buffer, input.byteOffset + at, bytes)
  const into = Buffer.allocUnsafe(bytes)
  unmask(input, at, bytes, frame.key, half.phase, into)
  return into
}

function fill(half: Half, input: Uint8Array, at: number, bytes: number, into: Uint8Array): void {
  if (half.frame.masked) unmask(input, at, bytes, half.frame.key, half.phase, into)
  else into.set(input.subarray(at, at + bytes))
}
