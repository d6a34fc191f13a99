import type { Side } from '../../connections/index.ts'
import { type Decoder, type OpenOptions, openShare, type Protocol, type Recognition } from '../decoder.ts'
import type { Message } from '../message.ts'
import { endMessage, endOpen, leaveAgreed, lose } from './endings.ts'
import { MORE } from './head.ts'
import { hold, release } from './held.ts'
import { hole, nextToAnswer } from './order.ts'
import { READERS } from './readers.ts'
import { recogniseStart } from './recognise.ts'
import { type Half, openTalk, type Talk } from './talk.ts'

const NOTHING: readonly Message[] = []
/** Of a chunk, so much at a time is put behind a unit that began in an earlier one. */
const HELD_STEP_BYTES = 4096

/** HTTP/1.0 and HTTP/1.1 (RFC 9112), as an observer reads it. */
export const http1 = {
  type: 'http1',
  recognise: (from: Side, start: Uint8Array): Recognition => recogniseStart(from, start, 0),
  open: openDecoder,
} as const satisfies Protocol

/**
 * Takes both directions in the order they passed; gives messages with pairs numbered 1, 2, 3…
 * A response that could belong to more than one request is given to none; such a request's response
 * side ends at once with cut `gap`. `wireBytes` of a response counts its interim responses too.
 */
function openDecoder(options: OpenOptions): Decoder {
  const talk = openTalk(options.share ?? openShare(), options.joinedLate)
  return { bytes, gap, contentAhead, pass: passContent, closed }

  function bytes(from: Side, chunk: Uint8Array): readonly Message[] {
    if (talk.opaque || chunk.length === 0) return NOTHING
    talk.out = []
    talk.order.endedInPiece = false
    feed(talk, talk[from], chunk)
    settle(talk)
    return talk.out
  }

  function gap(from: Side, missingBytes: number | undefined): readonly Message[] {
    if (talk.opaque || missingBytes === 0) return NOTHING
    talk.out = []
    skip(talk, talk[from], missingBytes)
    settle(talk)
    return talk.out
  }

  function contentAhead(from: Side): number {
    return talk.opaque ? 0 : certainContent(talk[from])
  }

  function passContent(from: Side, passedBytes: number): readonly Message[] {
    talk.out = []
    pass(talk, talk[from], passedBytes)
    settle(talk)
    return talk.out
  }

  function closed(): readonly Message[] {
    if (talk.opaque) return NOTHING
    talk.out = []
    takeHeldContent(talk, talk.client)
    takeHeldContent(talk, talk.server)
    endOpen(talk)
    talk.opaque = true
    return talk.out
  }
}

function feed(talk: Talk, half: Half, chunk: Uint8Array): void {
  if (half.state === 'hunting' && half.held === undefined) half.boundary = true
  const at = half.held === undefined ? 0 : feedHeld(talk, half, chunk)
  keep(talk, half, chunk, run(talk, half, chunk, at))
}

/** What is left of the content of a message that was told of and is certain to have it. */
function certainContent(half: Half): number {
  if (half.streamId === 0 || half.held !== undefined) return 0
  if (half.state === 'until-close') return Number.MAX_SAFE_INTEGER
  const counts = half.state === 'chunk-data' || (half.state === 'sized' && !half.fresh)
  return counts ? half.remainingBytes : 0
}

function pass(talk: Talk, half: Half, bytes: number): void {
  half.wireBytes += bytes
  talk.out.push({ kind: 'passed', streamId: half.streamId, from: half.from, bytes })
  if (half.state === 'until-close') return
  half.remainingBytes -= bytes
  contentRead(talk, half)
}

/** Reads until a reader needs more; gives the place where it stands. */
function run(talk: Talk, half: Half, input: Uint8Array, begin: number): number {
  let at = begin
  while (at < input.length) {
    const next = READERS[half.state](talk, half, input, at)
    if (next === MORE) return at
    at = next
  }
  return at
}

