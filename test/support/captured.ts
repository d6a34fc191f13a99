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
  readonly status: number
  readonly completeness: string
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly connection: string
  readonly requestHeaders: Headers
  readonly responseHeaders: Headers
  readonly requestTrailers: Headers
  readonly responseTrailers: Headers
  readonly request: CapturedBody
  readonly response: CapturedBody
}

interface Message {
  readonly headers?: Headers
  readonly trailers?: Headers
  readonly body?: string
  readonly body_encoding?: 'base64'
  readonly body_truncated?: CapturedBody['truncated']
  readonly body_sha256?: string
}

/** The `http_transaction` document, as its readers have to understand it. */
interface TransactionDocument {
  readonly metadata: {
    readonly process_id?: string
    readonly process_exe?: string
    readonly bytes_sent?: number
    readonly bytes_received?: number
    readonly connection_id: string
    readonly completeness?: string
  }
  readonly request: Message & { readonly method: string; readonly url: string }
  readonly response: Message & { readonly status: number }
  readonly direction: string
}

/** Understands a line of the object store `stdout`; undefined for any other line. */
export function readCaptured(line: string): Captured | undefined {
  if (!line.startsWith('{"message":"object store submission"')) return undefined
  const { data_base64, digest }: { data_base64: string; digest: string } = JSON.parse(line)
  const data = Buffer.from(data_base64, 'base64')
  if (createHash('sha1').update(data).digest('hex') !== digest)
    throw new Error('the digest is not of this object')
  const { metadata, request, response, direction }: TransactionDocument = JSON.parse(data.toString('utf8'))
  return {
    exe: metadata.process_exe ?? '',
    pid: Number(metadata.process_id),
    direction,
    method: request.method,
    url: request.url,
    status: response.status,
    completeness: metadata.completeness ?? 'complete',
    sentBytes: metadata.bytes_sent ?? 0,
    receivedBytes: metadata.bytes_received ?? 0,
    connection: metadata.connection_id,
    requestHeaders: inLowerCase(request.headers),
    responseHeaders: inLowerCase(response.headers),
    requestTrailers: inLowerCase(request.trailers),
    responseTrailers: inLowerCase(response.trailers),
    request: readBody(request),
    response: readBody(response),
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
