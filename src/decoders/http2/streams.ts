import type { Side } from '../../connections/index.ts'
import type { Cut, Header, RequestHead } from '../message.ts'
import { isOdd } from './frames.ts'
import { requestHead, responseHead, statusOf } from './heads.ts'
import type { Part, Stream } from './open-streams.ts'
import type { Half, Talk } from './talk.ts'

/** Open at once on one connection; the oldest goes first. Servers allow a few hundred. */
const STREAMS_MAX = 10_000
/** What an open stream costs, counted among the held bytes. */
const STREAM_BYTES = 256
/** Responses remembered that came before their request; the oldest is forgotten first. */
const ANSWERED_EARLY_MAX = 1024
/** No two requests are told of with one stream id; the oldest are forgotten first. */
const TRIED_IDS_MAX = 64
/**
 * A stream that may have ended unseen is given up when it shows no frame while so many later requests begin.
 */
const SILENT_REQUESTS_MAX = 256
/** So often streams are looked through for those. */
const REQUESTS_PER_SWEEP = 64

const OTHER_SIDE = { client: 'server', server: 'client' } as const

/** The head of a request in `fields`: told of, and its stream opened. */
export function beginRequest(talk: Talk, streamId: number, wireBytes: number, cut: Cut | undefined): Stream {
  return openStream(talk, requestHead(streamId, talk.fields), wireBytes, cut)
}

export function openStream(talk: Talk, head: RequestHead, wireBytes: number, cut: Cut | undefined): Stream {
  const { client, server, streams, share } = talk
  const isFull = streams.size >= STREAMS_MAX || share.heldBytes + STREAM_BYTES > share.heldBytesMax
  if (isFull && streams.oldest !== undefined) {
    share.streamsEvicted += 1
    endStream(talk, streams.oldest, 'limit')
  }
  // While the server's frames are searched for, the response may pass among what is passed over.
  const doubted = server.state === 'hunting'
  if (doubted) talk.inDoubt = true
  const stream: Stream = {
    id: head.streamId,
    client: { phase: 'open', wireBytes, cut, losses: client.losses },
    server: { phase: 'idle', wireBytes: 0, cut: undefined, losses: doubted ? -1 : server.losses },
    head: undefined,
    activeAt: talk.requests,
    older: undefined,
    newer: undefined,
    next: undefined,
  }
  talk.requests += 1
  talk.out.push(head)
  if (share.heldBytes + STREAM_BYTES > share.heldBytesMax) {
    share.streamsEvicted += 1
    tellEnd(talk, stream, 'client', 'limit')
    tellEnd(talk, stream, 'server', 'limit')
    return stream
  }
  share.heldBytes += STREAM_BYTES
  streams.add(stream)
  if (talk.inDoubt && talk.requests % REQUESTS_PER_SWEEP === 0) giveUpSilent(talk)
  return stream
}

/** RFC 9113 §8.1, of the client: a request, or the trailers of one. */
export function clientFields(
  talk: Talk,
  streamId: number,
  endsStream: boolean,
  wireBytes: number,
  cut?: Cut,
): void {
  const stream = talk.streams.find(streamId)
  if (stream !== undefined) {
    laterFields(talk, stream, 'client', endsStream, wireBytes, cut)
    return
  }
  if (!isOdd(streamId) || streamId <= talk.lastRequestId || talk.triedIds.includes(streamId)) return
  const { fields } = talk
  // Trailers of a request that nobody saw have no pseudo fields, and always end their stream.
  if (!talk.lastRequestKnown && !fields.asks && (endsStream || fields.unknownFields.length === 0)) return
  noteRequest(talk, streamId)
  if (talk.client.trialFrames > 0) noteTried(talk, streamId)
  const early = takeAnsweredEarly(talk, streamId)
  const begun = beginRequest(talk, streamId, wireBytes, cut)
  if (streamId > talk.handledIdMax.server) endPart(talk, begun, 'server', 'reset')
  else if (early) endPart(talk, begun, 'server', 'gap')
  if (endsStream) endPart(talk, begun, 'client')
}

/** The stream of a request begins, whether its head can be read or not. */
export function noteRequest(talk: Talk, streamId: number): void {
  talk.lastRequestId = streamId
  talk.lastRequestKnown = true
  talk.hiddenBytes = 0
}

function noteTried(talk: Talk, streamId: number): void {
  if (talk.triedIds.length >= TRIED_IDS_MAX) talk.triedIds.shift()
  talk.triedIds.push(streamId)
}

