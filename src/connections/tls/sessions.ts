import type { TlsSecret } from '../../capture/index.ts'
import type { Connection } from '../connection.ts'
import { type Aead, chooseAead } from './aead.ts'
import { createBuffers } from './buffers.ts'
import { createSecretSet, type SecretSet, TRAFFIC_LABELS } from './secret-set.ts'
import type { TlsSink, TlsStats } from './session.ts'
import { createStream, type OpenStream, type StreamListener, type TlsStream } from './stream.ts'

export interface TlsLimits {
  /** Ciphertext held for one connection until its secrets come; beyond, it is given up. */
  readonly heldBytesMax: number
  /** The same over all connections; beyond, the one that waits longest is given up. */
  readonly heldBytesTotalMax: number
  /** Secrets not yet proven to be any connection's; beyond, the oldest handshake's are dropped. */
  readonly unboundSecretsMax: number
}

export const TLS_LIMITS: TlsLimits = {
  heldBytesMax: 256 * 1024,
  heldBytesTotalMax: 32 * 1024 * 1024,
  unboundSecretsMax: 10_000,
}

/** Brings TLS connections and the secrets of their sessions together, and opens their records. */
export interface TlsSessions {
  /** A connection whose first bytes look like TLS. Fills `connection.tls`. */
  follow(connection: Connection, sink: TlsSink): TlsStream
  /** Takes the secret over: it is overwritten when no connection needs it any more. */
  secret(event: TlsSecret): void
  /** Ends all streams without telling their sinks, and overwrites all secrets. */
  close(): void
  readonly stats: Readonly<TlsStats>
}

// One trial takes about 2 µs, so one event costs at most some 0.1 ms.
const TRIALS_PER_EVENT_MAX = 64

/** One process's streams and secrets that look for each other. */
interface Waiting {
  readonly streams: Set<OpenStream>
  readonly sets: Set<SecretSet>
}

/** The ends on this host of one session, by its client random. */
interface Ends {
  readonly streams: Set<OpenStream>
  readonly sets: Set<SecretSet>
}

