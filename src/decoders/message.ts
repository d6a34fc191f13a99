import type { Side } from '../connections/index.ts'

/**
 * Name as on the wire, value with outer white space removed; both are Latin-1 text. In wire order, repeats
 * kept.
 */
export type Header = readonly [name: string, value: string]

/**
 * What a decoder saw, in one vocabulary for all protocols. HTTP/1 numbers its exchanges 1, 2, 3… as
 * `streamId`.
 */
export type Message =
  | {
      readonly kind: 'request'
      readonly streamId: number
      /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` */
      readonly version: string
      readonly method: string
      /** The request target as on the wire: origin, absolute, authority or asterisk form. */
      readonly target: string
      readonly headers: readonly Header[]
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
      readonly status: number
      readonly reason: string
      readonly headers: readonly Header[]
    }
  /** Content with its transfer coding removed, content coding still on. `bytes` is borrowed. */
  | { readonly kind: 'body'; readonly streamId: number; readonly from: Side; readonly bytes: Uint8Array }
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
    }
  /**
   * From here on the connection carries something else (after 101 or CONNECT), or was never of this
   * protocol.
   */
  | { readonly kind: 'opaque'; readonly why: 'upgrade' | 'tunnel' | 'not this protocol' }

/**
 * `closed`: the connection ended first; `gap`: bytes are missing and the end is unknown; `limit`: a bound
 * of ours was hit.
 */
export type Cut = 'closed' | 'gap' | 'limit'
