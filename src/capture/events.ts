import type { CapturedBytes } from '../base/index.ts'

/** An IP address in its usual text form, and a port. */
export interface Endpoint {
  readonly ip: string
  readonly port: number
}

/**
 * Who was on this side of a connection. Strings are empty, numbers -1, where the kernel could not tell any
 * more.
 */
export interface Process {
  readonly pid: number
  readonly parentPid: number
  /** Nanoseconds since boot; with `pid` it is unique while the machine runs. */
  readonly startedAt: number
  /** Path of the executable, as the process itself would see it. */
  readonly exe: string
  /** Last part of `exe`. */
  readonly binary: string
  readonly args: readonly string[]
  readonly userId: number
  readonly userName: string
  /** First 12 characters of the container's id; empty outside containers. */
  readonly containerId: string
}

/** `client`: this host's process connected; `server`: it accepted. */
export type Role = 'client' | 'server'

/** Seen from the process on this host. */
export type Direction = 'sent' | 'received'

/** Number that stands for one socket while it lives (the kernel's socket cookie where it gives one). */
export type ConnectionKey = number

/** A socket came into being, or was already there when the agent started (`joinedLate`). */
export interface SocketOpened {
  readonly kind: 'opened'
  readonly key: ConnectionKey
  /** Nanoseconds since boot. */
  readonly at: number
  readonly role: Role
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly joinedLate: boolean
}

/**
 * One call's bytes, or a part of them. `position` counts from the first byte the agent could have seen in
 * this direction. `bytes` may be shorter than `length` (or empty): the rest was not copied.
 * `bytes` is borrowed from the ring buffer: valid only until the listener returns.
 */
export interface SocketBytes {
  readonly kind: 'bytes'
  readonly key: ConnectionKey
  readonly at: number
  readonly direction: Direction
  readonly position: number
  readonly length: number
  readonly bytes: Uint8Array
  readonly process: Process
  /** Thread that made the call. */
  readonly thread: number
}

/** The socket is gone. Totals are the kernel's own count of bytes since `opened`, in each direction. */
export interface SocketClosed {
  readonly kind: 'closed'
  readonly key: ConnectionKey
  readonly at: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** The words of the SSLKEYLOGFILE format (draft-ietf-tls-keylogfile). */
export type SecretLabel =
  | 'CLIENT_RANDOM'
  | 'CLIENT_EARLY_TRAFFIC_SECRET'
  | 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  | 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  | 'CLIENT_TRAFFIC_SECRET_0'
  | 'SERVER_TRAFFIC_SECRET_0'
  | 'EXPORTER_SECRET'
  | 'EARLY_EXPORTER_SECRET'

/** A TLS library handed out one secret of one session. */
export interface TlsSecret {
  readonly kind: 'secret'
  readonly at: number
  readonly process: Process
  readonly thread: number
  /** Address of the session object in the process: equal for the secrets of one handshake. */
  readonly session: number
  readonly label: SecretLabel
  /** 32 or 48 bytes. Owned by the listener; wipe it when it is no longer needed. */
  readonly secret: CapturedBytes
  /** 32 bytes, where the library passes it. */
  readonly clientRandom: Uint8Array | undefined
}

/**
 * Time has passed, whether anything happened or not; about once a second while the agent keeps up. What was
 * in the ring buffer at that time has been given before, and perhaps a little that came after it.
 */
export interface TimePassed {
  readonly kind: 'time'
  /** Nanoseconds since boot; never less than in the one before. */
  readonly at: number
}

export type CaptureEvent = SocketOpened | SocketBytes | SocketClosed | TlsSecret | TimePassed
