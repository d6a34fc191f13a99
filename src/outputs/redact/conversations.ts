import { Buffer } from 'node:buffer'
import type { Conversation, Farewell, SpokenMessage } from '../../exchanges/index.ts'
import type { ContentRedactor } from './content.ts'

/** Gives the conversation itself where nothing is found. */
export function redactedConversation(conversation: Conversation, content: ContentRedactor): Conversation {
  const messages = conversation.messages.map((message) => redactedMessage(message, content))
  const close = conversation.close && redactedClose(conversation.close, content)
  const isSame =
    close === conversation.close && messages.every((message, at) => message === conversation.messages[at])
  return isSame ? conversation : { ...conversation, messages, close }
}

function redactedMessage(message: SpokenMessage, content: ContentRedactor): SpokenMessage {
  const bytes = content.redactMessage(message.bytes, message.type === 'text', message.truncated)
  return bytes === message.bytes ? message : { ...message, bytes }
}

function redactedClose(close: Farewell, content: ContentRedactor): Farewell {
  if (close.reason === '') return close
  const bytes = Buffer.from(close.reason, 'utf8')
  const redacted = content.redactMessage(bytes, true, false)
  return redacted === bytes ? close : { ...close, reason: Buffer.from(redacted).toString('utf8') }
}
