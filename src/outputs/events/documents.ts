import type { z } from 'zod'
import type { Event } from '../output.ts'
import { ARTIFACT_RECORD_EXAMPLE, ArtifactRecordDocument } from './artifact-record.ts'
import { CONNECTION_EXAMPLE, ConnectionDocument } from './connection.ts'
import { ISSUE_EXAMPLE, IssueDocument } from './issue.ts'
import { REQUEST_EXAMPLE, RequestDocument } from './request.ts'

export { ArtifactRecordDocument, ConnectionDocument, IssueDocument, RequestDocument }

/** An event as the documentation shows it. */
interface EventDescription {
  /** When it is sent, in a sentence. */
  readonly about: string
  readonly document: z.ZodObject
  readonly example: object
}

/** All events there are. */
export const EVENTS = {
  connection: {
    about:
      'A connection and who had it: half a second after it was opened, every 10 seconds while it is open, ' +
      'and when it is closed. One that lives shorter than half a second has one event.',
    document: ConnectionDocument,
    example: CONNECTION_EXAMPLE,
  },
  artifact_record: {
    about:
      'An object was stored, and this is where. No such event comes of an object store without addresses.',
    document: ArtifactRecordDocument,
    example: ARTIFACT_RECORD_EXAMPLE,
  },
  request: {
    about: 'An exchange of HTTP, or a call of gRPC, that the plugin `report_usage` saw.',
    document: RequestDocument,
    example: REQUEST_EXAMPLE,
  },
  issue: {
    about: 'An exchange in which a rule of the plugin `detect_errors` found an error.',
    document: IssueDocument,
    example: ISSUE_EXAMPLE,
  },
} as const satisfies Record<Event['kind'], EventDescription>
