import type { DecoderShare, Message } from '../../../src/decoders/index.ts'
import { sideOf } from '../../support/well-formed.ts'
import { Finding } from '../finding.ts'

/** A message that outlives the call it came from. */
export function owned(message: Message): Message {
  return 'bytes' in message && message.bytes instanceof Uint8Array
    ? ({ ...message, bytes: new Uint8Array(message.bytes) } as Message)
    : message
}

/** One line a message; content of one stream and side that follows itself is put together. */
export function wholeLog(messages: readonly Message[]): readonly string[] {
  return logOf(messages, false)
}

/** The same, but of content only how much it is, whether it was read or passed over. */
export function contentLog(messages: readonly Message[]): readonly string[] {
  return logOf(messages, true)
}

function logOf(messages: readonly Message[], onlyCounts: boolean): readonly string[] {
  const log: string[] = []
  let key = ''
  let text = ''
  let isCut = false
  for (const message of messages) {
    const content = `${'streamId' in message ? message.streamId : ''} ${sideOf(message)}`
    if (message.kind === 'body') add(content, textOf(message.bytes))
    else if (message.kind === 'rest') add(`rest ${content}`, textOf(message.bytes))
    else if (message.kind === 'passed' && onlyCounts) add(content, 'x'.repeat(message.bytes))
    else if (message.kind === 'piece') tellPiece(content, message)
    else line(lineOf(message))
  }
  flush()
  return log

  /** How a message of a conversation is cut into pieces says nothing; where it ends does. */
  function tellPiece(content: string, piece: Extract<Message, { kind: 'piece' }>): void {
    const { type, bytes, wireBytes, ends } = piece
    add(`${content} ${type}`, onlyCounts ? 'x'.repeat(wireBytes) : textOf(bytes))
    isCut ||= piece.cut
    if (!ends) return
    line(`${content} ${type} ends${isCut && !onlyCounts ? ', cut' : ''}`)
    isCut = false
  }

  function add(newKey: string, more: string): void {
    if (more === '') return
    if (newKey !== key) flush()
    key = newKey
    text += more
  }

  function line(words: string): void {
    flush()
    log.push(words)
  }

  function flush(): void {
    if (text !== '') log.push(`${key} ${JSON.stringify(text)}`)
    text = ''
  }

  function textOf(bytes: Uint8Array): string {
    return onlyCounts ? 'x'.repeat(bytes.length) : Buffer.from(bytes).toString('latin1')
  }
}

function lineOf(message: Message): string {
  return JSON.stringify(message, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  )
}

export function expectSame(rule: string, expected: readonly string[], got: readonly string[]): void {
  const length = Math.max(expected.length, got.length)
  for (let at = 0; at < length; at += 1) {
    if (expected[at] === got[at]) continue
    const nothing = 'nothing more'
    throw new Finding(rule, `${short(expected[at] ?? nothing)}\n  became ${short(got[at] ?? nothing)}`)
  }
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** Which messages follow which: the same blocks run for many such stories. */
export function noteTraits(messages: readonly Message[], share: DecoderShare, traits: Set<string>): void {
  let before = 'start'
  for (const message of messages) {
    const now = traitOf(message)
    traits.add(`${before} > ${now}`)
    before = now
  }
  traits.add(`${before} > close`)
  for (const counter of ['resyncs', 'responsesUnpaired', 'requestsUnpaired', 'skippedBytes'] as const)
    traits.add(`${counter} ${Math.ceil(Math.log2(1 + share[counter]))}`)
}

function traitOf(message: Message): string {
  const from = 'from' in message ? message.from : ''
  const doubts = 'doubts' in message ? String(Math.min(3, message.doubts?.ambiguous.length ?? 0)) : ''
  const end = message.kind === 'end' ? (message.cut ?? 'whole') : ''
  const type = message.kind === 'piece' ? `${message.type} ${message.ends} ${message.cut}` : ''
  return `${message.kind} ${from}${doubts}${end}${type}`
}
