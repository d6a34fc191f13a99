import { type Source, source } from '../base/index.ts'
import type { Connection, Side, StreamEvent, Streams } from '../connections/index.ts'
import { type Decoder, type DecoderShare, openShare, type Protocol } from './decoder.ts'
import type { Message, Switched } from './message.ts'
import { PROTOCOLS } from './registry.ts'

/**
 * What one event of one connection led to. Bodies in `messages` are borrowed: valid until the listener
 * returns.
 */
export interface Decoded {
  readonly connection: Connection
  /** Nanoseconds since boot. */
  readonly at: number
  /**
   * The `type` of the protocol that these messages are of; `unknown` with the one `opaque` message of a
   * connection, or of what a tunnel carries, that none of them knows.
   */
  readonly protocol: string
  /** Never empty. After an `opaque` message nothing more comes of this connection. */
  readonly messages: readonly Message[]
}

/** Bytes whose protocol can't be told yet, of one connection. */
const RECOGNISE_BYTES_MAX = 64 * 1024
/** The same, of all connections together. */
const RECOGNISE_BYTES_TOTAL_MAX = 16 * 1024 * 1024
/**
 * A connection joined late may be in the middle of anything: so many turns of the client may start with no
 * message.
 */
const LATE_TURNS_MAX = 8
/** … or so many bytes pass, which is a long download. */
const LATE_BYTES_MAX = 64 * 1024 * 1024

/** What a held chunk costs beside its bytes. */
const HELD_CHUNK_BYTES = 128

const UNKNOWN = 'unknown'
const NOT_THIS: readonly Message[] = [{ kind: 'opaque', why: 'not this protocol' }]
const UNKNOWN_UPGRADE: readonly Message[] = [{ kind: 'opaque', why: 'upgrade' }]
const UNKNOWN_IN_TUNNEL: readonly Message[] = [{ kind: 'opaque', why: 'tunnel' }]
const EVERY_PROTOCOL: readonly Protocol[] = Object.values(PROTOCOLS)

interface HeldChunk {
  readonly from: Side
  readonly bytes: Uint8Array
}

type Rest = Extract<Message, { kind: 'rest' }>

/** One connection's way from its first bytes to a decoder, or to being left alone. */
interface Lane {
  protocol: string
  decoder: Decoder | undefined
  ignored: boolean
  /** The beginning was not seen, so the first bytes seen prove nothing. */
  late: boolean
  /** What passes now is inside a tunnel that CONNECT opened. */
  inTunnel: boolean
  held: HeldChunk[]
  heldBytes: number
  lateTurns: number
  lateBytes: number
  lastFrom: Side | undefined
}

export interface Decodings extends Source<Decoded> {
  /** How many of this side's next bytes are a body's for certain; 0 when they may be anything. */
  contentAhead(connection: Connection, from: Side): number
}

type DecodeStats = ReturnType<typeof noStats>

/**
 * Recognises each connection's protocol on its first bytes and turns its two byte streams into messages.
 * Where one protocol leads to another, goes on with that; what a tunnel carries is recognised anew.
 * A connection of no known protocol gives one `opaque` message, and its further bytes are passed over.
 */
