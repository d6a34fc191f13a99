import { type ChainEdges, type ChainLimits, judgeChain, PROVEN, REFUTED } from './chain.ts'
import { FRAME_HEADER_BYTES, SETTINGS } from './frames.ts'
import type { Hpack } from './hpack/hpack.ts'
import { openHpack } from './hpack/open.ts'
import { PREFACE, prefaceBytes } from './recognise.ts'
import type { Half, Talk } from './talk.ts'

/** No request takes less, so that so many at most have passed unseen; higher stream ids are none. */
const REQUEST_BYTES_MIN = 10
/** Besides, some may be on their way from the other side. */
const STREAMS_AHEAD_MAX = 64

/** After so many frames a place is taken to be right. */
const TRIAL_FRAMES = 8

const NO_EDGES: ChainEdges = { begins: false, ends: false }
const CHUNK_BEGINS: ChainEdges = { begins: true, ends: false }
const CHUNK_ENDS: ChainEdges = { begins: false, ends: true }
const WHOLE_CHUNK: ChainEdges = { begins: true, ends: true }

/**
 * Looks for the next frame: a place from which frames follow one another, first where the chunk begins.
 * `isChunk`: `chunk` is one, and no rest of one. Gives the place in it where reading goes on; a place that
 * can't be judged yet is held. Content that is itself made of frames can pass for them, as far as it agrees
 * with what follows it.
 */
export function hunt(talk: Talk, half: Half, chunk: Uint8Array, at: number, isChunk: boolean): number {
  const isFront = isChunk && at === 0
  const limits = limitsOf(talk, half)
  if (half.held.length > 0) {
    const led = isFront ? beginWithFrames(talk, half, chunk, limits) : -1
    if (led >= 0) return led
    const judged = huntInHeld(talk, half, chunk, at, limits, isChunk)
    if (judged >= 0) return judged
  }
  if (isFront && startsAnew(talk, half, chunk)) return 0
  let place = at
  while (place < chunk.length) {
    const begins = isFront && place === 0
    const judgement = judgeChain(half.from, chunk, place, chunk.length, limits, edgesOf(begins, isChunk))
    if (judgement === PROVEN) {
      skipped(talk, half, place - at)
      beginTrial(talk, half)
      return place
    }
    if (judgement !== REFUTED && half.held.append(chunk, place, chunk.length)) {
      half.heldBegins = begins
      break
    }
    place = nextPlace(chunk, place + 1)
  }
  skipped(talk, half, place - at)
  return chunk.length
}

/**
 * A place that can't be judged yet may be none, so where a chunk begins comes first. What is held stays if
 * its frames lead there. Gives the place where reading goes on, or -1.
 */
function beginWithFrames(talk: Talk, half: Half, chunk: Uint8Array, limits: ChainLimits): number {
  const { held, from } = half
  const wantedBytes = judgeChain(from, held.bytes, 0, held.length, limits, NO_EDGES)
  // Many write a frame's header and its payload one after the other.
  if (half.heldBegins && wantedBytes === chunk.length + FRAME_HEADER_BYTES) return -1
  if (judgeChain(from, chunk, 0, chunk.length, limits, WHOLE_CHUNK) !== PROVEN) return -1
  const endsHere = wantedBytes === FRAME_HEADER_BYTES
  const leadsOn =
    endsHere &&
    held.append(chunk, 0, FRAME_HEADER_BYTES) &&
    judgeChain(from, held.bytes, 0, held.length, limits, NO_EDGES) !== REFUTED
  if (!leadsOn) skipped(talk, half, held.take().length - (endsHere ? FRAME_HEADER_BYTES : 0))
  beginTrial(talk, half)
  return leadsOn ? FRAME_HEADER_BYTES : 0
}

/** What the first frames say of other frames is not believed yet: the place may be wrong all the same. */
function beginTrial(talk: Talk, half: Half): void {
  half.state = 'frame'
  half.trialFrames = TRIAL_FRAMES
  if (half.from === 'client') talk.requestIdBefore = talk.lastRequestId
}

/**
 * Judges the places in what is held, with as much of the chunk as that takes. Gives -1 when there are none
 * any more, and the chunk is to be searched from `at` on.
 */
function huntInHeld(
  talk: Talk,
  half: Half,
  chunk: Uint8Array,
  at: number,
  limits: ChainLimits,
  isChunk: boolean,
): number {
  const { held } = half
  const before = held.length
  let used = at
  let place = 0
  while (place < before) {
    const edges = edgesOf(half.heldBegins && place === 0, isChunk && used === chunk.length)
    const judgement = judgeChain(half.from, held.bytes, place, held.length, limits, edges)
    if (judgement === PROVEN || (judgement !== REFUTED && used === chunk.length)) {
      letGo(talk, half, place)
      if (judgement === PROVEN) beginTrial(talk, half)
      return used
    }
    if (judgement === REFUTED) {
      place = nextPlace(held.bytes, place + 1)
    } else {
      const taken = Math.min(judgement, chunk.length - used)
      if (!held.append(chunk, used, used + taken)) break
      used += taken
    }
  }
  held.release()
  skipped(talk, half, before)
  return -1
}

function letGo(talk: Talk, half: Half, length: number): void {
  if (length === 0) return
  half.held.drop(length)
  half.heldBegins = false
  skipped(talk, half, length)
}

function edgesOf(begins: boolean, ends: boolean): ChainEdges {
  if (begins) return ends ? WHOLE_CHUNK : CHUNK_BEGINS
  return ends ? CHUNK_ENDS : NO_EDGES
}

function limitsOf(talk: Talk, half: Half): ChainLimits {
  const hiddenMax = Math.ceil(talk.hiddenBytes / REQUEST_BYTES_MIN) + STREAMS_AHEAD_MAX
  return {
    frameBytesMax: half.frameBytesLikely,
    requestIdMax: talk.lastRequestId + 2 * hiddenMax,
    promisedIdMax: talk.lastPromisedId + 2 * STREAMS_AHEAD_MAX,
  }
}

/** The first frame is no longer than is waited for, so that its first byte is zero. */
function nextPlace(bytes: Uint8Array, at: number): number {
  const found = bytes.indexOf(0, at)
  return found === -1 ? bytes.length : found
}

/**
 * The preface shows that no request came before it, and so no header block of either side: the compression
 * is known from its start, but for what the server's settings may have said.
 */
function startsAnew(talk: Talk, half: Half, chunk: Uint8Array): boolean {
  if (half.from === 'server' || !half.untouched || prefaceBytes(chunk) < PREFACE.length) return false
  // Content may begin like that too, but is not followed by SETTINGS (RFC 9113 §3.4).
  if (chunk.length >= PREFACE.length + FRAME_HEADER_BYTES && chunk[PREFACE.length + 3] !== SETTINGS)
    return false
  half.state = 'preface'
  half.hpack = freshHpack()
  if (talk.server.untouched) talk.server.hpack = freshHpack()
  talk.lastRequestKnown = true
  talk.hiddenRequests = false
  talk.hiddenBytes = 0
  return true
}

function freshHpack(): Hpack {
  const hpack = openHpack({ joinedLate: false })
  hpack.setTableBytesMax(Number.POSITIVE_INFINITY)
  return hpack
}

/** There may have been header blocks among the bytes. */
function skipped(talk: Talk, half: Half, bytes: number): void {
  if (bytes === 0) return
  if (half.from === 'client') talk.hiddenBytes += bytes
  talk.share.skippedBytes += bytes
  half.hpack.lose()
}
