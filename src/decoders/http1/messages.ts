import type { Cut } from '../message.ts'
import { type Framing, requestFraming, responseFraming } from './framing.ts'
import { parseFields, parseRequestLine, parseStatusLine, type StatusLine } from './head.ts'
import { release } from './held.ts'
import {
  endResponse,
  hole,
  hunt,
  nextToAnswer,
  requestSeen,
  responseBegins,
  responseEnded,
  unpairedResponseSeen,
} from './order.ts'
import { type Half, MORE, type Pending, type Talk } from './talk.ts'

/** Said instead of a length: `text` does not begin with a start line. */
export const NO_START = 0
/** A head, and a trailer section, may be this long. */
export const HEAD_BYTES_MAX = 64 * 1024

/**
 * `text` begins where a message should. When it holds its whole head, tells of the message, gets ready for
 * its content, and gives the head's length; else `MORE` or `NO_START`. With `cut` a head without end is
 * taken as it is.
 */
export function beginMessage(talk: Talk, half: Half, text: string, cut?: Cut): number {
  const lineEnd = text.indexOf('\n')
  if (lineEnd === -1) return MORE
  return half.from === 'client'
    ? beginRequest(talk, half, text, lineEnd, cut)
    : beginResponse(talk, half, text, lineEnd, cut)
}

function readFields(talk: Talk, text: string, lineEnd: number, cut: Cut | undefined): number {
  const end = parseFields(text, lineEnd + 1, talk.fields)
  if (cut !== undefined) return text.length
  return end > HEAD_BYTES_MAX ? MORE : end
}

/** The message being read is over, as its framing says or by `cut`. */
export function endMessage(talk: Talk, half: Half, cut?: Cut): void {
  const { from, streamId, wireBytes } = half
  half.streamId = 0
  half.wireBytes = 0
  half.scanned = 0
  half.state = 'start'
  if (streamId !== 0) {
    talk.out.push(
      cut === undefined
        ? { kind: 'end', streamId, from, wireBytes }
        : { kind: 'end', streamId, from, wireBytes, cut },
    )
  }
  if (from === 'client') return
  if (streamId !== 0) {
    talk.order.queue.shift()
    talk.answeredStreamId = streamId
  }
  if (cut === undefined) responseEnded(talk)
}

/**
 * The rest of what this half is in the middle of can't be told apart: ends it and looks for the next
 * start.
 */
export function lose(talk: Talk, half: Half, cut: 'gap' | 'limit'): void {
  if (half.streamId !== 0) endMessage(talk, half, cut)
  hole(talk, half)
}

/** Nothing that follows is HTTP: ends what is open. */
export function becomeOpaque(talk: Talk, why: 'upgrade' | 'tunnel' | 'not this protocol'): void {
  endOpen(talk)
  talk.established = true
  talk.opaque = true
  talk.client.state = 'opaque'
  talk.server.state = 'opaque'
  talk.out.push({ kind: 'opaque', why })
}

/** Ends what is open on both sides; content that runs until the close ends as it should. */
export function endOpen(talk: Talk): void {
  release(talk, talk.client)
  release(talk, talk.server)
  talk.client.waits = false
  talk.server.waits = false
  if (talk.client.streamId !== 0) {
    endMessage(talk, talk.client, talk.client.state === 'until-close' ? undefined : 'closed')
  }
  if (talk.server.streamId !== 0) {
    endMessage(talk, talk.server, talk.server.state === 'until-close' ? undefined : 'closed')
  }
  for (const pending of talk.order.queue) endResponse(talk, pending.streamId, pending.interimBytes, 'closed')
  talk.order.queue.length = 0
}

function beginRequest(talk: Talk, half: Half, text: string, lineEnd: number, cut?: Cut): number {
  const line = parseRequestLine(text, lineEnd)
  if (line === undefined) return NO_START
  const fields = talk.fields
  const wireBytes = readFields(talk, text, lineEnd, cut)
  if (wireBytes === MORE) return MORE
  const streamId = talk.nextStreamId
  talk.nextStreamId += 1
  talk.established = true
  const { method, target, version } = line
  talk.out.push({ kind: 'request', streamId, version, method, target, headers: fields.headers })
  half.streamId = streamId
  half.wireBytes = wireBytes
  half.expectsContinue = fields.expectsContinue
  requestSeen(talk, streamId, method)
  if (cut !== undefined) {
    endMessage(talk, half, cut)
    return wireBytes
  }
  beginContent(talk, half, requestFraming(fields))
  // What follows is HTTP only if the tunnel is refused; without its response nobody can tell.
  if (method === 'CONNECT' && half.state === 'start' && talk.order.queue.at(-1)?.streamId === streamId) {
    half.state = 'connect-sent'
  }
  return wireBytes
}

function beginResponse(talk: Talk, half: Half, text: string, lineEnd: number, cut?: Cut): number {
  const line = parseStatusLine(text, lineEnd)
  if (line === undefined) return NO_START
  const wireBytes = readFields(talk, text, lineEnd, cut)
  if (wireBytes === MORE) return MORE
  talk.established = true
  responseBegins(talk)
  const pending = nextToAnswer(talk)
  if (line.status < 200 && line.status !== 101) {
    half.scanned = 0
    if (pending !== undefined) interim(talk, pending, line.status, wireBytes)
    return wireBytes
  }
  if (pending === undefined) unpairedResponseSeen(talk)
  else answer(talk, half, pending, line, wireBytes)
  if (cut !== undefined) {
    endMessage(talk, half, cut)
    return wireBytes
  }
  if (line.status === 101) {
    endMessage(talk, half)
    becomeOpaque(talk, 'upgrade')
  } else if (pending?.method === 'CONNECT' && line.status < 300) {
    endMessage(talk, half)
    becomeOpaque(talk, 'tunnel')
  } else {
    if (pending?.method === 'CONNECT' && talk.client.state === 'connect-sent') talk.client.state = 'start'
    beginContent(talk, half, responseFraming(line.status, pending?.method, talk.fields))
  }
  return wireBytes
}

function interim(talk: Talk, pending: Pending, status: number, wireBytes: number): void {
  pending.interimBytes += wireBytes
  talk.out.push({ kind: 'interim', streamId: pending.streamId, status, headers: talk.fields.headers })
}

function answer(talk: Talk, half: Half, pending: Pending, line: StatusLine, wireBytes: number): void {
  const { version, status, reason } = line
  const streamId = pending.streamId
  talk.out.push({ kind: 'response', streamId, version, status, reason, headers: talk.fields.headers })
  half.streamId = streamId
  half.wireBytes = wireBytes + pending.interimBytes
}

function beginContent(talk: Talk, half: Half, framing: Framing): void {
  half.fresh = true
  half.scanned = 0
  switch (framing.kind) {
    case 'none':
      endMessage(talk, half)
      return
    case 'sized':
      half.state = 'sized'
      half.remainingBytes = framing.bytes
      return
    case 'chunked':
      half.state = 'chunk-size'
      return
    case 'until-close':
      // Without its request this may be the answer to a HEAD, and has no content at all.
      if (half.streamId === 0) {
        responseEnded(talk)
        hunt(talk, half)
      } else {
        half.state = 'until-close'
      }
      return
    case 'unknown':
      lose(talk, half, 'gap')
      return
    default:
      framing satisfies never
  }
}
