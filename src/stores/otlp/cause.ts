import { Buffer } from 'node:buffer'

const TEXT_CHARACTERS_MAX = 200
/** Shorter words tell nothing. */
const WORD = /[\p{L}\p{N}]{4,}/gu

/** What is wrong, for the names that Node.js, OpenSSL and the system have for it. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed before an answer came',
  ECONNABORTED: 'the connection was closed before an answer came',
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'the host does not answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself: name it as ca_file',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an unknown authority: name that as ca_file',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of an unknown authority: name that as ca_file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an unknown authority: name that as ca_file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an unknown authority: name that as ca_file',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a certificate of the client',
}

/** Of an error of a socket. Its message is not quoted: it may be of the other side's making. */
export function causeOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return causeIn(error.message) ?? 'the connection failed'
  if (code === 'EPROTO') return causeIn(error.message) ?? 'TLS could not be agreed on'
  if (code.startsWith('HPE_')) return 'it does not answer in HTTP'
  return CAUSES[code] ?? `the connection failed (${code})`
}

/** The same, of an error that is known by its text alone. */
export function causeIn(text: string): string | undefined {
  const codes: readonly string[] = text.match(/\b[A-Z][A-Z0-9_]{3,}\b/g) ?? []
  const known = codes.find((code) => Object.hasOwn(CAUSES, code))
  if (known !== undefined) return CAUSES[known]
  if (/self[- ]signed certificate in certificate chain/i.test(text))
    return CAUSES['SELF_SIGNED_CERT_IN_CHAIN']
  if (/self[- ]signed certificate/i.test(text)) return CAUSES['DEPTH_ZERO_SELF_SIGNED_CERT']
  if (/unable to (verify|get)/i.test(text)) return CAUSES['UNABLE_TO_VERIFY_LEAF_SIGNATURE']
  if (/certificate has expired/i.test(text)) return CAUSES['CERT_HAS_EXPIRED']
  if (/does not match certificate/i.test(text)) return CAUSES['ERR_TLS_CERT_ALTNAME_INVALID']
  if (/wrong version number|packet length too long/i.test(text)) return CAUSES['ERR_SSL_WRONG_VERSION_NUMBER']
  return /certificate required/i.test(text) ? CAUSES['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'] : undefined
}

/**
 * What the other side says, in one line. Receivers repeat parts of what they refuse, and that was captured:
 * each word that also stands in what was sent is left out.
 */
export function quote(text: string, sent: readonly Uint8Array[]): string {
  const line = text
    .slice(0, TEXT_CHARACTERS_MAX)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
  return line.replaceAll(WORD, (word) => (sent.some((bytes) => holds(bytes, word)) ? '…' : word))
}

function holds(bytes: Uint8Array, word: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(word)
}