/** RFC 9113 §8.1, of the server: interim responses, the response, or its trailers. */
export function serverFields(
  talk: Talk,
  streamId: number,
  endsStream: boolean,
  wireBytes: number,
  cut?: Cut,
): void {
  const stream = talk.streams.find(streamId)
  if (stream === undefined) {
    unpaired(talk, streamId)
    return
  }
  const part = stream.server
  if (part.phase !== 'idle') {
    laterFields(talk, stream, 'server', endsStream, wireBytes, cut)
    return
  }
  const doubted = isInDoubt(talk, part, 'server')
  touch(talk, stream, 'server')
  part.wireBytes += wireBytes
  if (stream.head !== undefined && settleHead(talk, stream, endsStream)) return
  const { fields } = talk
  if (fields.status === undefined && endsStream && doubted) {
    // Trailers, or a response without content: what would say so is unknown.
    endPart(talk, stream, 'server', 'gap')
    return
  }
  const status = statusOf(fields)
  if (status > 0 && status < 200 && !endsStream) {
    talk.out.push({ kind: 'interim', streamId, status, headers: fields.headers })
    return
  }
  part.cut = cut
  if (fields.status === undefined && fields.unknownFields.length > 0 && !endsStream) {
    stream.head = responseHead(streamId, fields)
    return
  }
  part.phase = 'open'
  talk.out.push(responseHead(streamId, fields))
  if (endsStream) endPart(talk, stream, 'server')
}

/** RFC 9113 §8.4: the server asks itself; the request has no content. */
export function promisedFields(talk: Talk, promisedId: number, wireBytes: number, cut?: Cut): void {
  if (promisedId <= talk.lastPromisedId) return
  talk.lastPromisedId = promisedId
  endPart(talk, beginRequest(talk, promisedId, wireBytes, cut), 'client')
}

/** The stream whose content a DATA frame holds (RFC 9113 §6.1); undefined when nobody is told of it. */
export function dataStream(talk: Talk, from: Side, streamId: number): Stream | undefined {
  const stream = talk.streams.find(streamId)
  if (stream === undefined) return undefined
  const part = stream[from]
  if (part.phase === 'ended') return undefined
  touch(talk, stream, from)
  if (part.phase === 'open') return stream
  if (stream.head === undefined) {
    // The head passed unseen, so nobody knows what this is the content of.
    endPart(talk, stream, from, 'gap')
    return undefined
  }
  commitHead(talk, stream)
  return stream
}

/** RFC 9113 §6.4: whichever side says it, both directions are over. */
export function resetStream(talk: Talk, from: Side, streamId: number): void {
  const stream = talk.streams.find(streamId)
  if (stream !== undefined) endStream(talk, stream, 'reset')
  else if (from === 'server') answersEarly(talk, streamId)
}

/** RFC 9113 §6.8: streams that the other side began above `lastId` were not handled, and never will be. */
export function goAway(talk: Talk, from: Side, lastId: number): void {
  if (lastId >= talk.handledIdMax[from]) return
  talk.handledIdMax[from] = lastId
  if (lastId >= (from === 'server' ? talk.lastRequestId : talk.lastPromisedId)) return
  let next = talk.streams.oldest
  while (next !== undefined) {
    const stream = next
    next = stream.newer
    if (stream.id > lastId && isOdd(stream.id) === (from === 'server')) endStream(talk, stream, 'reset')
  }
}

/** A header block of this stream can't be read. */
export function fieldsLost(talk: Talk, half: Half, cut: Cut): void {
  const { streamId, promisedId, endsStream, wireBytes } = half.block
  if (promisedId !== 0) return
  const stream = talk.streams.find(streamId)
  if (stream === undefined) {
    if (half.from === 'server') answersEarly(talk, streamId)
    else if (isOdd(streamId) && streamId > talk.lastRequestId) {
      talk.hiddenRequests = true
      if (talk.lastRequestKnown) talk.lastRequestId = streamId
    }
    return
  }
  const part = stream[half.from]
  if (part.phase === 'ended') return
  touch(talk, stream, half.from)
  part.wireBytes += wireBytes
  if (endsStream) endPart(talk, stream, half.from, cut)
  else if (part.phase === 'open') part.cut = cut
  else {
    // It may have been an interim response: what follows says.
    stream.head = undefined
    part.losses = -1
    talk.inDoubt = true
  }
}

/** Ends what is open of a stream. */
export function endStream(talk: Talk, stream: Stream, cut: Cut): void {
  endPart(talk, stream, 'client', cut)
  endPart(talk, stream, 'server', cut)
}

/** This side's message is over, as its framing says or by `cut`. */
export function endPart(talk: Talk, stream: Stream, from: Side, cut?: Cut): void {
  const part = stream[from]
  if (part.phase === 'ended') return
  tellMissing(talk, stream, from)
  tellEnd(talk, stream, from, cut ?? part.cut)
  const other = stream[OTHER_SIDE[from]]
  if (other.phase === 'ended') {
    talk.streams.delete(stream)
    talk.share.heldBytes -= STREAM_BYTES
  } else if (from === 'server' && isInDoubt(talk, other, 'client')) {
    // With the response over, the request's end is more likely to have passed unseen than to come.
    endPart(talk, stream, 'client', 'gap')
  }
}

