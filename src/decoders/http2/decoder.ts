import type { Side } from '../../connections/index.ts'
import {
  type Decoder,
  type DecoderShare,
  type OpenOptions,
  openShare,
  type Protocol,
  type Recognition,
} from '../decoder.ts'
import type { Message, Switched } from '../message.ts'
import {
  answersAhead,
  certainContent,
  endAll,
  loseBoundary,
  missPayload,
  passContent,
  READERS,
  unitBytes,
} from './readers.ts'
import { recogniseStart } from './recognise.ts'
import { hunt } from './resync.ts'
import { readUpgradeSettings } from './settings.ts'
import { endPart, noteRequest, openStream } from './streams.ts'
import { type Half, MORE, openTalk, type Talk } from './talk.ts'

const NOTHING: readonly Message[] = []
/** Token of `Upgrade` that leads from HTTP/1.1 to here (RFC 7540 §3.2). */
const UPGRADE = 'h2c'
/** So much waits for what it answers; then it is read without. */
const WAITING_BYTES_MAX = 64 * 1024

/** HTTP/2 (RFC 9113), as an observer reads it. */
export const http2 = {
  type: 'http2',
  recognise: (from: Side, start: Uint8Array): Recognition => recogniseStart(from, start),
  upgrades: [UPGRADE],
  open: openDecoder,
} as const satisfies Protocol

/**
 * Takes both directions in the order they passed; gives messages numbered as their streams are.
 * A message's `wireBytes` are those of its HEADERS, CONTINUATION and DATA frames, whole; of a promised
 * request those of its PUSH_PROMISE, and nothing of a request that came by `Upgrade`.
 * A field section of which nothing can be read is not told of: a request without head is no request, and
 * a response without head ends with cut `gap`.
 */
function openDecoder(options: OpenOptions): Decoder {
  const share: DecoderShare = options.share ?? openShare()
  const talk = openTalk(share, options.joinedLate)
  if (options.switched?.to === UPGRADE) beginUpgraded(talk, options.switched)
  // Of the upgraded request; told with the first thing that happens.
  let before = talk.out
  return { bytes, gap, contentAhead, pass, closed }

  function bytes(from: Side, chunk: Uint8Array): readonly Message[] {
    if (talk.opaque || chunk.length === 0) return NOTHING
    begin()
    feed(talk, talk[from], chunk)
    settle(talk)
    return talk.out
  }

  function gap(from: Side, missingBytes: number | undefined): readonly Message[] {
    if (talk.opaque || missingBytes === 0) return NOTHING
    begin()
    skip(talk, talk[from], missingBytes)
    settle(talk)
    return talk.out
  }

  function contentAhead(from: Side): number {
    return talk.opaque ? 0 : certainContent(talk[from])
  }

  function pass(from: Side, passedBytes: number): readonly Message[] {
    begin()
    passContent(talk, talk[from], passedBytes)
    return talk.out
  }

  function closed(): readonly Message[] {
    if (talk.opaque) return NOTHING
    begin()
    flush(talk, talk.client)
    flush(talk, talk.server)
    if (!talk.opaque) endAll(talk)
    talk.opaque = true
    return talk.out
  }

  function begin(): void {
    talk.out = before
    before = []
  }
}

/** RFC 7540 §3.2: the request that asked for HTTP/2 is stream 1, and its response comes in HTTP/2. */
function beginUpgraded(talk: Talk, { request }: Switched): void {
  const settings = request.headers.find(([name]) => name.toLowerCase() === 'http2-settings')
  if (settings !== undefined) readUpgradeSettings(talk, settings[1])
  noteRequest(talk, 1)
  endPart(talk, openStream(talk, { ...request, streamId: 1 }, 0, undefined), 'client')
}

function feed(talk: Talk, half: Half, chunk: Uint8Array): void {
  if (half.waits) keep(talk, half, chunk, 0)
  else read(talk, half, chunk, true)
  half.untouched = false
}

/** Reads all of `input`; what needs more bytes is held. `isChunk`: it begins where a chunk begins. */
function read(talk: Talk, half: Half, input: Uint8Array, isChunk: boolean): void {
  let at = 0
  while (at < input.length) {
    let next: number
    if (half.waits) next = MORE
    else if (half.state === 'hunting') next = hunt(talk, half, input, at, isChunk)
    else if (half.held.length > 0) next = readHeld(talk, half, input, at)
    else next = READERS[half.state](talk, half, input, at)
    if (next === MORE) {
      keep(talk, half, input, at)
      return
    }
    at = next
  }
}

/** Completes the frame that began in earlier chunks; gives the place in `input` behind what it took. */
function readHeld(talk: Talk, half: Half, input: Uint8Array, at: number): number {
  const { held } = half
  let used = at
  for (;;) {
    const missingBytes = unitBytes(talk, half, held.bytes) - held.length
    if (missingBytes <= 0) break
    const taken = Math.min(missingBytes, input.length - used)
    if (taken === 0) return used
    if (!held.append(input, used, used + taken)) {
      loseBoundary(talk, half)
      return used
    }
    used += taken
  }
  read(talk, half, held.take(), false)
  return used
}

/** Holds the rest of `input`; what has waited too long is read all the same. */
function keep(talk: Talk, half: Half, input: Uint8Array, at: number): void {
  if (half.waits && half.held.length + input.length - at > WAITING_BYTES_MAX) {
    half.patient = false
    resume(talk, half)
    read(talk, half, input.subarray(at), false)
    half.patient = true
  } else if (!half.held.append(input, at, input.length)) {
    talk.share.skippedBytes += input.length - at
    loseBoundary(talk, half)
  }
}

function resume(talk: Talk, half: Half): void {
  half.waits = false
  read(talk, half, half.held.take(), false)
}

/** What waits for the other side is read without it. */
function flush(talk: Talk, half: Half): void {
  if (!half.waits) return
  half.patient = false
  resume(talk, half)
  half.patient = true
}

/** One side may have waited for what the other just said. */
function settle(talk: Talk): void {
  const { client, server } = talk
  for (;;) {
    if (server.waits && !answersAhead(talk, server, server.held.bytes, 0)) resume(talk, server)
    else if (client.waits && !answersAhead(talk, client, client.held.bytes, 0)) resume(talk, client)
    else return
  }
}

/** A frame's length says where a hole in it ends (RFC 9113 §4.1); elsewhere it hides where frames begin. */
function skip(talk: Talk, half: Half, missingBytes: number | undefined): void {
  flush(talk, half)
  if (talk.opaque) return
  if (missingBytes === undefined || !missPayload(talk, half, missingBytes))
    loseBoundary(talk, half, missingBytes)
  half.untouched = false
}
