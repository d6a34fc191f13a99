import type { Exchange, Farewell, Spoken, SpokenMessage } from '../exchanges/index.ts'
import { messageTime } from './conversation.ts'
import { printable } from './printable.ts'
import { lines } from './transaction-text.ts'

/** A conversation as a person reads it, messages as they are; nothing for an exchange that is none. */
export function conversationText(
  exchange: Exchange,
  withMessages: boolean,
  atMs: number,
): readonly Uint8Array[] {
  const { conversation } = exchange
  if (conversation === undefined) return []
  const { client, server, close, messages } = conversation
  const beginning = [
    '',
    'WebSocket:',
    `  Client: ${spokenWords(client)}`,
    `  Server: ${spokenWords(server)}`,
    ...(close === undefined ? [] : [`  Close: ${closeWords(close)}`]),
    ...(close === undefined || close.reason === '' ? [] : [`  Close Reason: ${printable(close.reason)}`]),
  ]
  if (!withMessages || messages.length === 0) return [lines(beginning)]
  const isAll = messages.length === client.messages + server.messages
  const heading = isAll ? '  Messages:' : `  Messages (the first ${messages.length}):`
  return [
    lines([...beginning, heading]),
    ...messages.flatMap((message) => [
      lines([`    ${messageTime(exchange, message, atMs)} ${messageWords(message)}:`]),
      message.bytes,
      lines(['']),
    ]),
  ]
}

function closeWords({ code, from }: Farewell): string {
  return `${code ?? 'no code'}${from === undefined ? '' : `, from the ${from}`}`
}

function spokenWords({ messages, bytes, missed }: Spoken): string {
  return `${missed ? 'at least ' : ''}${messages} ${messages === 1 ? 'message' : 'messages'}, ${bytes} bytes`
}

function messageWords({ from, type, bytes, length, wireBytes, truncated }: SpokenMessage): string {
  const whole = length === undefined ? `${wireBytes} as they passed` : `${length} bytes`
  return `${from}, ${type}, ${truncated ? `${bytes.length} of ${whole}` : whole}`
}
