import { z } from 'zod'
import type { Artifact } from '../output.ts'
import { ExchangeEvent, Time } from './event-parts.ts'

export const ArtifactRecordDocument = z.object({
  ...ExchangeEvent.shape,
  timestamp: Time.describe('When the object was stored.'),
  type: z
    .enum(['http_transaction', 'req-headers', 'req-body', 'res-headers', 'res-body'])
    .describe('What the object is.'),
  digest: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .describe('SHA-1 of the object in hex, which is its name in the store.'),
  url: z.string().describe('Where the object can be read.'),
  summary: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .readonly()
    .describe(
      'The exchange in a few words. Keys, each only when known: `duration_ms`, `direction`, `process_exe`, ' +
        '`container_name`, `container_image`, `pod_name`, `pod_namespace`, `connection_id`, ' +
        '`request_method`, `request_scheme`, `request_host`, `request_path`, `request_protocol`, ' +
        '`request_content_type`, `grpc_service`, `grpc_method`, `grpc_status`, `grpc_status_name`, ' +
        '`response_status`, `response_content_type`, and `completeness` when ' +
        'some of the exchange was not seen.',
    ),
})

/** Says that an object was stored, and where. */
export type ArtifactRecordDocument = z.output<typeof ArtifactRecordDocument>

export const ARTIFACT_RECORD_EXAMPLE: ArtifactRecordDocument = {
  connectionId: 'd654d887p3qnd27vfhag',
  endpointId: 'httpbin.org',
  requestId: 'd654d8g7p3qnd27vfhb0',
  tags: ['ip:192.168.3.218', 'bin:curl', 'strategy:observe', 'host:qpoint', 'protocol:http2'],
  timestamp: '2026-01-02T03:04:05.731Z',
  type: 'http_transaction',
  digest: '35a712233f2a70e4842d83eb017f952ae09bf74c',
  url: 'https://objects.internal.example.com/qpoint/35a712233f2a70e4842d83eb017f952ae09bf74c',
  summary: {
    duration_ms: 580,
    direction: 'egress-external',
    process_exe: '/usr/bin/curl',
    connection_id: 'd654d887p3qnd27vfhag',
    request_method: 'GET',
    request_scheme: 'https',
    request_host: 'httpbin.org',
    request_path: '/status/500',
    request_protocol: 'http2',
    response_status: 500,
    response_content_type: 'text/html; charset=utf-8',
  },
}

/** `storedAtMs` is wall-clock time, milliseconds since 1970. */
export function artifactRecordDocument(
  artifact: Artifact,
  url: string,
  storedAtMs: number,
): ArtifactRecordDocument {
  const { connection, endpointId, requestId, tags, type, digest, summary } = artifact
  return {
    connectionId: connection.id,
    endpointId,
    requestId,
    tags,
    timestamp: new Date(storedAtMs).toISOString(),
    type,
    digest,
    url,
    summary,
  }
}
