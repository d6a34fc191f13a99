import type { ConnectionKey, Endpoint, Process, Role } from '../capture/index.ts'

/** Which end of the connection bytes come from, whoever of the two is on this host. */
export type Side = 'client' | 'server'

/** Why a TLS connection's records stay closed. */
export type TlsUnreadable = 'no secret' | 'joined late' | 'suite not supported'

/** What the handshake showed; filled in as it is seen. */
export interface TlsFacts {
  /** As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. Undefined until the ServerHello. */
  version: number | undefined
  /** IANA number of the cipher suite. */
  suite: number | undefined
  serverName: string | undefined
  /** Offered by the client. */
  protocols: readonly string[]
  /** Undefined while the records can be, or may still be, opened. */
  unreadable: TlsUnreadable | undefined
  /** True once a record was opened with a verified tag. */
  opened: boolean
}

/** Bytes of one direction, as counted by the kernel and as accounted for by us. */
export interface ByteAccount {
  capturedBytes: number
  /** Known to have passed, and not copied. */
  missingBytes: number
}

/** One TCP connection as one process of this host sees it. */
export interface Connection {
  /** xid, 20 characters. */
  readonly id: string
  readonly key: ConnectionKey
  readonly role: Role
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly joinedLate: boolean
  /** Nanoseconds since boot. */
  readonly openedAt: number
  /** Known from the first call that moved bytes. */
  process: Process | undefined
  tls: TlsFacts | undefined
  readonly sent: ByteAccount
  readonly received: ByteAccount
}

/** What follows from a connection's life. `bytes` is borrowed: valid only until the listener returns. */
export type StreamEvent =
  | { readonly kind: 'opened'; readonly connection: Connection; readonly at: number }
  | {
      readonly kind: 'bytes'
      readonly connection: Connection
      readonly at: number
      readonly from: Side
      /** Plain text, in order. */
      readonly bytes: Uint8Array
    }
  /** Plain text that nobody wanted (`Streams.passOver`), left unread. */
  | {
      readonly kind: 'passed'
      readonly connection: Connection
      readonly at: number
      readonly from: Side
      readonly bytes: number
    }
  | {
      readonly kind: 'gap'
      readonly connection: Connection
      readonly at: number
      readonly from: Side
      /** Undefined when TLS hides how much plain text is missing. */
      readonly missingBytes: number | undefined
    }
  /** TLS that cannot be read: `connection.tls.unreadable` says why. Comes at most once. */
  | { readonly kind: 'unreadable'; readonly connection: Connection; readonly at: number }
  | { readonly kind: 'closed'; readonly connection: Connection; readonly at: number }
