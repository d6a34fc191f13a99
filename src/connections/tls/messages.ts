/** Handshake message types that matter to an observer (RFC 8446 §4). */
export const CLIENT_HELLO = 1
export const SERVER_HELLO = 2
export const ENCRYPTED_EXTENSIONS = 8
export const FINISHED = 20
export const KEY_UPDATE = 24

// A ClientHello with every extension in use stays far below; what is longer is passed over.
const BODY_BYTES_MAX = 65_536
const HEADER_BYTES = 4

/** Puts handshake messages together from the records they are spread over (RFC 8446 §5.1). */
export interface MessageReader {
  bytes(fragment: Uint8Array): void
  /** A piece is missing: what was begun is dropped. */
  reset(): void
}

/**
 * `onMessage` is called as each message ends. Only hellos and EncryptedExtensions are kept: for others `body`
 * is undefined.
 */
export function createMessageReader(
  onMessage: (type: number, body: Uint8Array | undefined) => void,
): MessageReader {
  const header = new Uint8Array(HEADER_BYTES)
  let headerBytes = 0
  let body: Uint8Array | undefined
  let bodyBytes = 0
  return { bytes, reset }

  function bytes(fragment: Uint8Array): void {
    let at = 0
    while (at < fragment.length) {
      while (headerBytes < HEADER_BYTES && at < fragment.length) {
        header[headerBytes] = fragment[at] ?? 0
        headerBytes += 1
        at += 1
      }
      if (headerBytes < HEADER_BYTES) return
      const [type = 0, high = 0, middle = 0, low = 0] = header
      const length = (high << 16) | (middle << 8) | low
      const taken = Math.min(length - bodyBytes, fragment.length - at)
      if (isKept(type) && length <= BODY_BYTES_MAX) {
        body ??= new Uint8Array(length)
        body.set(fragment.subarray(at, at + taken), bodyBytes)
      }
      at += taken
      bodyBytes += taken
      if (bodyBytes < length) return
      const whole = body
      reset()
      onMessage(type, whole)
    }
  }

  function reset(): void {
    headerBytes = 0
    body = undefined
    bodyBytes = 0
  }
}

function isKept(type: number): boolean {
  return type === CLIENT_HELLO || type === SERVER_HELLO || type === ENCRYPTED_EXTENSIONS
}
