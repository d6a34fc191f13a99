import type { Process } from '../../capture/index.ts'
import type { Connection, Side, TlsFacts, TlsUnreadable } from '../connection.ts'
import type { Aead } from './aead.ts'
import type { Buffers } from './buffers.ts'
import { createDirection, type Taken } from './direction.ts'
import { createFraming, type Framing } from './framing.ts'
import { readClientHello, readServerHello } from './hello.ts'
import { CLIENT_HELLO, SERVER_HELLO } from './messages.ts'
import type { SecretSet } from './secret-set.ts'
import { keysFor, type Session, type TlsSink, type TlsStats } from './session.ts'
import { suiteOf, TLS_1_3 } from './suites.ts'

// The handshake's records on one side: a server's flight of certificates fits in a quarter of them.
const TRIAL_RECORDS_MAX = 32

/** The TLS bytes of one connection. Everything handed in is borrowed; everything handed out is too. */
export interface TlsStream {
  /** Ciphertext in the order of the stream, and who moved it. */
  bytes(from: Side, chunk: Uint8Array, process: Process, thread: number): void
  gap(from: Side, missingBytes: number): void
  /** Nobody may read it: only what the handshake shows in clear text is looked at from here on. */
  leaveSealed(): void
  /** The connection has ended. What is still held cannot be opened any more. */
  closed(): void
}

/** What the sessions see of a stream. */
export interface OpenStream extends TlsStream {
  /** Who moved bytes last; -1 before anybody did. */
  readonly pid: number
  readonly thread: number
  /** In hex. */
  readonly clientRandom: string | undefined
  readonly heldBytes: number
  readonly secrets: SecretSet | undefined
  /** Tries the held records. True when a tag proved that the secrets are this connection's. */
  bind(secrets: SecretSet): boolean
  /** Opens what can be opened now. */
  drain(): void
  giveUp(why: TlsUnreadable): void
  /** Ends it without a word to the sink. */
  abandon(): void
}

/** What a stream tells the sessions. */
export interface StreamListener {
  /** Bytes were moved while the secrets were unknown, now by `stream.pid`. */
  moved(stream: OpenStream, previousPid: number): void
  clientRandomKnown(stream: OpenStream): void
  /** A sealed record waits; the bytes held grew by `bytes`. */
  held(stream: OpenStream, bytes: number): void
  released(stream: OpenStream, bytes: number): void
  ended(stream: OpenStream): void
}

type Held =
  | { readonly kind: 'record'; readonly from: Side; readonly bytes: Uint8Array }
  | { readonly kind: 'lost record'; readonly from: Side; readonly type: number; readonly length: number }
  | { readonly kind: 'lost records'; readonly from: Side; readonly missingBytes: number }

// What a held item costs beside its bytes.
const HELD_ITEM_BYTES = 64

