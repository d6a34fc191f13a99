import type { Cut, Message, RequestHead, ResponseHead } from '../message.ts'
import { ambiguitiesOf, splits } from './ambiguities.ts'
import { trimmed } from './characters.ts'
import { release } from './held.ts'
import { endResponse, hole, responseEnded } from './order.ts'
import type { Half, Pending, Talk } from './talk.ts'

/** The message being read is over, as its framing says or by `cut`. */
export function endMessage(talk: Talk, half: Half, cut?: Cut): void {
  const { from, streamId } = half
  if (streamId !== 0) talk.out.push(endOf(half, cut))
  half.streamId = 0
  half.wireBytes = 0
  half.scanned = 0
  half.doubts = 0
  half.state = 'start'
  if (from === 'client') {
    talk.order.endedInPiece = true
    if (streamId === 0 || streamId !== talk.askedStreamId) return
    half.state = 'switch-asked'
    if (talk.agreed !== undefined) completeSwitch(talk, talk.server, cut)
    return
  }
  if (streamId !== 0) {
    talk.order.queue.shift()
    talk.answeredStreamId = streamId
  }
  if (cut === undefined) responseEnded(talk)
}

function endOf({ streamId, from, wireBytes, doubts }: Half, cut: Cut | undefined): Message {
  if (doubts !== 0) {
    const ambiguous = ambiguitiesOf(doubts)
    return cut === undefined
      ? { kind: 'end', streamId, from, wireBytes, ambiguous }
      : { kind: 'end', streamId, from, wireBytes, cut, ambiguous }
  }
  return cut === undefined
    ? { kind: 'end', streamId, from, wireBytes }
    : { kind: 'end', streamId, from, wireBytes, cut }
}

/** Found in the message being read, behind its head: what ends it, or the next head, tells of it. */
export function doubt(half: Half, flags: number): void {
  half.doubts |= flags
  if (splits(flags)) half.splits = true
}

/**
 * The rest of what this half is in the middle of can't be told apart: ends it and looks for the next
 * start.
 */
export function lose(talk: Talk, half: Half, cut: 'gap' | 'limit'): void {
  if (half.streamId !== 0) endMessage(talk, half, cut)
  hole(talk, half)
}

/** Nothing that follows is HTTP, nor anything that can be followed: ends what is open. */
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
  talk.agreed = undefined
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

/**
 * RFC 9110 §7.8, §9.3.6: the connection speaks something else behind this response, and behind its request.
 * `upgrade` is the response's.
 */
export function agree(talk: Talk, request: RequestHead, response: ResponseHead, upgrade: string): void {
  const { client, server } = talk
  const isTunnel = response.status !== 101
  const to = isTunnel ? 'tunnel' : protocolOf(upgrade === '' ? upgradeOf(request) : upgrade)
  talk.agreed = { to, request, response }
  if (client.streamId === request.streamId) {
    talk.askedStreamId = request.streamId
    server.state = 'switch-agreed'
    return
  }
  completeSwitch(talk, client, undefined)
}

/** An answer that changes nothing: what the client held back is HTTP. */
export function refuseSwitch(talk: Talk, pending: Pending | undefined): void {
  if (pending === undefined || pending.streamId !== talk.askedStreamId) return
  talk.askedStreamId = 0
  if (talk.client.state === 'switch-asked') talk.client.state = 'start'
}

/** Why nobody can follow what was agreed to. */
export function leaveAgreed(talk: Talk): void {
  becomeOpaque(talk, talk.agreed?.to === 'tunnel' ? 'tunnel' : 'upgrade')
}

/**
 * Both sides have ended their messages. `other` is the half that is not being read: what it held comes
 * first. Where a byte behind the switch is not known, nobody can follow.
 */
function completeSwitch(talk: Talk, other: Half, cut: Cut | undefined): void {
  const { client, server, agreed, order } = talk
  const isWhole = client.state === 'switch-asked' || client.state === 'start'
  if (agreed === undefined) return
  if (!isWhole || cut !== undefined || order.queue.length > 0 || server.state === 'hunting') {
    leaveAgreed(talk)
    return
  }
  talk.agreed = undefined
  client.state = 'rest'
  server.state = 'rest'
  talk.out.push({ kind: 'switch', switched: agreed })
  const { held, heldLength, from } = other
  release(talk, other)
  other.waits = false
  if (held !== undefined) talk.out.push({ kind: 'rest', from, bytes: held.subarray(0, heldLength) })
}

function upgradeOf({ headers }: RequestHead): string {
  const values = headers.flatMap(([name, value]) => (name.toLowerCase() === 'upgrade' ? value : []))
  return values.join(',').toLowerCase()
}

/** Several are layers on each other, which is a protocol of its own. */
function protocolOf(upgrade: string): string {
  const tokens = upgrade.split(',').map(trimmed)
  return tokens.filter((token) => token !== '').join(', ')
}