export function openTlsSessions(limits: TlsLimits = TLS_LIMITS, aead: Aead = chooseAead()): TlsSessions {
  const stats = { ...NO_COUNTS }
  const streams = new Set<OpenStream>()
  const holding = new Set<OpenStream>()
  const waiting = new Map<number, Waiting>()
  const ends = new Map<string, Ends>()
  const current = new Map<string, SecretSet>()
  /** Sets of one handshake, by its fingerprint. */
  const families = new Map<string, Set<SecretSet>>()
  const users = new Map<SecretSet, Set<OpenStream>>()
  /** Oldest first. */
  const unbound = new Set<SecretSet>()
  let unboundSecrets = 0
  let heldBytesTotal = 0
  const buffers = createBuffers()
  const listener: StreamListener = { moved, clientRandomKnown, held, released, ended }
  return { follow, secret, close, stats }

  function follow(connection: Connection, sink: TlsSink): TlsStream {
    const stream = createStream(connection, sink, aead, stats, buffers, limits.heldBytesMax, listener)
    streams.add(stream)
    return stream
  }

  function secret(event: TlsSecret): void {
    stats.secretsSeen += 1
    if (!USED_LABELS.has(event.label)) {
      stats.secretsIgnored += 1
      event.secret.wipe()
      return
    }
    const set = setOf(event)
    const before = set.count
    set.add(event)
    if (unbound.has(set)) unboundSecrets += set.count - before
    if (event.label === TRAFFIC_LABELS.handshake.client) joinFamily(set)
    for (const member of set.family) for (const stream of users.get(member) ?? []) stream.drain()
    seek(set)
    while (unboundSecrets > limits.unboundSecretsMax) dropOldest()
  }

  /**
   * The handshake this secret is of. A session object that serves another handshake by now gets a new set.
   */
  function setOf(event: TlsSecret): SecretSet {
    const name = `${event.process.pid} ${event.session}`
    const known = current.get(name)
    const random = event.clientRandom && Buffer.from(event.clientRandom).toString('hex')
    if (known?.accepts(event) && (!random || !known.clientRandom || random === known.clientRandom))
      return known
    const set = createSecretSet(event)
    current.set(name, set)
    unbound.add(set)
    if (set.clientRandom === undefined) waitingOf(set.pid).sets.add(set)
    else endsOf(set.clientRandom).sets.add(set)
    return set
  }

  function joinFamily(set: SecretSet): void {
    const fingerprint = set.fingerprint()
    if (fingerprint === undefined) return
    const family = families.get(fingerprint) ?? new Set()
    families.set(fingerprint, family.add(set))
    set.family = family
    for (const member of family) if (!unbound.has(member)) settle(set, member.clientRandom)
  }

  /** A tag proved these secrets, or one of their family: they look for no stream any more. */
  function settle(set: SecretSet, random: string | undefined): void {
    if (unbound.delete(set)) unboundSecrets -= set.count
    waiting.get(set.pid)?.sets.delete(set)
    forget(set.pid)
    if (random === undefined) return
    set.clientRandom = random
    endsOf(random).sets.add(set)
  }

  /** Looks for streams that these secrets open: by client random, else among the process's handshakes. */
  function seek(set: SecretSet): void {
    if (set.clientRandom !== undefined) {
      for (const stream of ends.get(set.clientRandom)?.streams ?? []) tryBind(stream, set)
      return
    }
    const candidates = [...(waiting.get(set.pid)?.streams ?? [])].filter((stream) => stream.heldBytes > 0)
    for (const stream of likeliestFirst(candidates, set.thread)) if (tryBind(stream, set)) return
  }

  /** Looks for secrets that open what this stream holds. */
  function seekFor(stream: OpenStream): void {
    const byRandom = stream.clientRandom === undefined ? undefined : ends.get(stream.clientRandom)
    for (const set of byRandom?.sets ?? []) if (tryBind(stream, set)) return
    const candidates = [...(waiting.get(stream.pid)?.sets ?? [])]
    for (const set of likeliestFirst(candidates, stream.thread)) if (tryBind(stream, set)) return
  }

  function tryBind(stream: OpenStream, set: SecretSet): boolean {
    if (!stream.bind(set)) return false
    const bound = users.get(set) ?? new Set()
    users.set(set, bound.add(stream))
    stopWaiting(stream, stream.pid)
    const random = stream.clientRandom
    const isNews = set.clientRandom === undefined && random !== undefined
    for (const member of set.family) settle(member, random)
    stream.drain()
    if (isNews) seek(set)
    return true
  }

  function moved(stream: OpenStream, previousPid: number): void {
    stopWaiting(stream, previousPid)
    waitingOf(stream.pid).streams.add(stream)
  }

  function stopWaiting(stream: OpenStream, pid: number): void {
    waiting.get(pid)?.streams.delete(stream)
    forget(pid)
  }

  function clientRandomKnown(stream: OpenStream): void {
    if (stream.clientRandom !== undefined) endsOf(stream.clientRandom).streams.add(stream)
  }

  function held(stream: OpenStream, bytes: number): void {
    heldBytesTotal += bytes
    holding.add(stream)
    if (stream.secrets === undefined) seekFor(stream)
    while (heldBytesTotal > limits.heldBytesTotalMax) {
      const [oldest] = holding
      if (!oldest) break
      oldest.giveUp('no secret')
    }
  }

  function released(stream: OpenStream, bytes: number): void {
    heldBytesTotal -= bytes
    if (stream.heldBytes === 0) holding.delete(stream)
  }

  function ended(stream: OpenStream): void {
    streams.delete(stream)
    stopWaiting(stream, stream.pid)
    const random = stream.clientRandom
    const byRandom = random === undefined ? undefined : ends.get(random)
    byRandom?.streams.delete(stream)
    if (stream.secrets) {
      users.get(stream.secrets)?.delete(stream)
      dropUnused(stream.secrets)
    }
    if (random === undefined || !byRandom) return
    for (const left of byRandom.sets) dropUnused(left)
    if (byRandom.streams.size === 0 && byRandom.sets.size === 0) ends.delete(random)
  }

  /** The other end on this host may still need proven secrets; those not proven wait for their stream. */
  function dropUnused(set: SecretSet): void {
    const byRandom = set.clientRandom === undefined ? undefined : ends.get(set.clientRandom)
    const needed = (byRandom?.streams.size ?? 0) + (users.get(set)?.size ?? 0)
    if (needed === 0 && !unbound.has(set)) drop(set)
  }

  function dropOldest(): void {
    const [oldest] = unbound
    if (!oldest) return
    stats.secretsUnused += oldest.count
    drop(oldest)
  }

  function drop(set: SecretSet): void {
    if (unbound.delete(set)) unboundSecrets -= set.count
    users.delete(set)
    leaveFamily(set)
    const name = `${set.pid} ${set.session}`
    if (current.get(name) === set) current.delete(name)
    waiting.get(set.pid)?.sets.delete(set)
    forget(set.pid)
    const byRandom = set.clientRandom === undefined ? undefined : ends.get(set.clientRandom)
    byRandom?.sets.delete(set)
    if (set.clientRandom !== undefined && byRandom?.sets.size === 0 && byRandom.streams.size === 0) {
      ends.delete(set.clientRandom)
    }
    set.wipe()
  }

  function leaveFamily(set: SecretSet): void {
    const fingerprint = set.fingerprint()
    const family = fingerprint === undefined ? undefined : families.get(fingerprint)
    family?.delete(set)
    if (fingerprint !== undefined && family?.size === 0) families.delete(fingerprint)
  }

  function close(): void {
    for (const stream of streams) stream.abandon()
    for (const set of [...unbound, ...users.keys()]) drop(set)
  }

  function waitingOf(pid: number): Waiting {
    const known = waiting.get(pid) ?? { streams: new Set(), sets: new Set() }
    waiting.set(pid, known)
    return known
  }

  function endsOf(random: string): Ends {
    const known = ends.get(random) ?? { streams: new Set(), sets: new Set() }
    ends.set(random, known)
    return known
  }

  function forget(pid: number): void {
    const known = waiting.get(pid)
    if (known?.streams.size === 0 && known.sets.size === 0) waiting.delete(pid)
  }
}

const USED_LABELS: ReadonlySet<string> = new Set([
  'CLIENT_RANDOM',
  'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'CLIENT_TRAFFIC_SECRET_0',
  'SERVER_TRAFFIC_SECRET_0',
])

const NO_COUNTS: TlsStats = {
  secretsSeen: 0,
  secretsIgnored: 0,
  secretsUnused: 0,
  sessionsBound: 0,
  trials: 0,
  recordsOpened: 0,
  recordsPassed: 0,
  recordsFailed: 0,
  resyncTrials: 0,
  directionsGivenUp: 0,
  unreadableNoSecret: 0,
  unreadableJoinedLate: 0,
  unreadableSuite: 0,
  unreadableByFilter: 0,
  heldBytesDropped: 0,
}

/** Those of the same thread first, each group newest first, as many as one event may try. */
function likeliestFirst<Item extends { readonly thread: number }>(
  oldestFirst: readonly Item[],
  thread: number,
): readonly Item[] {
  const near = oldestFirst.filter((item) => item.thread === thread).toReversed()
  const far = oldestFirst.filter((item) => item.thread !== thread).toReversed()
  return [...near, ...far].slice(0, TRIALS_PER_EVENT_MAX)
}
