import type { Cut, RequestHead, ResponseHead } from '../message.ts'
import { doubtsOf, FOLLOWS_AMBIGUOUS, SWITCH_UNASKED, splits } from './ambiguities.ts'
import { latin1 } from './characters.ts'
import { agree, becomeOpaque, doubt, endMessage, lose, refuseSwitch } from './endings.ts'
import { findFields, takeFields } from './fields.ts'
import { type Framing, requestFraming, responseFraming } from './framing.ts'
import { clearHead, type Head, MORE, NO_START } from './head.ts'
import {
  hunt,
  nextToAnswer,
  requestSeen,
  responseBegins,
  responseEnded,
  unpairedResponseSeen,
} from './order.ts'
import { readRequestLine, readStatusLine, takeLineText } from './start-line.ts'
import type { Half, Pending, Talk } from './talk.ts'

/** A head, and a trailer section, may be this long. */
export const HEAD_BYTES_MAX = 64 * 1024

/**
 * At `at` a message should begin. When its whole head is there, tells of the message, gets ready for its
 * content, and gives the place behind the head; else `MORE` or `NO_START`. With `cut` a head without end
 * is taken as it is.
 */
export function beginMessage(talk: Talk, half: Half, input: Uint8Array, at: number, cut?: Cut): number {
  const limit = Math.min(input.length, at + HEAD_BYTES_MAX)
  const head = talk.head
  clearHead(head)
  const read = half.from === 'client' ? readRequestLine : readStatusLine
  const fieldsBegin = read(input, at, limit, head)
  if (fieldsBegin === MORE || fieldsBegin === NO_START) return fieldsBegin
  const found = findFields(input, fieldsBegin, limit, head)
  if (found === MORE && cut === undefined) return MORE
  const end = cut === undefined ? found : limit
  const text = latin1(input, at, end)
  const lineText = takeLineText(head, text)
  takeFields(input, text, at, head)
  if (half.from === 'client') {
    if (lineText !== undefined) head.target = lineText
    beginRequest(talk, half, end - at, cut)
  } else {
    if (lineText !== undefined) head.reason = lineText
    beginResponse(talk, half, end - at, cut)
  }
  return end
}

function beginRequest(talk: Talk, half: Half, wireBytes: number, cut: Cut | undefined): void {
  const head = talk.head
  const framing = requestFraming(head)
  const streamId = talk.nextStreamId
  talk.nextStreamId += 1
  talk.established = true
  const { version, method, target, headers } = head
  const doubts = doubtsOf(takeDoubts(half, head.doubts))
  const request: RequestHead = { kind: 'request', streamId, version, method, target, headers, doubts }
  talk.out.push(request)
  half.streamId = streamId
  half.wireBytes = wireBytes
  half.expectsContinue = head.expectsContinue
  requestSeen(talk, request)
  if (cut !== undefined) {
    endMessage(talk, half, cut)
    return
  }
  if (asksForSwitch(head) && talk.order.queue.at(-1)?.streamId === streamId) talk.askedStreamId = streamId
  beginContent(talk, half, framing)
}

function beginResponse(talk: Talk, half: Half, wireBytes: number, cut: Cut | undefined): void {
  const head = talk.head
  const { status } = head
  talk.established = true
  responseBegins(talk)
  const pending = nextToAnswer(talk)
  const method = pending?.head.method
  const framing = responseFraming(status, method, head)
  if (status < 200 && status !== 101) {
    half.scanned = 0
    doubt(half, head.doubts)
    if (pending !== undefined) interim(talk, pending, wireBytes)
    return
  }
  const leaves = status === 101 || (method === 'CONNECT' && status < 300)
  if (status === 101 && pending !== undefined && pending.streamId !== talk.askedStreamId)
    head.doubts |= SWITCH_UNASKED
  const response = pending === undefined ? undefined : answer(talk, half, pending, wireBytes)
  if (pending === undefined) {
    takeDoubts(half, head.doubts)
    unpairedResponseSeen(talk)
  }
  if (cut !== undefined) {
    endMessage(talk, half, cut)
  } else if (leaves) {
    endMessage(talk, half)
    if (pending === undefined || response === undefined) becomeOpaque(talk, 'upgrade')
    else agree(talk, pending.head, response, head.upgrade)
  } else {
    refuseSwitch(talk, pending)
    beginContent(talk, half, framing)
  }
}

/** RFC 9110 §7.8 (a request in HTTP/1.0 cannot ask), §9.3.6. */
function asksForSwitch({ method, version, upgrade }: Head): boolean {
  return method === 'CONNECT' || (upgrade !== '' && version !== 'HTTP/1.0')
}

function interim(talk: Talk, pending: Pending, wireBytes: number): void {
  const { status, headers } = talk.head
  pending.interimBytes += wireBytes
  talk.out.push({ kind: 'interim', streamId: pending.streamId, status, headers })
}

function answer(talk: Talk, half: Half, pending: Pending, wireBytes: number): ResponseHead {
  const { version, status, reason, headers } = talk.head
  const streamId = pending.streamId
  const doubts = doubtsOf(takeDoubts(half, talk.head.doubts))
  const response: ResponseHead = { kind: 'response', streamId, version, status, reason, headers, doubts }
  talk.out.push(response)
  half.streamId = streamId
  half.wireBytes = wireBytes + pending.interimBytes
  return response
}

/** Those of the head that was just read, with what is to be said of all heads of this half by now. */
function takeDoubts(half: Half, headDoubts: number): number {
  const doubts = headDoubts | half.doubts | (half.splits ? FOLLOWS_AMBIGUOUS : 0)
  half.doubts = 0
  if (headDoubts !== 0 && splits(headDoubts)) half.splits = true
  return doubts
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