export function decode(streams: Source<StreamEvent> & Partial<Pick<Streams, 'judgeAgain'>>): Decodings {
  const stats = noStats()
  const decoded = source<Decoded>(stats)
  const lanes = new Map<Connection, Lane>()
  streams.listen(onStreamEvent)
  return { ...decoded, contentAhead }

  function contentAhead(connection: Connection, from: Side): number {
    return lanes.get(connection)?.decoder?.contentAhead(from) ?? 0
  }

  function onStreamEvent(event: StreamEvent): void {
    switch (event.kind) {
      case 'opened':
        return
      case 'bytes':
        onBytes(event.connection, event.at, event.from, event.bytes)
        return
      case 'passed':
        onPassed(event.connection, event.at, event.from, event.bytes)
        return
      case 'gap':
        onGap(event.connection, event.at, event.from, event.missingBytes)
        return
      case 'unreadable':
        stats.unreadable += 1
        finish(event.connection, event.at).ignored = true
        return
      case 'closed':
        finish(event.connection, event.at)
        lanes.delete(event.connection)
        stats.lanes = lanes.size
        return
      default:
        event satisfies never
    }
  }

  function onBytes(connection: Connection, at: number, from: Side, bytes: Uint8Array): void {
    const lane = lanes.get(connection) ?? openLane(connection)
    take(connection, at, lane, from, bytes)
  }

  function take(connection: Connection, at: number, lane: Lane, from: Side, bytes: Uint8Array): void {
    if (lane.ignored) stats.ignoredBytes += bytes.length
    else if (lane.decoder !== undefined) tell(connection, at, lane, lane.decoder.bytes(from, bytes))
    else if (bytes.length > 0) recognise(connection, at, lane, { from, bytes })
  }

  function onPassed(connection: Connection, at: number, from: Side, bytes: number): void {
    const lane = lanes.get(connection)
    if (lane?.decoder !== undefined) tell(connection, at, lane, lane.decoder.pass(from, bytes))
  }

  function onGap(connection: Connection, at: number, from: Side, missingBytes: number | undefined): void {
    const lane = lanes.get(connection) ?? openLane(connection)
    if (lane.ignored) return
    stats.gaps += 1
    if (lane.decoder !== undefined) {
      tell(connection, at, lane, lane.decoder.gap(from, missingBytes))
      return
    }
    lane.late = true
    letGo(lane)
  }

  function openLane(connection: Connection): Lane {
    const lane: Lane = {
      protocol: UNKNOWN,
      decoder: undefined,
      ignored: false,
      late: connection.joinedLate,
      inTunnel: false,
      held: [],
      heldBytes: 0,
      lateTurns: 0,
      lateBytes: 0,
      lastFrom: undefined,
    }
    lanes.set(connection, lane)
    stats.lanes = lanes.size
    return lane
  }

  function recognise(connection: Connection, at: number, lane: Lane, chunk: HeldChunk): void {
    const start = startOf(lane, chunk)
    let undecided = false
    for (const protocol of EVERY_PROTOCOL) {
      const recognition = protocol.recognise(chunk.from, start)
      if (recognition === 'yes') {
        begin(connection, at, lane, protocol, chunk)
        return
      }
      if (recognition === 'more') undecided = true
    }
    if (undecided && holdChunk(lane, chunk)) return
    if (lane.late && passesOver(lane, chunk)) return
    stats.notRecognised += 1
    letGo(lane)
    tell(connection, at, lane, lane.inTunnel ? UNKNOWN_IN_TUNNEL : NOT_THIS)
  }

  function begin(connection: Connection, at: number, lane: Lane, protocol: Protocol, last: HeldChunk): void {
    const decoder = protocol.open({ joinedLate: lane.late, share: stats })
    const held = lane.held
    lane.protocol = protocol.type
    lane.decoder = decoder
    // What a tunnel carries does not change what the connection to the proxy is.
    connection.protocol ??= protocol.type
    stats.recognised += 1
    letGo(lane)
    // What was held is no whole start line, so no protocol leads to another before the last chunk.
    for (const chunk of held) take(connection, at, lane, chunk.from, chunk.bytes)
    take(connection, at, lane, last.from, last.bytes)
  }

  /** What follows is of the protocol that was agreed on; `rest` is what the decoder before it had of it. */
  function turn(
    connection: Connection,
    at: number,
    lane: Lane,
    switched: Switched,
    rest: readonly Rest[],
  ): void {
    const isTunnel = switched.to === 'tunnel' && switched.response.status !== 101
    const next = EVERY_PROTOCOL.find(({ upgrades }) => !isTunnel && upgrades?.includes(switched.to))
    lane.decoder = next?.open({ joinedLate: false, share: stats, switched })
    if (next !== undefined) {
      stats.switched += 1
      lane.protocol = next.type
      // Requests go on in HTTP/2; a WebSocket has none, and stays a part of the connection that led to it.
      if (next.type === 'http2' && !lane.inTunnel) connection.protocol = next.type
    } else if (isTunnel) {
      stats.tunnels += 1
      lane.protocol = UNKNOWN
      lane.late = false
      lane.inTunnel = true
      if (streams.judgeAgain?.(connection, rest) === true) return
    } else {
      tell(connection, at, lane, UNKNOWN_UPGRADE)
    }
    for (const { from, bytes } of rest) take(connection, at, lane, from, bytes)
  }

  function holdChunk(lane: Lane, chunk: HeldChunk): boolean {
    const length = chunk.bytes.length + HELD_CHUNK_BYTES
    if (lane.heldBytes + length > RECOGNISE_BYTES_MAX) return false
    if (stats.recogniseHeldBytes + length > RECOGNISE_BYTES_TOTAL_MAX) return false
    lane.held.push({ from: chunk.from, bytes: new Uint8Array(chunk.bytes) })
    lane.heldBytes += length
    stats.recogniseHeldBytes += length
    return true
  }

  function passesOver(lane: Lane, chunk: HeldChunk): boolean {
    if (chunk.from === 'client' && lane.lastFrom !== 'client') lane.lateTurns += 1
    lane.lastFrom = chunk.from
    lane.lateBytes += chunk.bytes.length
    stats.skippedBytes += chunk.bytes.length
    letGo(lane)
    return lane.lateTurns <= LATE_TURNS_MAX && lane.lateBytes <= LATE_BYTES_MAX
  }

  function letGo(lane: Lane): void {
    stats.recogniseHeldBytes -= lane.heldBytes
    lane.held = []
    lane.heldBytes = 0
  }

  function finish(connection: Connection, at: number): Lane {
    const lane = lanes.get(connection) ?? openLane(connection)
    if (lane.decoder !== undefined) tell(connection, at, lane, lane.decoder.closed())
    lane.decoder = undefined
    letGo(lane)
    return lane
  }

  function tell(connection: Connection, at: number, lane: Lane, messages: readonly Message[]): void {
    if (messages.length === 0) return
    const switchAt = count(stats, messages)
    const last = messages.at(-1)
    if (last?.kind === 'opaque') {
      stats.opaque += 1
      lane.ignored = true
      lane.decoder = undefined
    }
    const { protocol } = lane
    const change = messages[switchAt]
    if (change?.kind !== 'switch') {
      decoded.emit({ connection, at, protocol, messages })
      return
    }
    decoded.emit({ connection, at, protocol, messages: messages.slice(0, switchAt + 1) })
    const rest = messages.filter((message) => message.kind === 'rest')
    turn(connection, at, lane, change.switched, rest)
  }
}

