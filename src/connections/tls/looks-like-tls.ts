import { RECORD_PAYLOAD_BYTES_MAX } from './aead.ts'

// An inner type and a tag (RFC 8446 §5.2).
const SEALED_BYTES_MIN = 17

/**
 * Whether a direction's first bytes are TLS: a record with a ClientHello or ServerHello, or application data
 * (the handshake was missed then). `more` while the bytes so far would fit and six are not there yet.
 */
export function looksLikeTls(start: Uint8Array): 'yes' | 'no' | 'more' {
  const [type, major, minor, high, low, message] = start
  if (type === undefined) return 'more'
  if (type !== 22 && type !== 23) return 'no'
  if (major === undefined) return 'more'
  if (major !== 3) return 'no'
  if (minor === undefined) return 'more'
  if (type === 23 ? minor !== 3 : minor > 4) return 'no'
  if (high === undefined || low === undefined) return 'more'
  const payloadBytes = (high << 8) | low
  if (payloadBytes > RECORD_PAYLOAD_BYTES_MAX) return 'no'
  if (type === 23) return payloadBytes >= SEALED_BYTES_MIN ? 'yes' : 'no'
  if (payloadBytes === 0) return 'no'
  if (message === undefined) return 'more'
  return message === 1 || message === 2 ? 'yes' : 'no'
}
