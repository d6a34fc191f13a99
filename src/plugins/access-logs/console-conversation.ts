import type { Conversation, Spoken, SpokenMessage } from '../../exchanges/index.ts'
import { messageText, printable } from '../../outputs/index.ts'
import { sizeWords } from './sizes.ts'

/** `websocket: 3 sent, ≥5 received, 1.2 KiB` */
export function conversationWords({ client, server }: Conversation): string {
  const size = sizeWords(client.bytes + server.bytes)
  return `websocket: ${countWords(client)} sent, ${countWords(server)} received, ${size}`
}

/** How a conversation ended. */
export function closeWords({ close }: Conversation): string {
  if (close === undefined) return 'No Close was seen'
  const { from, code, reason } = close
  const by = from === undefined ? 'Closed' : `Closed by the ${from}`
  return printable(`${by}: ${code ?? 'no code'}${reason && ` ${reason}`}`)
}

/** One line a message; what is cut ends in an ellipsis. */
export function messageLines({ messages, truncated, client, server }: Conversation): readonly string[] {
  const lines = messages.map(messageLine)
  const kept = messages.length
  if (kept === 0 && !truncated) return ['(no messages)']
  const isAll = kept === client.messages + server.messages
  return isAll
    ? lines
    : [...lines, kept === 1 ? '(only the first message)' : `(only the first ${kept} messages)`]
}

function messageLine(message: SpokenMessage): string {
  const arrow = message.from === 'client' ? '↑' : '↓'
  const text = messageText(message)
  const end = message.truncated ? '…' : ''
  if (text !== undefined) return printable(`${arrow} ${text}${end}`)
  return `${arrow} (${message.type}, ${sizeWords(message.length ?? message.wireBytes)})${end}`
}

function countWords({ messages, missed }: Spoken): string {
  return `${missed ? '≥' : ''}${messages}`
}