/** What this side showed so far, the new chunk included. */
function startOf(lane: Lane, chunk: HeldChunk): Uint8Array {
  if (lane.held.length === 0) return chunk.bytes
  const own = lane.held.filter((held) => held.from === chunk.from).map((held) => held.bytes)
  return own.length === 0 ? chunk.bytes : Buffer.concat([...own, chunk.bytes])
}

/** Gives the place of a `switch`, -1 when there is none. */
function count(stats: DecodeStats, messages: readonly Message[]): number {
  let switchAt = -1
  stats.messages += messages.length
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at]
    if (message?.kind === 'request') {
      stats.requests += 1
      if (message.doubts !== undefined) stats.doubtful += 1
    } else if (message?.kind === 'response') {
      stats.responses += 1
      if (message.doubts !== undefined) stats.doubtful += 1
    } else if (message?.kind === 'end') {
      if (message.cut !== undefined) stats[CUT_COUNTERS[message.cut]] += 1
    } else if (message?.kind === 'switch') switchAt = at
  }
  return switchAt
}

const CUT_COUNTERS = {
  closed: 'cutByClose',
  gap: 'cutByGap',
  limit: 'cutByLimit',
  reset: 'cutByReset',
} as const

/** A type of its own, because `Stats` allows any name: a misspelt counter must not compile. */
function noStats() {
  return {
    ...openShare(),
    /** Connections followed now. */
    lanes: 0,
    messages: 0,
    requests: 0,
    responses: 0,
    gaps: 0,
    cutByClose: 0,
    cutByGap: 0,
    cutByLimit: 0,
    cutByReset: 0,
    recognised: 0,
    notRecognised: 0,
    /** Connections that went on with another protocol, and those that became a tunnel. */
    switched: 0,
    tunnels: 0,
    /** Heads of which not everything is certain. */
    doubtful: 0,
    opaque: 0,
    unreadable: 0,
    ignoredBytes: 0,
    recogniseHeldBytes: 0,
  } satisfies Record<string, number> & DecoderShare
}
