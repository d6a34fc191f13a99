import type { Connection } from '../connections/index.ts'

/** A document about one exchange, for an object store. */
export interface Artifact {
  readonly kind: 'artifact'
  readonly type: 'http_transaction'
  readonly contentType: 'application/json' | 'text/plain'
  readonly data: Uint8Array
  /** Lower-case hex SHA-1 of `data`: the object's key. */
  readonly digest: string
  /** Goes into the `artifact_record` that points to the object. */
  readonly summary: Readonly<Record<string, string | number>>
  readonly connection: Connection
  /** Domain or address of the server's end. */
  readonly endpointId: string
  readonly requestId: string
  /** `id` of the object store to put it in; undefined for the default one. */
  readonly objectStore: string | undefined
  /** Wall-clock milliseconds since 1970 of the exchange's end. */
  readonly atMs: number
}

/** The event that says where an artifact is stored (see docs: artifact_record). */
export interface ArtifactRecord {
  readonly kind: 'artifact_record'
  readonly connectionId: string
  readonly endpointId: string
  readonly requestId: string
  readonly timestampMs: number
  readonly type: string
  readonly digest: string
  readonly url: string
  readonly summary: Readonly<Record<string, string | number>>
}

/** A line for the operator's terminal, without its newline. */
export interface ConsoleText {
  readonly kind: 'text'
  readonly text: string
}

export type Event = ArtifactRecord
export type Output = Artifact | Event | ConsoleText
