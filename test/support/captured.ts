import { createHash } from 'node:crypto'

/** A body as an object of the agent holds it. */
export interface CapturedBody {
  readonly bytes: Buffer
  /** Of the whole content: what the object says, else that of `bytes`. */
  readonly sha256: string
  readonly truncated:
    | { readonly kept_bytes: number; readonly original_bytes?: number; readonly wire_bytes?: number }
    | undefined
}

/** Names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

/** An object of the agent, as tests look at it. */
export interface Captured {
  readonly exe: string
  readonly pid: number
  readonly direction: string
  readonly method: string
  readonly url: string
  /** The word of its decoder. */
  readonly protocol: string
  readonly status: number
  readonly completeness: string
  /** Fields of the request and the response that were named before anybody listened. */
  readonly unknownFields: readonly string[]
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly connection: string
  readonly id: string
  readonly requestHeaders: Headers
  readonly responseHeaders: Headers
  readonly requestTrailers: Headers
  readonly responseTrailers: Headers
  readonly request: CapturedBody
  readonly response: CapturedBody
  /** The document's `metadata`, as it is. */
  readonly metadata: AnyDocument['metadata']
  /** The whole object, as it is stored. */
  readonly object: string
  /** The document of a call of gRPC; undefined for another exchange. */
  readonly call: CallDocument | undefined
  /** What was said over WebSocket; undefined for another exchange. */
  readonly websocket: Conversation | undefined
}

interface Message {
  readonly headers?: Headers
  readonly trailers?: Headers
  readonly body?: string
  readonly body_encoding?: 'base64'
  readonly body_truncated?: CapturedBody['truncated']
  readonly body_sha256?: string
}

/** Of any `http_transaction` document, as its readers have to understand it. */
interface AnyDocument {
  readonly metadata: {
    readonly process_id?: string
    readonly process_exe?: string
    readonly bytes_sent?: number
    readonly bytes_received?: number
    readonly connection_id: string
    readonly completeness?: string
    readonly unknown_fields?: readonly string[]
    readonly endpoint_id?: string
    readonly container_name?: string
    readonly container_image?: string
    readonly pod_name?: string
    readonly pod_namespace?: string
    readonly tags?: readonly string[]
  }
  readonly request: Message
  readonly response: Message
  readonly duration_ms?: number
  readonly direction: string
}

interface TransactionDocument extends AnyDocument {
  readonly service?: undefined
  readonly request: Message & {
    readonly method: string
    readonly url: string
    readonly protocol: string
    readonly request_id: string
  }
  readonly response: Message & { readonly status: number }
  readonly websocket?: Conversation
}

interface CallMessages extends Message {
  readonly content_type?: string
  readonly message_count: number
  readonly message_count_at_least?: true
}

interface CallOutcome {
  readonly grpc_status?: string
  readonly grpc_status_name?: string
  readonly grpc_message?: string
}

/** The document of a call of gRPC. */
export interface CallDocument extends AnyDocument, CallOutcome {
  readonly metadata: AnyDocument['metadata'] & { readonly request_id: string }
  readonly service: string
  readonly method: string
  readonly request: CallMessages
  readonly response: CallMessages & CallOutcome
}

interface Spoken {
  readonly messages: number
  readonly bytes: number
  readonly control_frames: number
  readonly messages_at_least?: true
}

/** The part of a document about what was said over WebSocket. */
export interface Conversation {
  readonly client: Spoken
  readonly server: Spoken
  readonly close?: { readonly from: string; readonly code?: number; readonly reason: string }
  readonly messages: readonly {
    readonly from: string
    readonly time: string
    readonly type: string
    readonly text?: string
    readonly body?: string
    readonly size?: number
    readonly wire_size?: number
    readonly truncated?: true
  }[]
  readonly messages_truncated?: true
}

interface StoredLine {
  readonly type: string
  readonly data_base64: string
  readonly digest: string
}

/** Understands a line of the object store `stdout`; undefined for any other line. */
export function readCaptured(line: string): Captured | undefined {
  if (!line.startsWith('{"message":"object store submission"')) return undefined
  const { type, data_base64, digest }: StoredLine = JSON.parse(line)
  if (type !== 'http_transaction') return undefined
  const data = Buffer.from(data_base64, 'base64')
  if (createHash('sha1').update(data).digest('hex') !== digest)
    throw new Error('the digest is not of this object')
  const document: TransactionDocument | CallDocument = JSON.parse(data.toString('utf8'))
  const { metadata, request, response, direction } = document
  return {
    exe: metadata.process_exe ?? '',
    pid: Number(metadata.process_id),
    direction,
    metadata,
    object: data.toString('utf8'),
    ...headsOf(document),
    completeness: metadata.completeness ?? 'complete',
    unknownFields: metadata.unknown_fields ?? [],
    sentBytes: metadata.bytes_sent ?? 0,
    receivedBytes: metadata.bytes_received ?? 0,
    connection: metadata.connection_id,
    id: document.service === undefined ? document.request.request_id : document.metadata.request_id,
    requestHeaders: inLowerCase(request.headers),
    responseHeaders: inLowerCase(response.headers),
    requestTrailers: inLowerCase(request.trailers),
    responseTrailers: inLowerCase(response.trailers),
    request: readBody(request),
    response: readBody(response),
    call: document.service === undefined ? undefined : document,
    websocket: document.service === undefined ? document.websocket : undefined,
  }
}

/** A call's document says of HTTP only what its headers say. */
function headsOf(
  document: TransactionDocument | CallDocument,
): Pick<Captured, 'method' | 'url' | 'protocol' | 'status'> {
  if (document.service === undefined) {
    const { method, url, protocol } = document.request
    return { method, url, protocol, status: document.response.status }
  }
  const field = (name: string) => String(document.request.headers?.[name] ?? '')
  return {
    method: field(':method'),
    url: `${field(':scheme')}://${field(':authority')}${field(':path')}`,
    protocol: 'http2',
    status: Number(document.response.headers?.[':status'] ?? 0),
  }
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Without the pseudo headers that the agent adds. */
function inLowerCase(headers: Headers = {}): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith(':') ? [] : [[name.toLowerCase(), value]],
    ),
  )
}

function readBody({ body = '', body_encoding, body_truncated, body_sha256 }: Message): CapturedBody {
  const bytes = Buffer.from(body, body_encoding ?? 'utf8')
  return { bytes, sha256: body_sha256 ?? sha256Of(bytes), truncated: body_truncated }
}
