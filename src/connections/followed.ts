import type { Emitter } from '../base/index.ts'
import {
  type Direction,
  type Process,
  SKIP,
  type SocketBytes,
  type SocketClosed,
  UNKNOWN_PROCESS,
} from '../capture/index.ts'
import { ByteStream } from './byte-stream.ts'
import type { Connection, Given, Side, StreamEvent } from './connection.ts'
import { DNS_PORT, looksLikeDns } from './dns/message.ts'
import type { NameTable } from './dns/names.ts'
import { DnsOverTcp, type noDnsHeld } from './dns/tcp.ts'
import { looksLikeTls } from './tls/looks-like-tls.ts'
import type { TlsSessions } from './tls/sessions.ts'
import type { TlsStream } from './tls/stream.ts'

/** What all followed connections share. */
export interface Shared {
  readonly out: Emitter<StreamEvent>
  readonly tls: TlsSessions
  readonly names: NameTable
  readonly dnsHeld: ReturnType<typeof noDnsHeld>
  /** How many of a side's next plain bytes nobody wants. */
  unwantedAhead: (connection: Connection, from: Side) => number
}

/** Enough to tell TLS, and a message of the DNS, from anything else. */
const START_BYTES_MAX = 16

/** Any of these and nothing is read of what TLS hides; the first two, and no bytes are passed on. */
const UNREAD = SKIP.data | SKIP.http
const SEALED = UNREAD | SKIP.tls

/**
 * One connection: orders each direction, finds out whether it is TLS or DNS, and passes plain bytes on,
 * unless its process is left out by a filter.
 */
export class Followed {
  readonly connection: Connection
  readonly #shared: Shared
  readonly #sent = new ByteStream()
  readonly #received = new ByteStream()
  readonly #sentSink: { bytes(bytes: Uint8Array): void; gap(missingBytes: number): void }
  readonly #receivedSink: { bytes(bytes: Uint8Array): void; gap(missingBytes: number): void }
  /** `start`: too few bytes to tell; `plain`, `tls`, `dns`: as it says; `unreadable`: TLS left closed. */
  #state: 'start' | 'plain' | 'tls' | 'dns' | 'unreadable' = 'start'
  #start: Given | undefined
  /** Set while an event is told of: what comes behind it, and is to be judged anew. */
  #again: Given[] | undefined
  #opener: TlsStream | undefined
  #dns: DnsOverTcp | undefined
  /** Bits of `SKIP` of the process that works with it. */
  #skips = 0
  /** Whether bytes or gaps were passed on, and how many bytes of each side were not, for a filter's sake. */
  #told = false
  #unread: Record<Side, number> | undefined
  #at = 0
  #thread = 0

