import type { CapturedBytes } from '../base/index.ts'

/** An IP address in its usual text form, and a port. */
export interface Endpoint {
  readonly ip: string
  readonly port: number
}

/** What a pod of Kubernetes is called. */
export interface Pod {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What a container runtime says of a container. */
export interface ContainerFacts {
  readonly runtime: 'docker' | 'containerd' | 'cri'
  /** Without the slash that Docker puts in front. */
  readonly name: string
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly pod: Pod | undefined
}

/**
 * The container of a process: one object a container, whoever refers to it. The runtime is asked while the
 * process is already at work, so what it says is filled in later.
 */
export interface Container {
  /** 64 hex digits. */
  readonly fullId: string
  /** The first 12 of them, by which people know it. */
  readonly id: string
  /** `pending`: the runtime was asked, or will be; `unknown`: nobody knows it. */
  state: 'pending' | 'known' | 'unknown'
  /** Undefined unless `known`. */
  facts: ContainerFacts | undefined
}

/** A container came to be or is gone, as its runtimes say. */
export interface ContainerLife {
  /** `restarted`: it had run before, and was gone meanwhile. */
  readonly kind: 'opened' | 'restarted' | 'closed'
  readonly container: Container
  /** Of one that is gone; undefined when its begin was not seen. */
  readonly ranMs: number | undefined
}

/** Parts of a process's traffic that are left alone; bits of `Process.skips`. */
export const SKIP = { data: 1, dns: 2, tls: 4, http: 8, all: 15 } as const

/** What the program asked for in `QPOINT_STRATEGY`. */
export type Strategy = 'observe' | 'ignore' | 'audit' | 'forward' | 'proxy'

/** One step of the way by which a process came to be. */
export interface Ancestor {
  readonly pid: number
  readonly exe: string
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
  /** What looks like a secret among them is masked. */
  readonly args: readonly string[]
  readonly userId: number
  readonly userName: string
  /** Of the machine as the process sees it: that of its container inside one. */
  readonly hostname: string
  /** Parent first, at most 16. */
  readonly ancestors: readonly Ancestor[]
  /** Of its environment only the variables that the configuration or the product's own names ask for. */
  readonly environment: Readonly<Record<string, string>>
  readonly strategy: Strategy
  /** Undefined outside containers. */
  readonly container: Container | undefined
  /** Uid of the pod by the name of its control group; empty outside pods. */
  readonly podUid: string
  /** Bits of `SKIP`: what the filters, or the program's own wish, leave out. A reload may change it. */
  skips: number
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
  /** Who connected; undefined where only the first call will tell. */
  readonly process: Process | undefined
}

/** A process took a connection over by `accept`, before any byte of it. */
export interface SocketAccepted {
  readonly kind: 'accepted'
  readonly key: ConnectionKey
  readonly at: number
  readonly process: Process
}

/** A datagram from or to port 53. `bytes` is borrowed, and may be shorter than `length`. */
export interface DnsDatagram {
  readonly kind: 'dns'
  readonly at: number
  readonly process: Process
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly direction: Direction
  readonly length: number
  readonly bytes: Uint8Array
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
 * Time has passed, whether anything happened or not; about ten times a second while the agent keeps up. What
 * was in the ring buffer at that time has been given before, and perhaps a little that came after it.
 */
export interface TimePassed {
  readonly kind: 'time'
  /** Nanoseconds since boot; never less than in the one before. */
  readonly at: number
  /** Present once the machine's clock has been set: wall-clock time of boot from now on, as of `Clock`. */
  readonly bootEpochMs?: number | undefined
}

export type CaptureEvent =
  | SocketOpened
  | SocketAccepted
  | SocketBytes
  | SocketClosed
  | DnsDatagram
  | TlsSecret
  | TimePassed