/** Completes the unit that began in earlier chunks; gives the place in `chunk` where reading goes on. */
function feedHeld(talk: Talk, half: Half, chunk: Uint8Array): number {
  let used = 0
  while (half.held !== undefined && used < chunk.length) {
    const before = half.heldLength
    const taken = Math.min(HELD_STEP_BYTES, chunk.length - used)
    if (!hold(talk, half, chunk, used, used + taken)) {
      lose(talk, half, 'limit')
      return used
    }
    half.heldBefore = before
    const input = half.held.subarray(0, half.heldLength)
    let at = 0
    while (at < before) {
      const next = READERS[half.state](talk, half, input, at)
      if (next === MORE) break
      at = next
    }
    if (at >= before) {
      release(talk, half)
      return used + at - before
    }
    used += taken
    half.heldBefore = 0
    if (at > 0 || half.held === undefined) {
      release(talk, half)
      keep(talk, half, input, at)
    }
  }
  return used
}

function keep(talk: Talk, half: Half, input: Uint8Array, at: number): void {
  if (at < input.length && !hold(talk, half, input, at, input.length)) lose(talk, half, 'limit')
}

/** One side may have waited for what the other just said. */
function settle(talk: Talk): void {
  const { client, server, order } = talk
  for (;;) {
    const mayAnswer = nextToAnswer(talk) !== undefined || order.trust !== 'exact'
    if (server.waits && server.state !== 'switch-agreed' && mayAnswer) resume(talk, server)
    else if (client.waits && client.state !== 'switch-asked') resume(talk, client)
    else if (client.waits && !answerMayCome(talk)) hole(talk, client)
    else return
  }
}

/** To the request that asked for another protocol. */
function answerMayCome({ order, askedStreamId }: Talk): boolean {
  return order.queue.at(-1)?.streamId === askedStreamId
}

function resume(talk: Talk, half: Half): void {
  const held = half.held
  const length = half.heldLength
  release(talk, half)
  half.waits = false
  if (held === undefined) return
  const input = held.subarray(0, length)
  keep(talk, half, input, run(talk, half, input, 0))
}

/** What could have become a start line in the place of content, and did not, is content. */
function takeHeldContent(talk: Talk, half: Half): void {
  if (half.state !== 'sized' || half.held === undefined) return
  half.fresh = false
  resume(talk, half)
}

/**
 * Known lengths say where a hole ends (RFC 9112 §6.2, §7.1); elsewhere it hides where messages begin and
 * end.
 */
function skip(talk: Talk, half: Half, missingBytes: number | undefined): void {
  takeHeldContent(talk, half)
  const known = missingBytes !== undefined && missingBytes > 0
  const { state } = half
  if (state === 'rest') return
  if (state === 'switch-agreed') {
    leaveAgreed(talk)
  } else if (state === 'until-close') {
    miss(talk, half, known ? missingBytes : undefined)
  } else if (known && (state === 'sized' || state === 'chunk-data') && missingBytes <= half.remainingBytes) {
    missContent(talk, half, missingBytes)
  } else if (known && state === 'sized' && talk.agreed !== undefined) {
    miss(talk, half, half.remainingBytes)
    // What the hole hides besides is of the protocol behind.
    endMessage(talk, half, 'gap')
  } else if (known && state === 'sized') {
    missContent(talk, half, half.remainingBytes)
    hideRequest(talk, half)
    hole(talk, half)
  } else {
    if (state === 'start') hideRequest(talk, half)
    lose(talk, half, 'gap')
  }
}

/** Between requests nothing but a request can be missing. */
function hideRequest(talk: Talk, half: Half): void {
  if (half.from === 'client' && talk.order.trust === 'exact') talk.order.hiddenRequest = true
}

function missContent(talk: Talk, half: Half, bytes: number): void {
  miss(talk, half, bytes)
  half.remainingBytes -= bytes
  contentRead(talk, half)
}

function contentRead(talk: Talk, half: Half): void {
  if (half.remainingBytes > 0) return
  if (half.state === 'sized') endMessage(talk, half)
  else half.state = 'chunk-end'
}

function miss(talk: Talk, half: Half, bytes: number | undefined): void {
  half.fresh = false
  half.wireBytes += bytes ?? 0
  if (half.streamId === 0) return
  talk.out.push({ kind: 'missing', streamId: half.streamId, from: half.from, bytes })
}
