/**
 * Bytes or text that came from the observed programs, or that could open their traffic.
 * Every default rendering is a length; revealing names its reader, so that a search lists all places.
 */
export class CapturedBytes {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#bytes.length
  }

  revealTo(_reader: 'tls'): Uint8Array {
    return this.#bytes
  }

  /** Overwrites what is held. To be called as soon as a secret is no longer needed. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toJSON(): string {
    return `<${this.#bytes.length} captured bytes>`
  }

  toString(): string {
    return this.toJSON()
  }
}
