import { looksLikeDns } from './message.ts'

/** Answers are far shorter; of a longer one the beginning is read. */
const MESSAGE_BYTES_MAX = 8 * 1024
/** Of all connections together; past it a message that comes in pieces is passed over. */
const HELD_BYTES_TOTAL_MAX = 4 * 1024 * 1024

/** What all connections share; counters of their stage. */
export function noDnsHeld() {
  return { dnsHeldBytes: 0, dnsMessagesPassed: 0 }
}

const NOTHING = new Uint8Array(0)

/**
 * The messages that a server of the DNS sends over TCP, each behind its length (RFC 7766 §8). Takes chunks of
 * any size; a message that a chunk holds whole is not copied. Each is borrowed until `onMessage` returns.
 */
export class DnsOverTcp {
  readonly #held: ReturnType<typeof noDnsHeld>
  readonly #onMessage: (message: Uint8Array) => void
  /** The first byte of a length whose second is to come. */
  #high = -1
  /** Of the message that goes on, 0 for none. */
  #leftBytes = 0
  #begun = NOTHING
  #begunBytes = 0
  /** After a hole nobody knows where a message begins. */
  #lost = false

  constructor(held: ReturnType<typeof noDnsHeld>, onMessage: (message: Uint8Array) => void) {
    this.#held = held
    this.#onMessage = onMessage
  }

  bytes(chunk: Uint8Array): void {
    let at = 0
    if (this.#lost) {
      // Servers write a message at once, so one mostly begins where a chunk does.
      if (looksLikeDns('server', chunk) !== 'yes') return
      this.#lost = false
    }
    while (at < chunk.length) {
      if (this.#leftBytes === 0) at = this.#begin(chunk, at)
      else at = this.#goOn(chunk, at)
    }
  }

  gap(missingBytes: number): void {
    if (missingBytes > this.#leftBytes) {
      this.close()
      this.#lost = true
      return
    }
    // What came of the message before the hole can be read.
    const left = this.#leftBytes - missingBytes
    this.#tell()
    this.#leftBytes = left
  }

  /** Gives back what is held. */
  close(): void {
    this.#letGo()
    this.#high = -1
    this.#leftBytes = 0
  }

  #begin(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0
    if (this.#high === -1) {
      this.#high = byte
      return at + 1
    }
    const length = (this.#high << 8) | byte
    this.#high = -1
    const from = at + 1
    if (chunk.length - from >= length) {
      this.#onMessage(chunk.subarray(from, from + length))
      return from + length
    }
    this.#leftBytes = length
    const keptBytes = Math.min(length, MESSAGE_BYTES_MAX)
    if (this.#held.dnsHeldBytes + keptBytes > HELD_BYTES_TOTAL_MAX) {
      this.#held.dnsMessagesPassed += 1
      return from
    }
    this.#held.dnsHeldBytes += keptBytes
    this.#begun = new Uint8Array(keptBytes)
    return from
  }

  #goOn(chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + this.#leftBytes)
    const kept = chunk.subarray(from, Math.min(end, from + this.#begun.length - this.#begunBytes))
    this.#begun.set(kept, this.#begunBytes)
    this.#begunBytes += kept.length
    this.#leftBytes -= end - from
    if (this.#leftBytes === 0) this.#tell()
    return end
  }

  #tell(): void {
    if (this.#begunBytes > 0) this.#onMessage(this.#begun.subarray(0, this.#begunBytes))
    this.#letGo()
  }

  #letGo(): void {
    this.#held.dnsHeldBytes -= this.#begun.length
    this.#begun = NOTHING
    this.#begunBytes = 0
  }
}