export function createStream(
  connection: Connection,
  sink: TlsSink,
  aead: Aead,
  stats: TlsStats,
  buffers: Buffers,
  heldBytesMax: number,
  listener: StreamListener,
): OpenStream {
  const facts: TlsFacts = { ...NO_FACTS }
  connection.tls = facts
  const session: Session = { facts, aead, stats, sink, ...NOTHING_KNOWN }
  const sides = { client: openSide('client'), server: openSide('server') }
  let held: Held[] = []
  let heldBytes = 0
  let helloSeen = false
  let shouldDrain = false
  let ended = false
  let pid = -1
  let thread = -1
  let clientRandom: string | undefined
  const stream: OpenStream = {
    get pid() {
      return pid
    },
    get thread() {
      return thread
    },
    get clientRandom() {
      return clientRandom
    },
    get heldBytes() {
      return heldBytes
    },
    get secrets() {
      return session.secrets
    },
    bytes,
    gap,
    leaveSealed,
    closed,
    bind,
    drain,
    giveUp,
    abandon: end,
  }
  return stream

  function openSide(side: Side) {
    const direction = createDirection(session, side, onMessage)
    const framing: Framing = createFraming(
      {
        record: (bytes, at, length) => onRecord(side, bytes, at, length),
        lostRecord: (type, length) => onLoss({ kind: 'lost record', from: side, type, length }),
        lostRecords: (missingBytes) => onLoss({ kind: 'lost records', from: side, missingBytes }),
        prove: (bytes, at, length) => onCandidate(side, bytes, at, length),
      },
      buffers,
    )
    return { direction, framing, waits: false }
  }

  function bytes(from: Side, chunk: Uint8Array, process: Process, byThread: number): void {
    if (ended) return
    if (session.secrets === undefined) touch(process.pid, byThread)
    sides[from].framing.bytes(chunk)
  }

  function touch(byPid: number, byThread: number): void {
    const previousPid = pid
    pid = byPid
    thread = byThread
    listener.moved(stream, previousPid)
  }

  function gap(from: Side, missingBytes: number): void {
    if (ended) return
    if (session.secrets === undefined) session.hasGap = true
    sides[from].framing.gap(missingBytes)
  }

  function onRecord(from: Side, bytes: Uint8Array, at: number, length: number): void {
    if (ended) return
    const side = sides[from]
    if (!mustWait(from, bytes[at] ?? 0)) {
      if (!helloSeen && side.direction.isSealed(bytes[at] ?? 0)) giveUp('joined late')
      if (ended) return
      const taken = side.direction.record(bytes, at, length)
      if (shouldDrain) drain()
      if (taken === 'taken' || ended) return
    }
    hold({ kind: 'record', from, bytes: bytes.slice(at, at + length) }, length)
  }

  function onLoss(loss: Exclude<Held, { kind: 'record' }>): void {
    if (ended) return
    if (sides[loss.from].waits || apply(loss) === 'wait') hold(loss, 0)
  }

  function onCandidate(from: Side, bytes: Uint8Array, at: number, length: number): boolean {
    if (ended) return true
    if (!helloSeen) {
      giveUp('joined late')
      return true
    }
    if (!mustWait(from, bytes[at] ?? 0)) {
      const taken = sides[from].direction.prove(bytes, at, length)
      if (taken !== 'wait') return taken === 'taken'
    }
    hold({ kind: 'record', from, bytes: bytes.slice(at, at + length) }, length)
    return true
  }

  /** Sealed records keep their order over both sides, so that a held request stays before its response. */
  function mustWait(from: Side, type: number): boolean {
    const { client, server } = sides
    return sides[from].waits || ((client.waits || server.waits) && sides[from].direction.isSealed(type))
  }

  function apply(item: Held): Taken {
    const { direction } = sides[item.from]
    switch (item.kind) {
      case 'record':
        return direction.record(item.bytes, 0, item.bytes.length)
      case 'lost record':
        return direction.lostRecord(item.type, item.length)
      case 'lost records':
        return direction.lostRecords(item.missingBytes)
      default:
        return item satisfies never
    }
  }

  function leaveSealed(): void {
    session.leftOut = true
    if (facts.version !== undefined) giveUp('left out by a filter')
  }

  function hold(item: Held, itemBytes: number): void {
    if (session.leftOut) {
      // Early data comes before the ServerHello, and whatever the server seals behind it.
      if (item.from === 'server') giveUp('left out by a filter')
      return
    }
    sides[item.from].waits = true
    held.push(item)
    const cost = itemBytes + HELD_ITEM_BYTES
    heldBytes += cost
    listener.held(stream, cost)
    if (heldBytes > heldBytesMax) drain('each side by itself')
    if (heldBytes > heldBytesMax) giveUp('no secret')
  }

  function drain(order: 'as it came' | 'each side by itself' = 'as it came'): void {
    do {
      shouldDrain = false
      const waiting = held
      held = []
      sides.client.waits = false
      sides.server.waits = false
      for (const item of waiting) {
        if (ended) return
        const side = sides[item.from]
        const type = item.kind === 'record' && order === 'as it came' ? item.bytes[0] : undefined
        const waits = type === undefined ? side.waits : mustWait(item.from, type)
        if (waits || apply(item) === 'wait') {
          side.waits = true
          held.push(item)
        } else if (!ended) {
          heldBytes -= costOf(item)
          listener.released(stream, costOf(item))
        }
      }
    } while (shouldDrain)
  }

  function onMessage(type: number, body: Uint8Array | undefined): void {
    if (!body) return
    if (type === CLIENT_HELLO) onClientHello(body)
    else if (type === SERVER_HELLO) onServerHello(body)
  }

  function onClientHello(body: Uint8Array): void {
    const hello = readClientHello(body)
    if (!hello) return
    helloSeen = true
    session.offersEarlyData = hello.offersEarlyData
    // After a HelloRetryRequest it comes again and says the same (RFC 8446 §4.1.2).
    if (clientRandom !== undefined) return
    facts.offeredVersion = hello.version
    facts.serverName = hello.serverName
    facts.protocols = hello.protocols
    session.clientRandom = hello.random
    clientRandom = Buffer.from(hello.random).toString('hex')
    listener.clientRandomKnown(stream)
  }

  function onServerHello(body: Uint8Array): void {
    const hello = readServerHello(body)
    if (!hello) return
    helloSeen = true
    facts.version = hello.version
    facts.suite = hello.suite
    facts.protocol = hello.protocol
    if (session.leftOut) {
      giveUp('left out by a filter')
      return
    }
    shouldDrain = true
    if (hello.retry) return
    session.serverRandom = hello.random
    session.suite = suiteOf(hello.version, hello.suite)
    if (!session.suite) giveUp('suite not supported')
  }

  function bind(secrets: SecretSet): boolean {
    if (ended || session.secrets || !session.suite) return false
    for (const from of ['client', 'server'] as const) {
      const tls13 = session.suite.version === TLS_1_3
      const hasHandshake = tls13 && secrets.traffic(session.suite, 'handshake', from) !== undefined
      const proven =
        (hasHandshake && tryRecords(secrets, 'handshake', from, session.offersEarlyData)) ||
        ((!hasHandshake || session.hasGap) && tryRecords(secrets, 'application', from, tls13))
      if (!proven) continue
      session.secrets = secrets
      stats.sessionsBound += 1
      return true
    }
    return false
  }

  /** Tries the first held record, or several, as the epoch's first. */
  function tryRecords(
    secrets: SecretSet,
    epoch: 'handshake' | 'application',
    from: Side,
    several: boolean,
  ): boolean {
    const keys = held.length > 0 ? keysFor(session, secrets, epoch, from) : undefined
    if (!keys) return false
    let left = several || session.hasGap ? TRIAL_RECORDS_MAX : 1
    for (const item of held) {
      if (item.kind !== 'record' || item.from !== from) continue
      if (!sides[from].direction.isSealed(item.bytes[0] ?? 0)) continue
      stats.trials += 1
      left -= 1
      const proven = keys.open(item.bytes, 0, item.bytes.length, 0) >= 0
      if (!proven && left > 0) continue
      keys.close()
      return proven
    }
    keys.close()
    return false
  }

  function giveUp(reason: TlsUnreadable): void {
    if (ended) return
    const why = session.leftOut ? 'left out by a filter' : reason
    facts.unreadable = why
    stats[UNREADABLE_COUNTERS[why]] += 1
    end()
    sink.unreadable(why)
  }

  function closed(): void {
    if (ended) return
    if (!session.leftOut) drain('each side by itself')
    if (held.some((item) => item.kind === 'record')) giveUp('no secret')
    end()
  }

  function end(): void {
    if (ended) return
    ended = true
    stats.heldBytesDropped += heldBytes
    const released = heldBytes
    held = []
    heldBytes = 0
    for (const side of [sides.client, sides.server]) {
      side.direction.close()
      side.framing.close()
    }
    if (released > 0) listener.released(stream, released)
    listener.ended(stream)
  }
}

const UNREADABLE_COUNTERS = {
  'no secret': 'unreadableNoSecret',
  'joined late': 'unreadableJoinedLate',
  'suite not supported': 'unreadableSuite',
  'left out by a filter': 'unreadableByFilter',
} as const satisfies Record<TlsUnreadable, keyof TlsStats>

const NO_FACTS = {
  offeredVersion: undefined,
  version: undefined,
  suite: undefined,
  serverName: undefined,
  protocols: [],
  protocol: undefined,
  unreadable: undefined,
  opened: false,
}

const NOTHING_KNOWN = {
  suite: undefined,
  clientRandom: undefined,
  serverRandom: undefined,
  offersEarlyData: false,
  leftOut: false,
  hasGap: false,
  secrets: undefined,
}

function costOf(item: Held): number {
  return HELD_ITEM_BYTES + (item.kind === 'record' ? item.bytes.length : 0)
}
