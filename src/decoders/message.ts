import type { Side } from '../connections/index.ts'

/**
 * Name as on the wire, value with outer white space removed; both are Latin-1 text. In wire order, repeats
 * kept.
 */
export type Header = readonly [name: string, value: string]

/** What cannot be said for certain of a head. */
export interface Doubts {
  /** Ways in which two recipients could read this message differently (RFC 9112 §11.2), in words. */
  readonly ambiguous: readonly string[]
  /** Fields that were named before we listened: `dynamic index 65` (RFC 7541 §2.3.3), never a guess. */
  readonly unknownFields: readonly string[]
}

/**
 * What a decoder saw, in one vocabulary for all protocols. HTTP/1 numbers its exchanges 1, 2, 3… as
 * `streamId`; HTTP/2 has its own numbers.
 */
export type Message =
  | {
      readonly kind: 'request'
      readonly streamId: number
      /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` */
      readonly version: string
      /** Empty when it is one of the unknown fields. */
      readonly method: string
      /**
       * The request target as on the wire: origin, absolute, authority or asterisk form; `:path` of HTTP/2.
       * Empty when it is one of the unknown fields.
       */
      readonly target: string
      /** `:scheme` of HTTP/2. */
      readonly scheme?: string | undefined
      /** `:authority` of HTTP/2. */
      readonly authority?: string | undefined
      /** Without the pseudo fields of HTTP/2. */
      readonly headers: readonly Header[]
      readonly doubts?: Doubts | undefined
    }
  /** A 1xx other than 101: the final response still comes. */
  | {
      readonly kind: 'interim'
      readonly streamId: number
      readonly status: number
      readonly headers: readonly Header[]
    }
  | {
      readonly kind: 'response'
      readonly streamId: number
      readonly version: string
      /** 0 when it is one of the unknown fields. */
      readonly status: number
      /** Empty in HTTP/2. */
      readonly reason: string
      readonly headers: readonly Header[]
      readonly doubts?: Doubts | undefined
    }
  /** Content with its transfer coding removed, content coding still on. `bytes` is borrowed. */
  | { readonly kind: 'body'; readonly streamId: number; readonly from: Side; readonly bytes: Uint8Array }
  /** Content that nobody wanted and that was left unread; as certain as `body`. */
  | { readonly kind: 'passed'; readonly streamId: number; readonly from: Side; readonly bytes: number }
  /** Content that passed unseen; undefined when its length could not be known. */
  | {
      readonly kind: 'missing'
      readonly streamId: number
      readonly from: Side
      readonly bytes: number | undefined
    }
  | {
      readonly kind: 'trailers'
      readonly streamId: number
      readonly from: Side
      readonly headers: readonly Header[]
    }
  /** This side's message is over. `wireBytes` counts head, framing and content of it as they passed. */
  | {
      readonly kind: 'end'
      readonly streamId: number
      readonly from: Side
      readonly wireBytes: number
      /** Absent when the message ended as its framing says. */
      readonly cut?: Cut
      /** What was ambiguous behind the head: in the framing of the content, in the trailers. */
      readonly ambiguous?: readonly string[]
    }
  /** A piece of a message of a conversation (WebSocket, RFC 6455 §5.4), its compression removed. */
  | {
      readonly kind: 'piece'
      readonly streamId: number
      readonly from: Side
      readonly type: PieceType
      /** Borrowed. */
      readonly bytes: Uint8Array
      /** What this piece took on the wire, without framing. */
      readonly wireBytes: number
      /** The last of its message. */
      readonly ends: boolean
      /** `bytes` is not all of this piece: a limit, or a compression that cannot be removed. */
      readonly cut: boolean
    }
  /**
   * From here on the connection speaks something else. Only `rest` follows from this decoder: what it held
   * or gets of the bytes behind.
   */
  | { readonly kind: 'switch'; readonly switched: Switched }
  | { readonly kind: 'rest'; readonly from: Side; readonly bytes: Uint8Array }
  /**
   * From here on the connection carries something else (after 101 or CONNECT), or was never of this
   * protocol.
   */
  | { readonly kind: 'opaque'; readonly why: 'upgrade' | 'tunnel' | 'not this protocol' }

export type RequestHead = Extract<Message, { kind: 'request' }>
export type ResponseHead = Extract<Message, { kind: 'response' }>

/** The exchange that made a connection speak something else. */
export interface Switched {
  /** The token of `Upgrade` in lower case (RFC 9110 §7.8), or `tunnel` after CONNECT. */
  readonly to: string
  readonly request: RequestHead
  readonly response: ResponseHead
}

export type PieceType = 'text' | 'binary' | 'close' | 'ping' | 'pong'

/**
 * `closed`: the connection ended first; `gap`: bytes are missing and the end is unknown; `limit`: a bound
 * of ours was hit; `reset`: one side gave the stream up (RST_STREAM, GOAWAY).
 */
export type Cut = 'closed' | 'gap' | 'limit' | 'reset'
