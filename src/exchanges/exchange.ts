import type { Connection } from '../connections/index.ts'
import type { Doubts, Header } from '../decoders/index.ts'
import type { Conversation } from './conversation.ts'
import type { Grpc } from './grpc.ts'

/** How much of an exchange was really seen. */
export type Completeness = 'complete' | 'truncated' | 'gap' | 'joined_late'

/** Content of a request or a response, content coding removed where it could be. */
export interface Body {
  /** The beginning, at most the limit (`--http-buffer-size`). */
  readonly bytes: Uint8Array
  /** Length of the content as it passed, transfer coding removed, content coding still on. */
  readonly wireBytes: number
  /** False when more may have passed than `wireBytes` counts. */
  readonly lengthKnown: boolean
  /** Length after removing content codings, as far as known; equals `bytes.length` unless cut. */
  readonly decodedBytes: number
  /**
   * True when `bytes` is only the beginning, because of the limit, or nothing, because nobody wanted it when
   * it passed.
   */
  readonly truncated: boolean
  /** True when bytes in the middle or at the end were never seen. */
  readonly missing: boolean
  /** So many of `bytes` stand in front of the first hole; undefined when all do. */
  readonly wholeBytes?: number | undefined
  /** SHA-256 (hex) of the whole content as it passed; only for a body over the limit that was seen whole. */
  readonly sha256: string | undefined
  /** Content codings that could not be removed (unknown, or broken data); empty when all were. */
  readonly codingsLeft: readonly string[]
}

export interface Request {
  readonly method: string
  /** As on the wire. */
  readonly target: string
  /** `http` or `https` */
  readonly scheme: string
  /**
   * Host as the client named it, port included when given; the remote or local address when it named none.
   */
  readonly authority: string
  /** Path without query. */
  readonly path: string
  /** `scheme://authority/path?query` */
  readonly url: string
  readonly headers: readonly Header[]
  readonly trailers: readonly Header[]
  readonly body: Body
  readonly wireBytes: number
  /** What of it cannot be said for certain; undefined when nothing. */
  readonly doubts?: Doubts | undefined
}

export interface Response {
  readonly status: number
  readonly reason: string
  readonly headers: readonly Header[]
  readonly trailers: readonly Header[]
  readonly body: Body
  readonly wireBytes: number
  /** What of it cannot be said for certain; undefined when nothing. */
  readonly doubts?: Doubts | undefined
}

/** A request and its response: the one object the rest of the program is about. */
export interface Exchange {
  /** xid, 20 characters. */
  readonly id: string
  readonly connection: Connection
  /** `http1`, `http2`, or `websocket` for what followed an upgrade to it. */
  readonly protocol: string
  readonly request: Request
  /** Undefined when the connection ended without one. */
  readonly response: Response | undefined
  /** Nanoseconds since boot: request head seen, response head seen, both ended. */
  readonly startedAt: number
  readonly respondedAt: number | undefined
  readonly endedAt: number
  /**
   * Milliseconds from request head to response head, at least 1; undefined without a response. Of a
   * conversation: how long it went on.
   */
  readonly durationMs: number | undefined
  readonly completeness: Completeness
  /** The call that this exchange is, over HTTP/2; undefined for other content. */
  readonly grpc?: Grpc | undefined
  /** What both sides said behind the response, where the protocol is one for that. */
  readonly conversation?: Conversation | undefined
}

/**
 * What is known of an exchange when its response begins: as much as rules can ask for. An `Exchange` is one
 * too. `response` is undefined only at the end of an exchange that got none.
 */
export interface Heads {
  readonly id: string
  readonly connection: Connection
  readonly protocol: string
  readonly request: Pick<Request, 'method' | 'scheme' | 'authority' | 'path' | 'url' | 'headers'>
  readonly response: Pick<Response, 'status' | 'headers'> | undefined
  /** Defined for a call of gRPC. */
  readonly grpc?: Grpc | undefined
}