/** A frame of the stream passed, so this side has not ended it unseen. */
export function touch(talk: Talk, stream: Stream, from: Side): void {
  tellMissing(talk, stream, from)
  stream[from].losses = talk[from].losses
  stream.activeAt = talk.requests
}

/** Content may have passed unseen. */
function tellMissing(talk: Talk, stream: Stream, from: Side): void {
  const part = stream[from]
  if (!isInDoubt(talk, part, from)) return
  if (part.phase === 'open') talk.out.push({ kind: 'missing', streamId: stream.id, from, bytes: undefined })
  else if (from === 'server') stream.head = undefined
  part.losses = talk[from].losses
}

function tellEnd(talk: Talk, stream: Stream, from: Side, cut: Cut | undefined): void {
  const part = stream[from]
  const { id: streamId } = stream
  const { wireBytes } = part
  part.phase = 'ended'
  talk.out.push(
    cut === undefined
      ? { kind: 'end', streamId, from, wireBytes }
      : { kind: 'end', streamId, from, wireBytes, cut },
  )
}

/** A head of a message whose head was seen: its trailers. */
function laterFields(
  talk: Talk,
  stream: Stream,
  from: Side,
  endsStream: boolean,
  wireBytes: number,
  cut: Cut | undefined,
): void {
  const part = stream[from]
  if (part.phase === 'ended') return
  touch(talk, stream, from)
  part.wireBytes += wireBytes
  tellTrailers(talk, stream.id, from, talk.fields.headers)
  if (cut !== undefined) part.cut = cut
  if (endsStream) endPart(talk, stream, from)
}

function tellTrailers(talk: Talk, streamId: number, from: Side, headers: readonly Header[]): void {
  if (headers.length > 0) talk.out.push({ kind: 'trailers', streamId, from, headers })
}

/**
 * A head of unknown status came before the present fields: these say what it was. True when they were its
 * trailers, or nobody can say.
 */
function settleHead(talk: Talk, stream: Stream, endsStream: boolean): boolean {
  const { fields } = talk
  if (fields.status !== undefined || (fields.unknownFields.length > 0 && !endsStream)) {
    const headers = stream.head?.headers ?? []
    talk.out.push({ kind: 'interim', streamId: stream.id, status: 0, headers })
    stream.head = undefined
    return false
  }
  if (fields.unknownFields.length > 0) {
    endPart(talk, stream, 'server', 'gap')
    return true
  }
  commitHead(talk, stream)
  tellTrailers(talk, stream.id, 'server', fields.headers)
  if (endsStream) endPart(talk, stream, 'server')
  return true
}

/** What followed shows that the head was the final one. */
function commitHead(talk: Talk, stream: Stream): void {
  if (stream.head !== undefined) talk.out.push(stream.head)
  stream.head = undefined
  stream.server.phase = 'open'
}

/** A final response whose request nobody saw, or has not come yet although it should have. */
function unpaired(talk: Talk, streamId: number): void {
  const { fields } = talk
  const status = statusOf(fields)
  const isFinal = status >= 200 || (fields.status === undefined && fields.unknownFields.length > 0)
  if (!isFinal) return
  const isAhead = isOdd(streamId) && streamId > talk.lastRequestId
  if (isAhead || talk.hiddenRequests || !isOdd(streamId)) talk.share.responsesUnpaired += 1
  answersEarly(talk, streamId)
}

function answersEarly(talk: Talk, streamId: number): void {
  if (!isOdd(streamId) || streamId <= talk.lastRequestId) return
  const early = talk.answeredEarly
  if (early.includes(streamId)) return
  if (early.length >= ANSWERED_EARLY_MAX) early.shift()
  early.push(streamId)
}

/** Stream ids only rise (RFC 9113 §5.1.1), so that lower ones are of no use any more. */
function takeAnsweredEarly(talk: Talk, streamId: number): boolean {
  const early = talk.answeredEarly
  if (early.length === 0) return false
  const found = early.includes(streamId)
  const later = early.filter((id) => id > streamId)
  early.length = 0
  early.push(...later)
  return found
}

function isInDoubt(talk: Talk, part: Part, from: Side): boolean {
  return part.losses !== talk[from].losses
}

/** Ends what may have ended unseen, and looks like it. */
function giveUpSilent(talk: Talk): void {
  talk.inDoubt = false
  let next = talk.streams.oldest
  while (next !== undefined) {
    const stream = next
    next = stream.newer
    if (!isInDoubt(talk, stream.client, 'client') && !isInDoubt(talk, stream.server, 'server')) continue
    if (talk.requests - stream.activeAt > SILENT_REQUESTS_MAX) endStream(talk, stream, 'gap')
    else talk.inDoubt = true
  }
}
