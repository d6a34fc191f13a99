export { type ArtifactSettings, createArtifact } from './artifact.ts'
export { bodyText, isPartial } from './body-text.ts'
export { type ConversationFields, describeConversation, messageText } from './conversation.ts'
export { directionOf, isPrivate, type TrafficDirection } from './direction.ts'
export { endpointOf } from './endpoint.ts'
export { describeEvent } from './event-document.ts'
export {
  type CanonicalName,
  createCanonicalNames,
  grpcResponseHeaders,
  type HeaderMap,
  headerValue,
  requestHeaders,
  responseHeaders,
} from './headers.ts'
export type { Artifact, ArtifactRecord, ConsoleText, Event, Output } from './output.ts'
export { jsonLine, printable, printableLines } from './printable.ts'
export { type Answer, NO_RESPONSE_STATUS, statusOf, statusText } from './status.ts'
export { type Summary, summarise } from './summary.ts'
export { describeTransaction, type Level, type Transaction } from './transaction.ts'
