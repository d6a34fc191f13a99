import type { Connection } from '../connections/index.ts'
import type {
  ArtifactRecordDocument,
  ConnectionDocument,
  IssueDocument,
  RequestDocument,
} from './events/documents.ts'

/** A document about one exchange, for an object store. */
export interface Artifact {
  readonly kind: 'artifact'
  readonly type: 'http_transaction' | 'req-headers' | 'req-body' | 'res-headers' | 'res-body'
  readonly contentType: string
  readonly data: Uint8Array
  /** Where in `data` the response begins; undefined but for a transaction as text. */
  readonly responseAt: number | undefined
  /** Lower-case hex SHA-1 of `data`: the object's key. */
  readonly digest: string
  /** Goes into the `artifact_record` that points to the object. */
  readonly summary: Readonly<Record<string, string | number>>
  /** Of the connection, `key:value`, as they were when the object was made. */
  readonly tags: readonly string[]
  readonly connection: Connection
  /** Domain or address of the server's end. */
  readonly endpointId: string
  readonly requestId: string
  /** `id` of the object store to put it in; undefined for the default one. */
  readonly objectStore: string | undefined
  /** Wall-clock milliseconds since 1970 of the exchange's end. */
  readonly atMs: number
}

/**
 * A small fact about what happened, as the very JSON document that event stores receive: one type and one
 * encoding an event, described in `events/`.
 */
export type Event =
  | { readonly kind: 'artifact_record'; readonly document: ArtifactRecordDocument }
  | { readonly kind: 'connection'; readonly document: ConnectionDocument }
  | { readonly kind: 'issue'; readonly document: IssueDocument }
  | { readonly kind: 'request'; readonly document: RequestDocument }

export type ArtifactRecord = Extract<Event, { kind: 'artifact_record' }>

/** A line for the operator's terminal, without its newline. */
export interface ConsoleText {
  readonly kind: 'text'
  readonly text: string
}

export type Output = Artifact | Event | ConsoleText
