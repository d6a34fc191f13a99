import type { Side } from '../../connections/index.ts'
import { type Decoder, type OpenOptions, openShare, type Protocol } from '../decoder.ts'
import type { Message, Switched } from '../message.ts'
import { readAgreement } from './extensions.ts'
import { isControl } from './frame.ts'
import { endSide, giveUpReading, lose } from './messages.ts'
import { advance, hunt, messageOf, read } from './readers.ts'
import { EMPTY, type Half, openTalk, release, STREAM_ID, type Talk, tellPiece } from './talk.ts'

const NOTHING: readonly Message[] = []
const NOT_THIS: readonly Message[] = [{ kind: 'opaque', why: 'not this protocol' }]

/** WebSocket (RFC 6455) with or without compression (RFC 7692), as an observer reads it. */
export const websocket = {
  type: 'websocket',
  upgrades: ['websocket'],
  /** Frames have no mark of their own: only an upgrade leads here. */
  recognise: () => 'no',
  open: openDecoder,
} as const satisfies Protocol

/**
 * The conversation is one exchange: the heads of the upgrade that led to it, told again with the first
 * output, then the pieces of both sides' messages.
 * Text is given as it came, not checked to be UTF-8. Uncompressed messages are told of as they come;
 * compressed ones and control frames once they are whole. Where an extension is agreed on that is not known
 * here, messages are told of without their content, cut.
 */
function openDecoder({ switched, share = openShare() }: OpenOptions): Decoder {
  if (switched === undefined) return openWithoutHeads()
  const talk = openTalk(readAgreement(switched.response.headers), share)
  let heads = headsOf(switched)
  return { bytes, gap, contentAhead, pass: passContent, closed }

  function bytes(from: Side, chunk: Uint8Array): readonly Message[] {
    const half = talk[from]
    if (chunk.length === 0) return NOTHING
    beginOutput()
    if (half.state === 'over') {
      share.skippedBytes += chunk.length
      return talk.out
    }
    half.wireBytes += chunk.length
    if (half.state === 'hunting') hunt(talk, half, chunk)
    else read(talk, half, chunk, 0)
    return talk.out
  }

  function gap(from: Side, missingBytes: number | undefined): readonly Message[] {
    if (missingBytes === 0) return NOTHING
    beginOutput()
    skip(talk, talk[from], missingBytes)
    return talk.out
  }

  function contentAhead(from: Side): number {
    return certainContent(talk[from])
  }

  function passContent(from: Side, passedBytes: number): readonly Message[] {
    beginOutput()
    pass(talk, talk[from], passedBytes)
    return talk.out
  }

  function closed(): readonly Message[] {
    beginOutput()
    for (const half of [talk.client, talk.server])
      if (half.state !== 'over') endSide(talk, half, half.state === 'hunting' ? 'gap' : 'closed')
    return talk.out
  }

  function beginOutput(): void {
    talk.out = heads
    heads = []
  }
}

/** There is no exchange that the messages would belong to. */
function openWithoutHeads(): Decoder {
  let told = false
  return { bytes: tellOnce, gap: tellOnce, contentAhead: () => 0, pass: tellOnce, closed: () => NOTHING }

  function tellOnce(): readonly Message[] {
    if (told) return NOTHING
    told = true
    return NOT_THIS
  }
}

function headsOf({ request, response }: Switched): Message[] {
  return [
    { ...request, streamId: STREAM_ID },
    { ...response, streamId: STREAM_ID },
  ]
}

/** What is left of a data frame's payload, unless it is compressed: what follows it would be lost with it. */
function certainContent({ state, frame, remainingBytes, open }: Half): number {
  if (state !== 'payload' || isControl(frame) || open?.coding === 'deflate') return 0
  return remainingBytes
}

function pass(talk: Talk, half: Half, passedBytes: number): void {
  const bytes = Math.min(passedBytes, certainContent(half))
  if (bytes === 0) return
  half.wireBytes += bytes
  const { frame } = half
  const open = messageOf(half)
  if (open === undefined) {
    talk.share.skippedBytes += bytes
  } else {
    const ends = frame.final && bytes === half.remainingBytes
    tellPiece(talk, half, open.type, EMPTY, bytes, { ends, cut: true })
  }
  advance(talk, half, bytes, 0)
}

/** A frame's length says where a hole inside its payload ends; elsewhere it hides where frames begin. */
function skip(talk: Talk, half: Half, missingBytes: number | undefined): void {
  if (half.state === 'over') return
  half.wireBytes += missingBytes ?? 0
  if (half.state === 'payload' && missingBytes !== undefined && missingBytes <= half.remainingBytes) {
    missContent(talk, half, missingBytes)
  } else if (half.state === 'hunting') {
    talk.share.skippedBytes += half.heldLength
    release(talk, half)
    half.trail = undefined
  } else {
    lose(talk, half)
  }
}

function missContent(talk: Talk, half: Half, bytes: number): void {
  const { frame } = half
  const open = messageOf(half)
  if (isControl(frame)) half.controlMissingBytes += bytes
  else if (open !== undefined) giveUpReading(talk, half)
  talk.out.push({ kind: 'missing', streamId: STREAM_ID, from: half.from, bytes })
  const ends = frame.final && bytes === half.remainingBytes
  if (ends && open !== undefined)
    tellPiece(talk, half, open.type, EMPTY, 0, { ends, cut: open.coding !== 'plain' })
  advance(talk, half, bytes, 0)
}
