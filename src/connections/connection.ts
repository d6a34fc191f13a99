import type { ConnectionKey, Endpoint, Process, Role } from '../capture/index.ts'
import type { Reporting } from './report.ts'
import type { Timeline } from './timeline.ts'

/** Which end of the connection bytes come from, whoever of the two is on this host. */
export type Side = 'client' | 'server'

/** Why a TLS connection's records stay closed. */
export type TlsUnreadable = 'no secret' | 'joined late' | 'suite not supported' | 'left out by a filter'

/** What the handshake showed; filled in as it is seen. */
export interface TlsFacts {
  /** The highest version the client offered, as on the wire; undefined until the ClientHello. */
  offeredVersion: number | undefined
  /** As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. Undefined until the ServerHello. */
  version: number | undefined
  /** IANA number of the cipher suite. */
  suite: number | undefined
  serverName: string | undefined
  /** Offered by the client (ALPN). */
  protocols: readonly string[]
  /** What the server chose of them, where that was seen. */
  protocol: string | undefined
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

/**
 * One TCP connection as one process of this host sees it; of UDP only look-ups of the DNS are shown as one.
 */
export interface Connection {
  /** xid, 20 characters. */
  readonly id: string
  /** -1 for a look-up over UDP, which has no socket of its own. */
  readonly key: ConnectionKey
  readonly socketProtocol: 'tcp' | 'udp'
  readonly role: Role
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly joinedLate: boolean
  /** Nanoseconds since boot. */
  readonly openedAt: number
  /** Known from the connect or accept, or else from the first call that moved bytes. */
  process: Process | undefined
  tls: TlsFacts | undefined
  /** What the DNS told the process's container to be at the remote address; set when `process` is. */
  dnsName: string | undefined
  /** The host that the first request named, without a port; set by who reads requests. */
  hostName: string | undefined
  /** What the bytes are: `type` of the decoder, `dns`, `grpc`; undefined until recognised, or never. */
  protocol: string | undefined
  /** When the kernel let go of it, nanoseconds since boot; undefined while nobody knows that it did. */
  closedAt: number | undefined
  /** The kernel's own count of both directions, TLS included; undefined until it tells at the close. */
  totals: { readonly sentBytes: number; readonly receivedBytes: number } | undefined
  readonly sent: ByteAccount
  readonly received: ByteAccount
  /** Its place among those that are reported. Only `reports.ts` looks at it. */
  reporting?: Reporting | undefined
  /** When what passed; only while it is traced, by who listens to `opened`. */
  timeline?: Timeline | undefined
  /** What metrics have told of it. Only who measures looks at it. */
  metered?: Metered | undefined
}

/** Where a connection is counted, and what of it was counted. */
export interface Metered {
  readonly place: readonly string[]
  isShaken: boolean
  isSettled: boolean
}

/** Bytes of one side, borrowed. */
export interface Given {
  readonly from: Side
  readonly bytes: Uint8Array
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
  /** TLS that is not read: `connection.tls.unreadable` says why. Comes at most once. */
  | { readonly kind: 'unreadable'; readonly connection: Connection; readonly at: number }
  | { readonly kind: 'closed'; readonly connection: Connection; readonly at: number }
