/** What the ClientHello says (RFC 8446 §4.1.2). */
export interface ClientHello {
  /** 32 bytes. */
  readonly random: Uint8Array
  /** The highest version offered. */
  readonly version: number
  readonly serverName: string | undefined
  readonly protocols: readonly string[]
  readonly offersEarlyData: boolean
}

/** What the ServerHello decides (RFC 8446 §4.1.3). */
export interface ServerHello {
  /** 32 bytes. */
  readonly random: Uint8Array
  readonly version: number
  readonly suite: number
  /** What it chose of the client's ALPN; TLS 1.3 says so in the EncryptedExtensions. */
  readonly protocol: string | undefined
  /** It is a HelloRetryRequest: another ServerHello follows. */
  readonly retry: boolean
}

const RANDOM_AT = 2
const SESSION_ID_AT = 34
// RFC 6066 §3, RFC 7301 §3.1, RFC 8446 §4.2.
const SERVER_NAME = 0
const PROTOCOLS = 16
const EARLY_DATA = 42
const SUPPORTED_VERSIONS = 43
// RFC 8701 §2: 0x0a0a, 0x1a1a and so on; these are printable.
const GREASE_PROTOCOLS: readonly string[] = ['**', '::', 'JJ', 'ZZ', 'jj', 'zz']
// RFC 8446 §4.1.3: SHA-256 of "HelloRetryRequest".
const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')

/** Reads a ClientHello's body, or gives undefined when it is none. */
export function readClientHello(body: Uint8Array): ClientHello | undefined {
  if (body.length < SESSION_ID_AT + 1) return undefined
  let at = SESSION_ID_AT + 1 + byteAt(body, SESSION_ID_AT)
  at += 2 + numberAt(body, at)
  at += 1 + byteAt(body, at)
  if (at > body.length) return undefined
  let version = numberAt(body, 0)
  let serverName: string | undefined
  let protocols: readonly string[] = []
  let offersEarlyData = false
  for (const [type, content] of extensions(body, at)) {
    if (type === SERVER_NAME) serverName = readServerName(content)
    else if (type === PROTOCOLS) protocols = readProtocols(content)
    else if (type === EARLY_DATA) offersEarlyData = true
    else if (type === SUPPORTED_VERSIONS) version = highestVersion(content) ?? version
  }
  return { random: body.slice(RANDOM_AT, SESSION_ID_AT), version, serverName, protocols, offersEarlyData }
}

/** Reads a ServerHello's or HelloRetryRequest's body, or gives undefined when it is none. */
export function readServerHello(body: Uint8Array): ServerHello | undefined {
  const suiteAt = SESSION_ID_AT + 1 + byteAt(body, SESSION_ID_AT)
  if (body.length < suiteAt + 3) return undefined
  const random = body.slice(RANDOM_AT, SESSION_ID_AT)
  let version = numberAt(body, 0)
  let protocol: string | undefined
  for (const [type, content] of extensions(body, suiteAt + 3)) {
    if (type === SUPPORTED_VERSIONS && content.length === 2) version = numberAt(content, 0)
    else if (type === PROTOCOLS) protocol = readProtocols(content)[0]
  }
  return { random, version, suite: numberAt(body, suiteAt), protocol, retry: RETRY_RANDOM.equals(random) }
}

/** The ALPN that the server chose, out of the body of its EncryptedExtensions (RFC 8446 §4.3.1). */
export function readChosenProtocol(body: Uint8Array): string | undefined {
  for (const [type, content] of extensions(body, 0)) {
    if (type === PROTOCOLS) return readProtocols(content)[0]
  }
  return undefined
}

function extensions(body: Uint8Array, lengthAt: number): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = []
  const end = Math.min(body.length, lengthAt + 2 + numberAt(body, lengthAt))
  for (let at = lengthAt + 2; at + 4 <= end; ) {
    const contentEnd = at + 4 + numberAt(body, at + 2)
    if (contentEnd > end) break
    found.push([numberAt(body, at), body.subarray(at + 4, contentEnd)])
    at = contentEnd
  }
  return found
}

function readServerName(content: Uint8Array): string | undefined {
  const length = numberAt(content, 3)
  if (byteAt(content, 2) !== 0 || length === 0 || 5 + length > content.length) return undefined
  const name = Buffer.from(content.subarray(5, 5 + length)).toString('latin1')
  return /^[\x21-\x7e]+$/.test(name) ? name : undefined
}

// RFC 8446 §4.2.1; drafts and GREASE stand outside of these versions.
function highestVersion(content: Uint8Array): number | undefined {
  const end = Math.min(content.length, 1 + byteAt(content, 0))
  let highest: number | undefined
  for (let at = 1; at + 2 <= end; at += 2) {
    const version = numberAt(content, at)
    if (version >> 8 === 3 && version > (highest ?? 0)) highest = version
  }
  return highest
}

// Names that are GREASE (RFC 8701 §2) or not printable say nothing.
function readProtocols(content: Uint8Array): readonly string[] {
  const protocols: string[] = []
  for (let at = 2; at < content.length; ) {
    const end = at + 1 + byteAt(content, at)
    if (end > content.length) break
    const name = Buffer.from(content.subarray(at + 1, end)).toString('latin1')
    if (/^[\x21-\x7e]+$/.test(name) && !GREASE_PROTOCOLS.includes(name)) protocols.push(name)
    at = end
  }
  return protocols
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

function numberAt(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1)
}
