import { type Emitter, type Source, source } from '../base/index.ts'
import type {
  CaptureEvent,
  ConnectionKey,
  Direction,
  Process,
  SocketBytes,
  SocketClosed,
  SocketOpened,
  TimePassed,
} from '../capture/index.ts'
import { ByteStream } from './byte-stream.ts'
import type { Connection, Side, StreamEvent } from './connection.ts'
import { looksLikeTls } from './tls/looks-like-tls.ts'
import type { TlsSessions } from './tls/sessions.ts'
import type { TlsStream } from './tls/stream.ts'

export interface FollowOptions {
  /** Makes the ids of connections; takes wall-clock milliseconds. */
  readonly nextId: (atMs: number) => string
  /** Wall-clock time of boot, milliseconds since 1970. */
  readonly bootEpochMs: number
  readonly tls: TlsSessions
  /** Connections followed at once; beyond, the one opened longest ago is let go. */
  readonly connectionsMax: number
}

export interface Streams extends Source<StreamEvent> {
  /**
   * Names who can tell how many of a connection's next bytes from a side nobody wants, 0 for none. Where it
   * saves work such bytes come as `passed`.
   */
  passOver(unwantedAhead: (connection: Connection, from: Side) => number): void
  /**
   * For who finds, while listening, that a connection carries something else from here on, which may be
   * TLS: these bytes come again, behind the event that is being told of. False, and nothing happens, when
   * the connection's own bytes are TLS already.
   */
  judgeAgain(connection: Connection, rest: readonly Given[]): boolean
  /** Passes on that time has passed: what was captured before has been given. */
  readonly time: Source<TimePassed>
  /** Ends every connection that is still open, at the time of the last event. */
  close(): void
}

/** Bytes of one side, borrowed. */
export interface Given {
  readonly from: Side
  readonly bytes: Uint8Array
}

export const CONNECTIONS_MAX = 100_000

/** Enough to tell TLS from anything else. */
const START_BYTES_MAX = 16

/**
 * Turns the events of each socket into two streams of plain bytes, in order, gaps marked; opens TLS on the
 * way.
 * Each connection is `opened` once and `closed` once; `bytes` are borrowed.
 */
export function followConnections(captured: Source<CaptureEvent>, options: FollowOptions): Streams {
  const stats = { opened: 0, closed: 0, evicted: 0, strayRecords: 0, lateBytes: 0, missingBytes: 0, tls: 0 }
  const streams = source<StreamEvent>(stats)
  const time = source<TimePassed>(stats)
  const followed = new Map<ConnectionKey, Followed>()
  const unwanted: Unwanted = { ahead: () => 0 }
  let lastAt = 0
  captured.listen(onEvent)
  return { ...streams, passOver, judgeAgain, time, close }

  function passOver(unwantedAhead: Unwanted['ahead']): void {
    unwanted.ahead = unwantedAhead
  }

  function judgeAgain(connection: Connection, rest: readonly Given[]): boolean {
    const stream = followed.get(connection.key)
    return stream?.connection === connection && stream.judgeAgain(rest)
  }

  function close(): void {
    for (const key of Array.from(followed.keys())) finish(key, lastAt, undefined)
    options.tls.close()
  }

  function onEvent(event: CaptureEvent): void {
    if (event.kind !== 'time' || event.at > lastAt) lastAt = event.at
    switch (event.kind) {
      case 'bytes':
        return onBytes(event)
      case 'opened':
        return onOpened(event)
      case 'closed':
        return onClosed(event)
      case 'secret':
        return options.tls.secret(event)
      case 'time':
        return time.emit(event)
      default:
        return event satisfies never
    }
  }

  function onOpened(event: SocketOpened): void {
    stats.opened += 1
    // A socket that is disconnected and connected again keeps its key.
    finish(event.key, event.at, undefined)
    const connection = toConnection(event, options.nextId(options.bootEpochMs + event.at / 1e6))
    followed.set(event.key, new Followed(connection, streams, options.tls, unwanted))
    streams.emit({ kind: 'opened', connection, at: event.at })
    if (followed.size <= options.connectionsMax) return
    const [oldest] = followed.keys()
    if (oldest === undefined) return
    stats.evicted += 1
    finish(oldest, event.at, undefined)
  }

  function onBytes(event: SocketBytes): void {
    const stream = followed.get(event.key)
    if (stream) stream.add(event)
    else stats.strayRecords += 1
  }

  function onClosed(event: SocketClosed): void {
    finish(event.key, event.at, event)
  }

  function finish(key: ConnectionKey, at: number, totals: SocketClosed | undefined): void {
    const stream = followed.get(key)
    if (!stream) return
    stream.end(at, totals)
    followed.delete(key)
    const { connection } = stream
    stats.closed += 1
    stats.lateBytes += stream.lateBytes
    stats.missingBytes += connection.sent.missingBytes + connection.received.missingBytes
    if (connection.tls) stats.tls += 1
    streams.emit({ kind: 'closed', connection, at })
  }
}

function toConnection({ key, role, local, remote, joinedLate, at }: SocketOpened, id: string): Connection {
  return {
    id,
    key,
    role,
    local,
    remote,
    joinedLate,
    openedAt: at,
    process: undefined,
    tls: undefined,
    sent: { capturedBytes: 0, missingBytes: 0 },
    received: { capturedBytes: 0, missingBytes: 0 },
  }
}

