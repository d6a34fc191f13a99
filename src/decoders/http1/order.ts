import type { Cut, RequestHead } from '../message.ts'
import { release } from './held.ts'
import type { Half, Pending, Talk } from './talk.ts'

/**
 * After so many turns of one request and one response each, the client is taken to wait for its responses.
 */
const CLEAN_TURNS = 4
/** Requests in flight on one connection; real clients stay far below. */
const PENDING_MAX = 1024

/** Takes its place in the order; a request that can't be paired with certainty gets no response. */
export function requestSeen(talk: Talk, head: RequestHead): void {
  const order = talk.order
  const streamId = head.streamId
  countTurn(talk)
  if (order.trust === 'lost' && order.queue.length === 0 && order.cleanTurns >= CLEAN_TURNS) {
    order.trust = 'lockstep'
    order.pipelines = false
  }
  if (order.trust === 'lockstep') {
    if (order.hiddenRequest || (order.followsAtOnce && order.queue.length > 0)) loseTrust(talk)
    else if (talk.server.state === 'hunting') dropPending(talk)
  }
  if (order.queue.length >= PENDING_MAX) order.trust = 'lost'
  order.hiddenRequest = false
  order.followsAtOnce = false
  if (order.trust === 'lost') {
    order.owedMax += 1
    talk.share.requestsUnpaired += 1
    endResponse(talk, streamId, 0, 'gap')
    return
  }
  const overlaps = order.queue.length > 0
  if (order.trust === 'lockstep' && !overlaps) expectResponse(talk)
  order.queue.push({ streamId, head, assumed: order.trust === 'lockstep', interimBytes: 0 })
  if (order.trust === 'lockstep' && !overlaps && order.cleanTurns >= CLEAN_TURNS) {
    order.trust = 'exact'
    order.owedMax = 0
  }
}

/** The request that the next response answers, as far as that is certain. */
export function nextToAnswer(talk: Talk): Pending | undefined {
  return talk.order.queue[0]
}

/**
 * A response begins. A hole on the server's side shows only now; without one, requests that overlap
 * although they were paired by assuming that they never do prove the assumption wrong.
 */
export function responseBegins(talk: Talk): void {
  const { trust, queue } = talk.order
  if (trust === 'lockstep' && queue.length > 1 && queue[0]?.assumed === true) loseTrust(talk)
}

/** A final response began that belongs to no request in the queue. */
export function unpairedResponseSeen(talk: Talk): void {
  const order = talk.order
  talk.share.responsesUnpaired += 1
  order.hiddenRequest = false
  order.owedMax -= 1
  // All that could have been owed has come, so counting is right again.
  if (order.owedMax === 0) order.trust = 'exact'
  else if (order.owedMax < 0) {
    order.owedMax = Number.POSITIVE_INFINITY
    order.trust = distrust(talk)
  }
}

/** A final response ended as its framing says; its request is out of the queue. */
export function responseEnded(talk: Talk): void {
  const order = talk.order
  order.responsesThisTurn += 1
  if (order.queue.length === 0) return
  order.pipelines = true
  if (order.trust === 'lockstep') loseTrust(talk)
}

/** Whole messages of this side may have passed unseen: looks for the next start. */
export function hole(talk: Talk, half: Half): void {
  const order = talk.order
  talk.established = true
  order.cleanTurns = 0
  order.requestsThisTurn = 0
  order.responsesThisTurn = 0
  if (half.from === 'server') {
    order.hiddenRequest = false
    order.owedMax += order.queue.length
    endPending(talk)
    // The answer may have passed: what the client sends could be another protocol's or the next request.
    if (talk.client.state === 'switch-asked') hunt(talk, talk.client)
  } else {
    order.owedMax = Number.POSITIVE_INFINITY
  }
  order.trust = distrust(talk)
  hunt(talk, half)
}

/** The half passes over bytes until a message starts; the next byte may be that. */
export function hunt(talk: Talk, half: Half): void {
  if (talk.opaque) return
  talk.share.resyncs += 1
  release(talk, half)
  half.waits = false
  half.state = 'hunting'
  half.streamId = 0
  half.wireBytes = 0
  half.scanned = 0
  half.boundary = true
  half.carry = 0
  half.doubts = 0
}

/**
 * Bytes of the server are missing, so the first pending response has lost its beginning. Its client waits
 * for responses, as far as was seen: then the hole hid the end of one response, and what starts next
 * answers the next.
 */
function endPending(talk: Talk): void {
  const order = talk.order
  const keepsLast = order.queue.length === 2 && order.waits && !order.pipelines && order.trust !== 'lost'
  if (order.queue.length > 1 && !keepsLast) order.pipelines = true
  const last = order.queue.at(-1)
  if (keepsLast) order.queue.pop()
  dropPending(talk)
  if (keepsLast && last !== undefined) order.queue.push({ ...last, assumed: true })
}

function dropPending(talk: Talk): void {
  const queue = talk.order.queue
  for (const pending of queue) endResponse(talk, pending.streamId, pending.interimBytes, 'gap')
  queue.length = 0
}

export function endResponse(talk: Talk, streamId: number, wireBytes: number, cut: Cut): void {
  talk.out.push({ kind: 'end', streamId, from: 'server', wireBytes, cut })
}

function distrust(talk: Talk): 'lockstep' | 'lost' {
  return talk.order.pipelines || talk.order.trust === 'lost' ? 'lost' : 'lockstep'
}

/**
 * A client that waits for its responses sends a request when the last one is over, so the next byte starts
 * one.
 */
function expectResponse(talk: Talk): void {
  const server = talk.server
  if (server.state === 'start' && server.held === undefined) return
  if (server.state === 'hunting' && server.held === undefined) server.boundary = true
  else hunt(talk, server)
}

/** Requests that were to be paired by assuming that they never overlap get no response: they do. */
function loseTrust(talk: Talk): void {
  const order = talk.order
  order.trust = 'lost'
  order.pipelines = true
  order.cleanTurns = 0
  order.owedMax = Number.POSITIVE_INFINITY
  const begun = talk.server.streamId
  for (let index = order.queue.length - 1; index >= 0; index -= 1) {
    const pending = order.queue[index]
    if (pending === undefined || !pending.assumed || pending.streamId === begun) continue
    endResponse(talk, pending.streamId, pending.interimBytes, 'gap')
    order.queue.splice(index, 1)
  }
}

function countTurn(talk: Talk): void {
  const order = talk.order
  if (order.requestsThisTurn === 1 && order.responsesThisTurn === 1) {
    order.cleanTurns += 1
    order.waits = true
  } else if (order.requestsThisTurn + order.responsesThisTurn > 0) order.cleanTurns = 0
  order.requestsThisTurn = order.responsesThisTurn === 0 ? order.requestsThisTurn + 1 : 1
  order.responsesThisTurn = 0
}
