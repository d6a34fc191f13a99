import type { DnsDatagram } from '../../capture/index.ts'
import type { Connection } from '../connection.ts'
import { DNS_PORT } from './message.ts'

/** So long resolvers wait before they ask again or give up. */
const ANSWER_WITHIN_NS = 5e9
/** Waiting for an answer; past it the one asked longest ago is told without. */
const LOOKUPS_MAX = 4_096
const BUCKETS = 1_024

interface Lookup {
  readonly connection: Connection
  readonly pid: number
  /** Number that the question bears, and the answer. */
  readonly id: number
  askedAt: number
  /** In its bucket. */
  next: Lookup | undefined
  older: Lookup | undefined
  newer: Lookup | undefined
}

export interface LookupOptions {
  /** Makes the id of what came to be then, in nanoseconds since boot. */
  readonly nextId: (at: number) => string
  readonly onOver: (connection: Connection, at: number) => void
}

export function noLookupStats() {
  return { lookups: 0, lookupsUnanswered: 0, lookupsEvicted: 0, answersUnasked: 0 }
}

/**
 * Look-ups over UDP, each a question of a process of this host and its answer, told as a connection when the
 * answer is there, or when none came within 5 s: `closedAt` stays undefined then.
 */
export class Lookups {
  readonly #stats: ReturnType<typeof noLookupStats>
  readonly #options: LookupOptions
  readonly #buckets = Array.from({ length: BUCKETS }, (): Lookup | undefined => undefined)
  #size = 0
  #oldest: Lookup | undefined
  #newest: Lookup | undefined

  constructor(stats: ReturnType<typeof noLookupStats>, options: LookupOptions) {
    this.#stats = stats
    this.#options = options
  }

  add(event: DnsDatagram): void {
    const { remote, bytes, direction, at } = event
    if (remote.port !== DNS_PORT || bytes.length < 2) return
    const lookup = this.#find(event)
    if (direction === 'received') {
      if (lookup) this.#answer(lookup, event)
      else this.#stats.answersUnasked += 1
    } else if (lookup) {
      // Asked again: the answer to either will do.
      lookup.askedAt = at
      count(lookup.connection, event)
      this.#unlink(lookup)
      this.#append(lookup)
    } else this.#ask(event)
  }

  /** Tells of those that nobody answered. */
  expire(at: number): void {
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) {
      if (oldest.askedAt + ANSWER_WITHIN_NS > at) return
      this.#giveUp(oldest, at)
    }
  }

  /** Tells of all that are left. */
  close(at: number): void {
    for (let oldest = this.#oldest; oldest !== undefined; oldest = this.#oldest) this.#giveUp(oldest, at)
  }

  #ask(event: DnsDatagram): void {
    this.#stats.lookups += 1
    const { at, process, local, remote } = event
    const connection: Connection = {
      id: this.#options.nextId(at),
      key: -1,
      socketProtocol: 'udp',
      role: 'client',
      local,
      remote,
      joinedLate: false,
      openedAt: at,
      process,
      tls: undefined,
      dnsName: undefined,
      hostName: undefined,
      protocol: 'dns',
      closedAt: undefined,
      totals: { sentBytes: 0, receivedBytes: 0 },
      sent: { capturedBytes: 0, missingBytes: 0 },
      received: { capturedBytes: 0, missingBytes: 0 },
    }
    count(connection, event)
    const bucket = bucketOf(event)
    const next = this.#buckets[bucket]
    const id = idOf(event)
    const links = { next, older: undefined, newer: undefined }
    const lookup: Lookup = { connection, pid: process.pid, id, askedAt: at, ...links }
    this.#buckets[bucket] = lookup
    this.#append(lookup)
    this.#size += 1
    if (this.#size <= LOOKUPS_MAX || this.#oldest === undefined) return
    this.#stats.lookupsEvicted += 1
    this.#giveUp(this.#oldest, at)
  }

  #answer(lookup: Lookup, event: DnsDatagram): void {
    this.#remove(lookup)
    count(lookup.connection, event)
    lookup.connection.closedAt = event.at
    this.#options.onOver(lookup.connection, event.at)
  }

  #giveUp(lookup: Lookup, at: number): void {
    this.#remove(lookup)
    this.#stats.lookupsUnanswered += 1
    this.#options.onOver(lookup.connection, at)
  }

  #find(event: DnsDatagram): Lookup | undefined {
    const id = idOf(event)
    const { process, local, remote } = event
    let lookup = this.#buckets[bucketOf(event)]
    for (; lookup !== undefined; lookup = lookup.next) {
      const { connection } = lookup
      // The local address may be unknown until the answer comes.
      const isSameSocket = lookup.pid === process.pid && connection.local.port === local.port
      if (lookup.id === id && isSameSocket && connection.remote.ip === remote.ip) return lookup
    }
    return undefined
  }

  #remove(lookup: Lookup): void {
    const bucket = bucketFor(lookup.id, lookup.connection.local.port)
    let before: Lookup | undefined
    for (let at = this.#buckets[bucket]; at !== undefined && at !== lookup; at = at.next) before = at
    if (before === undefined) this.#buckets[bucket] = lookup.next
    else before.next = lookup.next
    this.#unlink(lookup)
    this.#size -= 1
  }

  #append(lookup: Lookup): void {
    lookup.older = this.#newest
    lookup.newer = undefined
    if (this.#newest === undefined) this.#oldest = lookup
    else this.#newest.newer = lookup
    this.#newest = lookup
  }

  #unlink({ older, newer }: Lookup): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}

function count(connection: Connection, { direction, length, bytes }: DnsDatagram): void {
  const account = connection[direction]
  account.capturedBytes += bytes.length
  account.missingBytes += Math.max(0, length - bytes.length)
  const { sentBytes = 0, receivedBytes = 0 } = connection.totals ?? {}
  connection.totals =
    direction === 'sent'
      ? { sentBytes: sentBytes + length, receivedBytes }
      : { sentBytes, receivedBytes: receivedBytes + length }
}

function bucketOf(event: DnsDatagram): number {
  return bucketFor(idOf(event), event.local.port)
}

function bucketFor(id: number, port: number): number {
  return (id ^ port) & (BUCKETS - 1)
}

function idOf({ bytes }: DnsDatagram): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
}
