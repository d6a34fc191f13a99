import { Buffer, isUtf8 } from 'node:buffer'
import type { Side } from '../connections/index.ts'
import type { Exchange, Spoken, SpokenMessage } from '../exchanges/index.ts'
import { wholeCharacters } from './body-text.ts'

interface SpokenFields {
  readonly messages: number
  /** Content as it passed, compression still on. */
  readonly bytes: number
  /** Close, ping and pong. */
  readonly control_frames: number
  /** Present when there may have been more messages. */
  readonly messages_at_least: true | undefined
}

interface MessageFields {
  readonly from: Side
  /** RFC 3339. */
  readonly time: string
  readonly type: 'text' | 'binary'
  /** A text message that is UTF-8; any other stands as base64 in `body`. */
  readonly text: string | undefined
  readonly body: string | undefined
  /** Length of all of it, compression removed; where that is not known, of what passed of it. */
  readonly size: number | undefined
  readonly wire_size: number | undefined
  /** Present when `text` or `body` is only the beginning. */
  readonly truncated: true | undefined
}

/** What both sides of a WebSocket said, as it stands in documents. Absent fields are undefined. */
export interface ConversationFields {
  readonly client: SpokenFields
  readonly server: SpokenFields
  readonly close:
    | { readonly from: Side | undefined; readonly code: number | undefined; readonly reason: string }
    | undefined
  readonly messages: readonly MessageFields[] | undefined
  /** Present when `messages` are only the first ones, or not all are whole. */
  readonly messages_truncated: true | undefined
}

/** Undefined for an exchange that is no conversation. `atMs` is the wall-clock time of its end. */
export function describeConversation(
  exchange: Exchange,
  withMessages: boolean,
  atMs: number,
): ConversationFields | undefined {
  const { conversation } = exchange
  if (conversation === undefined) return undefined
  const { client, server, close, messages, truncated } = conversation
  return {
    client: describeSpoken(client),
    server: describeSpoken(server),
    close: close && { from: close.from, code: close.code, reason: close.reason },
    messages: withMessages
      ? messages.map((message) => describeMessage(message, messageTime(exchange, message, atMs)))
      : undefined,
    messages_truncated: (withMessages && truncated) || undefined,
  }
}

/** When a message was said, RFC 3339. */
export function messageTime({ endedAt }: Exchange, { at }: SpokenMessage, atMs: number): string {
  return new Date(atMs - (endedAt - at) / 1e6).toISOString()
}

/** The message as text; undefined for one that is binary, or not UTF-8. */
export function messageText({ type, bytes, truncated }: SpokenMessage): string | undefined {
  if (type !== 'text') return undefined
  const kept = truncated ? wholeCharacters(bytes) : bytes
  return isUtf8(kept) ? asBuffer(kept).toString('utf8') : undefined
}

function describeSpoken({ messages, bytes, controls, missed }: Spoken): SpokenFields {
  return { messages, bytes, control_frames: controls, messages_at_least: missed || undefined }
}

function describeMessage(message: SpokenMessage, time: string): MessageFields {
  const { from, type, bytes, length, wireBytes, truncated } = message
  const text = messageText(message)
  return {
    from,
    time,
    type,
    text,
    body: text === undefined ? asBuffer(bytes).toString('base64') : undefined,
    size: length,
    wire_size: length === undefined ? wireBytes : undefined,
    truncated: truncated || undefined,
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