/** What all followed connections ask. */
interface Unwanted {
  ahead: (connection: Connection, from: Side) => number
}

/** One connection: orders each direction, finds out whether it is TLS, and passes plain bytes on. */
class Followed {
  readonly connection: Connection
  readonly #out: Emitter<StreamEvent>
  readonly #tls: TlsSessions
  readonly #unwanted: Unwanted
  readonly #sent = new ByteStream()
  readonly #received = new ByteStream()
  readonly #sentSink: { bytes(bytes: Uint8Array): void; gap(missingBytes: number): void }
  readonly #receivedSink: { bytes(bytes: Uint8Array): void; gap(missingBytes: number): void }
  /** `start`: too few bytes to tell; `plain` and `tls`: as it says; `closed`: TLS that cannot be read. */
  #state: 'start' | 'plain' | 'tls' | 'unreadable' = 'start'
  #start: Given | undefined
  /** Set while an event is told of: what comes behind it, and is to be judged anew. */
  #again: Given[] | undefined
  #opener: TlsStream | undefined
  #at = 0
  #thread = 0

  constructor(connection: Connection, out: Emitter<StreamEvent>, tls: TlsSessions, unwanted: Unwanted) {
    this.connection = connection
    this.#unwanted = unwanted
    this.#out = out
    this.#tls = tls
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

  judgeAgain(rest: readonly Given[]): boolean {
    if (this.#state !== 'plain') return false
    this.#again ??= []
    this.#again.push(...rest)
    return true
  }

  add({ at, direction, position, length, bytes, process, thread }: SocketBytes): void {
    this.#at = at
    this.#thread = thread
    // A socket that is handed on (accept in one process, work in another) belongs to who works with it.
    if (this.connection.process !== process) this.connection.process = process
    this.#settleOther(direction)
    if (direction === 'sent') this.#sent.add(position, length, bytes, this.#sentSink)
    else this.#received.add(position, length, bytes, this.#receivedSink)
    this.#count()
  }

  end(at: number, totals: SocketClosed | undefined): void {
    this.#at = at
    this.#sent.end(totals?.sentBytes ?? 0, this.#sentSink)
    this.#received.end(totals?.receivedBytes ?? 0, this.#receivedSink)
    this.#count()
    this.#endStart()
    this.#opener?.closed()
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
    const verdict = looksLikeTls(start)
    if (verdict === 'more' && start.length < START_BYTES_MAX && !(this.#start && !before)) {
      this.#start = { from, bytes: start.slice() }
      return
    }
    this.#decide(verdict === 'yes' ? 'tls' : 'plain', before !== undefined)
    this.#bytes(from, start)
  }

  #startAgain(): void {
    const again = this.#again
    if (again === undefined) return
    this.#again = undefined
    this.#state = 'start'
    for (const { from, bytes } of again) this.#bytes(from, bytes)
  }

  /** What was held is passed on, unless the caller does it itself. */
  #decide(state: 'plain' | 'tls', passesStart = false): void {
    const held = this.#start
    this.#start = undefined
    this.#state = state
    if (state === 'tls') this.#opener = this.#tls.follow(this.connection, this.#tlsSink())
    if (held && !passesStart) this.#pass(held.from, held.bytes)
  }

  #tlsSink(): Parameters<TlsSessions['follow']>[1] {
    return {
      plain: (from, bytes) => this.#emitBytes(from, bytes),
      gap: (from, missingBytes) => this.#emitGap(from, missingBytes),
      unwantedAhead: (from) => this.#unwanted.ahead(this.connection, from),
      passed: (from, bytes) => this.#emitPassed(from, bytes),
      unreadable: () => {
        this.#state = 'unreadable'
        this.#out.emit({ kind: 'unreadable', connection: this.connection, at: this.#at })
      },
    }
  }

  #pass(from: Side, bytes: Uint8Array): void {
    if (this.#state === 'plain') this.#emitBytes(from, bytes)
    else if (this.#state === 'tls') this.#opener?.bytes(from, bytes, this.#process(), this.#thread)
  }

  #gap(from: Side, missingBytes: number): void {
    this.#endStart()
    if (this.#state === 'tls') this.#opener?.gap(from, missingBytes)
    else if (this.#state === 'plain') this.#emitGap(from, missingBytes)
  }

  #process(): Process {
    return this.connection.process ?? UNKNOWN_PROCESS
  }

  #emitBytes(from: Side, bytes: Uint8Array): void {
    this.#out.emit({ kind: 'bytes', connection: this.connection, at: this.#at, from, bytes })
    if (this.#again !== undefined) this.#startAgain()
  }

  #emitPassed(from: Side, bytes: number): void {
    this.#out.emit({ kind: 'passed', connection: this.connection, at: this.#at, from, bytes })
  }

  #emitGap(from: Side, missingBytes: number | undefined): void {
    this.#out.emit({ kind: 'gap', connection: this.connection, at: this.#at, from, missingBytes })
    if (this.#again !== undefined) this.#startAgain()
  }
}

const UNKNOWN_PROCESS: Process = {
  pid: -1,
  parentPid: -1,
  startedAt: -1,
  exe: '',
  binary: '',
  args: [],
  userId: -1,
  userName: '',
  containerId: '',
}
