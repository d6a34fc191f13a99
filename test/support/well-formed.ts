import type { Side } from '../../src/connections/index.ts'
import type { Message } from '../../src/decoders/index.ts'

/**
 * What is wrong with a decoder's messages up to its end, in words; empty when nothing is. Each stream: one
 * request, then at most one response, content only between, one end a side, nothing after it; nothing at all
 * after `opaque`, and only `rest` after `switch`.
 */
export function illFormed(messages: readonly Message[]): readonly string[] {
  const wrong: string[] = []
  const streams = new Map<number, Set<string>>()
  let last: 'opaque' | 'switch' | undefined
  for (const message of messages) {
    if (last === 'opaque' || (last === 'switch' && message.kind !== 'rest'))
      wrong.push(`${message.kind} after ${last}`)
    if (message.kind === 'rest' && last !== 'switch') wrong.push('rest without switch')
    if (message.kind === 'opaque' || message.kind === 'switch') last = message.kind
    if (!('streamId' in message)) continue
    const from = sideOf(message) ?? 'server'
    const seen = streams.get(message.streamId) ?? new Set()
    streams.set(message.streamId, seen)
    wrong.push(...outOfPlace(message.kind, from, seen))
    seen.add(`${from} ${message.kind}`)
  }
  for (const seen of streams.values()) {
    if (!seen.has('client end')) wrong.push('the client has no end')
    if (!seen.has('server end')) wrong.push('the server has no end')
  }
  return wrong
}

/** Whose message it is part of; undefined when it is about both. */
export function sideOf(message: Message): Side | undefined {
  if ('from' in message) return message.from
  if (message.kind === 'request') return 'client'
  return message.kind === 'response' || message.kind === 'interim' ? 'server' : undefined
}

function outOfPlace(kind: Message['kind'], from: Side, seen: ReadonlySet<string>): readonly string[] {
  const wrong: string[] = []
  if (seen.has(`${from} end`)) wrong.push(`${from} ${kind} after its end`)
  if (kind === 'request' && seen.size > 0) wrong.push('a request in the middle of its stream')
  if (kind !== 'request' && !seen.has('client request')) wrong.push(`${from} ${kind} without a request`)
  if (kind === 'response' && seen.has('server response')) wrong.push('two responses')
  if (kind === 'interim' && seen.has('server response')) wrong.push('an interim response after the response')
  if (kind === 'body' && from === 'server' && !seen.has('server response'))
    wrong.push('content without a response')
  return wrong
}
