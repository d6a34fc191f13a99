import { type Source, source } from '../base/index.ts'
import {
  type CaptureEvent,
  type ConnectionKey,
  type DnsDatagram,
  SKIP,
  type SocketAccepted,
  type SocketBytes,
  type SocketClosed,
  type SocketOpened,
  type TimePassed,
} from '../capture/index.ts'
import type { Connection, Given, Side, StreamEvent } from './connection.ts'
import { DNS_PORT } from './dns/message.ts'
import { NameTable, noNameStats } from './dns/names.ts'
import { noDnsHeld } from './dns/tcp.ts'
import { Followed, type Shared } from './followed.ts'
import type { TlsSessions } from './tls/sessions.ts'

export interface FollowOptions {
  /** Makes the id of what came to be then, in nanoseconds since boot. */
  readonly nextId: (at: number) => string
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
  /** Passes on the datagrams of the DNS, but for those of processes whose DNS a filter leaves out. */
  readonly dns: Source<DnsDatagram>
  /** Ends every connection that is still open, at the time of the last event. */
  close(): void
}

export const CONNECTIONS_MAX = 100_000

/**
 * Turns the events of each socket into two streams of plain bytes, in order, gaps marked; opens TLS on the
 * way.
 * Each connection is `opened` once and `closed` once; `bytes` are borrowed. What the DNS says to a process on
 * the way names the connections of its container.
 */
export function followConnections(captured: Source<CaptureEvent>, options: FollowOptions): Streams {
  const stats = noStats()
  const streams = source<StreamEvent>(stats)
  const time = source<TimePassed>(stats)
  const dns = source<DnsDatagram>(stats)
  const followed = new Map<ConnectionKey, Followed>()
  const names = new NameTable(stats)
  const shared: Shared = { out: streams, tls: options.tls, names, dnsHeld: stats, unwantedAhead: () => 0 }
  let lastAt = 0
  captured.listen(onEvent)
  return { ...streams, passOver, judgeAgain, time, dns, close }

  function passOver(unwantedAhead: Shared['unwantedAhead']): void {
    shared.unwantedAhead = unwantedAhead
  }

  function judgeAgain(connection: Connection, rest: readonly Given[]): boolean {
    const stream = followed.get(connection.key)
    return stream?.connection === connection && stream.judgeAgain(rest)
  }

  function close(): void {
    for (const key of Array.from(followed.keys())) finish(key, lastAt, undefined, undefined)
    options.tls.close()
  }

  function onEvent(event: CaptureEvent): void {
    if (event.kind !== 'time' || event.at > lastAt) lastAt = event.at
    switch (event.kind) {
      case 'bytes':
        return onBytes(event)
      case 'opened':
        return onOpened(event)
      case 'accepted':
        return onAccepted(event)
      case 'closed':
        return onClosed(event)
      case 'secret':
        return options.tls.secret(event)
      case 'dns':
        return onDns(event)
      case 'time':
        names.expire(event.at)
        return time.emit(event)
      default:
        return event satisfies never
    }
  }

  function onOpened(event: SocketOpened): void {
    stats.opened += 1
    // A socket that is disconnected and connected again keeps its key: the connection before is over.
    finish(event.key, event.at, undefined, event.at)
    const connection = toConnection(event, options.nextId(event.at))
    const stream = new Followed(connection, shared)
    followed.set(event.key, stream)
    if (event.process !== undefined) stream.takenBy(event.process, event.at)
    streams.emit({ kind: 'opened', connection, at: event.at })
    if (followed.size <= options.connectionsMax) return
    const [oldest] = followed.keys()
    if (oldest === undefined) return
    stats.evicted += 1
    finish(oldest, event.at, undefined, undefined)
  }

  function onAccepted(event: SocketAccepted): void {
    const stream = followed.get(event.key)
    if (stream) stream.takenBy(event.process, event.at)
    else stats.strayRecords += 1
  }

  function onDns(event: DnsDatagram): void {
    if ((event.process.skips & SKIP.dns) !== 0) return
    if (event.direction === 'received' && event.remote.port === DNS_PORT)
      names.learn(event.process, event.at, event.bytes)
    dns.emit(event)
  }

  function onBytes(event: SocketBytes): void {
    const stream = followed.get(event.key)
    if (stream) stream.add(event)
    else stats.strayRecords += 1
  }

  function onClosed(event: SocketClosed): void {
    finish(event.key, event.at, event, event.at)
  }

  /** `closedAt` is undefined when the connection may go on, and only the following of it ends. */
  function finish(
    key: ConnectionKey,
    at: number,
    totals: SocketClosed | undefined,
    closedAt: number | undefined,
  ): void {
    const stream = followed.get(key)
    if (!stream) return
    stream.end(at, totals)
    followed.delete(key)
    const { connection } = stream
    connection.closedAt = closedAt
    if (totals) connection.totals = { sentBytes: totals.sentBytes, receivedBytes: totals.receivedBytes }
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
    socketProtocol: 'tcp',
    role,
    local,
    remote,
    joinedLate,
    openedAt: at,
    process: undefined,
    tls: undefined,
    dnsName: undefined,
    hostName: undefined,
    protocol: undefined,
    closedAt: undefined,
    totals: undefined,
    sent: { capturedBytes: 0, missingBytes: 0 },
    received: { capturedBytes: 0, missingBytes: 0 },
    reporting: undefined,
    timeline: undefined,
    metered: undefined,
  }
}

function noStats() {
  return {
    opened: 0,
    closed: 0,
    evicted: 0,
    strayRecords: 0,
    lateBytes: 0,
    missingBytes: 0,
    tls: 0,
    ...noNameStats(),
    ...noDnsHeld(),
  }
}
