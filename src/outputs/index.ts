export { type ArtifactSettings, createArtifact, releaseArtifact } from './artifact.ts'
export { bodyText, isPartial, wholeCharacters } from './body-text.ts'
export { type ConversationFields, describeConversation, messageText } from './conversation.ts'
export { directionOf, isPrivate, type TrafficDirection } from './direction.ts'
export { endpointOf, endpointOfConnection } from './endpoint.ts'
export { artifactRecordDocument } from './events/artifact-record.ts'
export { type ConnectionSurroundings, connectionDocument, type System } from './events/connection-document.ts'
export {
  type ArtifactRecordDocument,
  type ConnectionDocument,
  EVENTS,
  type IssueDocument,
  type RequestDocument,
} from './events/documents.ts'
export { eventMeta } from './events/event-meta.ts'
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
export { type ArtifactPart, createPartArtifact } from './part-artifact.ts'
export { jsonLine, printable, printableLines } from './printable.ts'
export { type ProtocolWord, protocolWord } from './protocol-word.ts'
export { readJsonPath } from './redact/json-path.ts'
export { NOTHING_REDACTED, type RedactOptions } from './redact/options.ts'
export { patternMistake } from './redact/patterns.ts'
export { openRedaction } from './redact/redact.ts'
export { sidesOf, type TransactionSides } from './sides.ts'
export { type Answer, NO_RESPONSE_STATUS, statusOf, statusText } from './status.ts'
export { type Summary, summarise } from './summary.ts'
export { NO_TAG_RULES, readTag, type Tag, type TagRule, type TagRules, tagMapOf, tagsOf } from './tags.ts'
export { describeTransaction, type Level, type Transaction } from './transaction.ts'
