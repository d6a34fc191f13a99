import type { Process } from '../../capture/index.ts'
import { readDnsMessage } from './message.ts'

/** So long an address keeps the name that an answer gave it, in nanoseconds of captured time. */
const KEPT_NS = 300e9
/** Of all containers together; some 200 bytes each. Past it the name told longest ago goes. */
const NAMES_MAX = 65_536

// Labels of RFC 1123 §2.1, the last of which is no number: then it would be an address.
const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9-]{1,63}\.)*(?!\d+$)[a-z0-9-]{1,63}$/

interface Known {
  readonly key: string
  name: string
  /** When it was last told. */
  at: number
  older: Known | undefined
  newer: Known | undefined
}

/** Part of the counters of the stage that keeps the names. */
export function noNameStats() {
  return {
    dnsMessages: 0,
    /** Of those: no DNS, or cut before its question ends. */
    dnsMessagesBroken: 0,
    /** Addresses that got a name, each as often as it was told. */
    dnsAddresses: 0,
    /** Kept now. */
    dnsNames: 0,
    dnsNamesEvicted: 0,
  }
}

/**
 * What the DNS called the addresses that each container was told of; processes outside of containers share
 * theirs. Kept in the order in which they were told.
 */
export class NameTable {
  readonly #stats: ReturnType<typeof noNameStats>
  readonly #namesMax: number
  readonly #known = new Map<string, Known>()
  #oldest: Known | undefined
  #newest: Known | undefined

  constructor(stats: ReturnType<typeof noNameStats>, namesMax = NAMES_MAX) {
    this.#stats = stats
    this.#namesMax = namesMax
  }

  /** Takes a message that the process received; borrowed. */
  learn(process: Process, at: number, message: Uint8Array): void {
    this.#stats.dnsMessages += 1
    const read = readDnsMessage(message)
    if (read?.question === undefined) {
      this.#stats.dnsMessagesBroken += 1
      return
    }
    const isHostName = HOST_NAME.test(read.question)
    for (const address of read.addresses) {
      const key = keyOf(process, address)
      if (isHostName) this.#tell(key, read.question, at)
      else this.#forget(key)
    }
    this.expire(at)
  }

  /** The name that the process's container was told last for the address, unless too long ago. */
  find(process: Process, ip: string, at: number): string | undefined {
    const known = this.#known.get(keyOf(process, ip))
    return known !== undefined && known.at + KEPT_NS >= at ? known.name : undefined
  }

  /** Lets go of what was told too long ago. */
  expire(at: number): void {
    for (let oldest = this.#oldest; oldest !== undefined && oldest.at + KEPT_NS < at; oldest = this.#oldest)
      this.#drop(oldest)
  }

  #tell(key: string, name: string, at: number): void {
    this.#stats.dnsAddresses += 1
    const known = this.#known.get(key)
    if (known !== undefined) {
      known.name = name
      known.at = at
      this.#unlink(known)
      this.#append(known)
      return
    }
    const added: Known = { key, name, at, older: undefined, newer: undefined }
    this.#known.set(key, added)
    this.#append(added)
    if (this.#known.size > this.#namesMax && this.#oldest !== undefined) {
      this.#stats.dnsNamesEvicted += 1
      this.#drop(this.#oldest)
    }
    this.#stats.dnsNames = this.#known.size
  }

  /** What was told last is the name, and that is none that can be shown. */
  #forget(key: string): void {
    const known = this.#known.get(key)
    if (known !== undefined) this.#drop(known)
  }

  #drop(known: Known): void {
    this.#unlink(known)
    this.#known.delete(known.key)
    this.#stats.dnsNames = this.#known.size
  }

  #append(known: Known): void {
    known.older = this.#newest
    known.newer = undefined
    if (this.#newest === undefined) this.#oldest = known
    else this.#newest.newer = known
    this.#newest = known
  }

  #unlink({ older, newer }: Known): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}

function keyOf(process: Process, ip: string): string {
  return `${process.container?.fullId ?? ''} ${unmapped(ip)}`
}

/** An IPv4 address that is written as one of IPv6 is the same address. */
function unmapped(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice('::ffff:'.length) : ip
}