  constructor(connection: Connection, shared: Shared) {
    this.connection = connection
    this.#shared = shared
    const sentBy: Side = connection.role
    const receivedFrom: Side = connection.role === 'client' ? 'server' : 'client'
    this.#sentSink = {
      bytes: (bytes) => this.#bytes(sentBy, bytes),
      gap: (missing) => this.#gap(sentBy, missing),
    }
    this.#receivedSink = {
      bytes: (bytes) => this.#bytes(receivedFrom, bytes),
      gap: (missing) => this.#gap(receivedFrom, missing),
    }
  }

  get lateBytes(): number {
    return this.#sent.lateBytes + this.#received.lateBytes
  }

  /** A socket that is handed on (accept in one process, work in another) belongs to who works with it. */
  takenBy(process: Process, at: number): void {
    const { connection } = this
    connection.process = process
    if (connection.role === 'client')
      connection.dnsName ??= this.#shared.names.find(process, connection.remote.ip, at)
  }

  judgeAgain(rest: readonly Given[]): boolean {
    if (this.#state !== 'plain') return false
    this.#again ??= []
    this.#again.push(...rest)
    return true
  }

  add({ at, direction, position, length, bytes, process, thread }: SocketBytes): void {
    this.#at = at
    this.#thread = thread
    if (this.connection.process !== process) this.takenBy(process, at)
    if (this.#skips !== process.skips) this.#changeSkips(process.skips)
    this.#settleOther(direction)
    if (direction === 'sent') this.#sent.add(position, length, bytes, this.#sentSink)
    else this.#received.add(position, length, bytes, this.#receivedSink)
    this.#count()
    if (this.connection.timeline !== undefined) this.#trace(direction, length)
  }

  end(at: number, totals: SocketClosed | undefined): void {
    this.#at = at
    this.#changeSkips(this.connection.process?.skips ?? 0)
    this.#sent.end(totals?.sentBytes ?? 0, this.#sentSink)
    this.#received.end(totals?.receivedBytes ?? 0, this.#receivedSink)
    this.#count()
    this.#endStart()
    this.#opener?.closed()
    this.#dns?.close()
    if (this.#told) this.#tellUnread()
  }

  #trace(direction: Direction, length: number): void {
    const { timeline, tls, role } = this.connection
    if (timeline === undefined || tls === undefined) return
    if (tls.opened) timeline.opened()
    if (timeline.clientHelloAt === undefined && tls.offeredVersion !== undefined)
      timeline.clientHelloAt = this.#at
    else if ((this.#skips & UNREAD) === 0)
      timeline.sealed(this.#at, (direction === 'sent') === (role === 'client') ? 'client' : 'server', length)
  }

  #changeSkips(skips: number): void {
    this.#skips = skips
    if ((skips & SEALED) !== 0 && this.#state === 'tls') this.#opener?.leaveSealed()
    if ((skips & UNREAD) === 0) this.#tellUnread()
  }

  /** What was held is as long as it gets. It may itself end in the beginning of something else. */
  #endStart(): void {
    while (this.#state === 'start') this.#decide('plain')
  }

  #settleOther(direction: Direction): void {
    if (direction === 'sent') this.#received.settle(this.#receivedSink)
    else this.#sent.settle(this.#sentSink)
  }

  #count(): void {
    const { sent, received } = this.connection
    sent.capturedBytes = this.#sent.account.capturedBytes
    sent.missingBytes = this.#sent.account.missingBytes
    received.capturedBytes = this.#received.account.capturedBytes
    received.missingBytes = this.#received.account.missingBytes
  }

  #bytes(from: Side, bytes: Uint8Array): void {
    if (this.#state === 'start') this.#judge(from, bytes)
    else this.#pass(from, bytes)
  }

  #judge(from: Side, bytes: Uint8Array): void {
    const before = this.#start?.from === from ? this.#start.bytes : undefined
    const start = before ? Buffer.concat([before, bytes]) : bytes
    const verdict = this.#recognise(from, start)
    if (verdict === 'more' && start.length < START_BYTES_MAX && !(this.#start && !before)) {
      this.#start = { from, bytes: start.slice() }
      return
    }
    this.#decide(verdict === 'more' ? 'plain' : verdict, before !== undefined)
    this.#bytes(from, start)
  }

  #recognise(from: Side, start: Uint8Array): 'plain' | 'tls' | 'dns' | 'more' {
    const tls = looksLikeTls(start)
    if (tls !== 'no') return tls === 'yes' ? 'tls' : 'more'
    const { role, remote } = this.connection
    if (role !== 'client' || remote.port !== DNS_PORT) return 'plain'
    const dns = looksLikeDns(from, start)
    return dns === 'more' ? 'more' : dns === 'yes' ? 'dns' : 'plain'
  }

  #startAgain(): void {
    const again = this.#again
    if (again === undefined) return
    this.#again = undefined
    this.#state = 'start'
    for (const { from, bytes } of again) this.#bytes(from, bytes)
  }

  /** What was held is passed on, unless the caller does it itself. */
  #decide(state: 'plain' | 'tls' | 'dns', passesStart = false): void {
    const held = this.#start
    this.#start = undefined
    this.#state = state
    if (state === 'tls') {
      this.#opener = this.#shared.tls.follow(this.connection, this.#tlsSink())
      if ((this.#skips & SEALED) !== 0) this.#opener.leaveSealed()
    } else if (state === 'dns') {
      this.connection.protocol = 'dns'
      this.#dns = new DnsOverTcp(this.#shared.dnsHeld, (message) => this.#learn(message))
    }
    if (held && !passesStart) this.#pass(held.from, held.bytes)
  }

  #tlsSink(): Parameters<TlsSessions['follow']>[1] {
    return {
      plain: (from, bytes) => this.#emitBytes(from, bytes),
      gap: (from, missingBytes) => this.#emitGap(from, missingBytes),
      unwantedAhead: (from) => this.#shared.unwantedAhead(this.connection, from),
      passed: (from, bytes) => this.#emitPassed(from, bytes),
      unreadable: () => {
        this.#state = 'unreadable'
        this.#shared.out.emit({ kind: 'unreadable', connection: this.connection, at: this.#at })
      },
    }
  }

  #pass(from: Side, bytes: Uint8Array): void {
    if (this.#state === 'plain') this.#emitBytes(from, bytes)
    else if (this.#state === 'tls') this.#opener?.bytes(from, bytes, this.#process(), this.#thread)
    else if (this.#state === 'dns' && from === 'server') this.#dns?.bytes(bytes)
  }

  #gap(from: Side, missingBytes: number): void {
    this.#endStart()
    if (this.#state === 'tls') this.#opener?.gap(from, missingBytes)
    else if (this.#state === 'plain') this.#emitGap(from, missingBytes)
    else if (this.#state === 'dns' && from === 'server') this.#dns?.gap(missingBytes)
  }

  #process(): Process {
    return this.connection.process ?? UNKNOWN_PROCESS
  }

  #learn(message: Uint8Array): void {
    if ((this.#skips & SKIP.dns) === 0) this.#shared.names.learn(this.#process(), this.#at, message)
  }

  #emitBytes(from: Side, bytes: Uint8Array): void {
    if ((this.#skips & UNREAD) !== 0) {
      this.#leaveUnread(from, bytes.length)
      return
    }
    this.#told = true
    this.#shared.out.emit({ kind: 'bytes', connection: this.connection, at: this.#at, from, bytes })
    if (this.#again !== undefined) this.#startAgain()
  }

  #emitPassed(from: Side, bytes: number): void {
    this.#shared.out.emit({ kind: 'passed', connection: this.connection, at: this.#at, from, bytes })
  }

  #emitGap(from: Side, missingBytes: number | undefined): void {
    if ((this.#skips & UNREAD) !== 0) {
      this.#leaveUnread(from, missingBytes)
      return
    }
    this.#told = true
    this.#shared.out.emit({ kind: 'gap', connection: this.connection, at: this.#at, from, missingBytes })
    if (this.#again !== undefined) this.#startAgain()
  }

  #leaveUnread(from: Side, bytes: number | undefined): void {
    this.#unread ??= { client: 0, server: 0 }
    this.#unread[from] += bytes ?? Number.NaN
  }

  /** To who listens, what a filter left out before it was lifted is a gap. */
  #tellUnread(): void {
    const unread = this.#unread
    if (unread === undefined) return
    this.#unread = undefined
    for (const from of ['client', 'server'] as const) {
      const bytes = unread[from]
      if (bytes === 0) continue
      const missingBytes = Number.isNaN(bytes) ? undefined : bytes
      this.#shared.out.emit({ kind: 'gap', connection: this.connection, at: this.#at, from, missingBytes })
    }
  }
}
