/** What a field is to the decoder. */
export type Meaning = 'length' | 'coding' | 'expect' | 'host' | 'upgrade'

export interface KnownName {
  readonly name: string
  readonly meaning: Meaning | undefined
}

/** Names as most programs write them: each is one string in memory, however often it passes. */
const NAMES = [
  'GET HEAD POST PUT DELETE OPTIONS PATCH CONNECT TRACE',
  'Accept Accept-Encoding Accept-Language Accept-Ranges Access-Control-Allow-Origin Age Allow',
  'Authorization Cache-Control Connection Content-Disposition Content-Encoding Content-Language',
  'Content-Length Content-Range Content-Security-Policy Content-Type Cookie Date ETag Expect Expires',
  'Host If-Modified-Since If-None-Match If-Range Keep-Alive Last-Modified Link Location Origin Pragma',
  'Proxy-Authorization Range Referer Retry-After Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Server',
  'Set-Cookie Strict-Transport-Security TE Trailer Transfer-Encoding Upgrade User-Agent Vary Via',
  'WWW-Authenticate X-Content-Type-Options X-Forwarded-For X-Forwarded-Proto X-Frame-Options',
  'X-Powered-By X-Request-Id',
].flatMap((line) => line.split(' '))

const SLOTS = 1024
const KNOWN: readonly (KnownName | undefined)[] = knownNames()

/** Undefined when it is none of those that are known. */
export function knownName(input: Uint8Array, begin: number, end: number): KnownName | undefined {
  const length = end - begin
  const known =
    KNOWN[slotOf(length, input[begin] ?? 0, input[end - 1] ?? 0, input[begin + (length >> 1)] ?? 0)]
  if (known === undefined || known.name.length !== length) return undefined
  for (let at = 0; at < length; at += 1) if (known.name.charCodeAt(at) !== input[begin + at]) return undefined
  return known
}

/** RFC 9110 §5.1: names are the same in any case. */
export function meaningOf(name: string): Meaning | undefined {
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? 'host' : undefined
    case 6:
      return name.toLowerCase() === 'expect' ? 'expect' : undefined
    case 7:
      return name.toLowerCase() === 'upgrade' ? 'upgrade' : undefined
    case 14:
      return name.toLowerCase() === 'content-length' ? 'length' : undefined
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'coding' : undefined
    default:
      return undefined
  }
}

function slotOf(length: number, first: number, last: number, middle: number): number {
  return (length * 64 + first * 83 + last * 118 + middle * 19) & (SLOTS - 1)
}

/** Of two names in one slot the first stays. */
function knownNames(): (KnownName | undefined)[] {
  const slots: (KnownName | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  for (const name of [...NAMES, ...NAMES.map((one) => one.toLowerCase())]) {
    const middle = name.charCodeAt(name.length >> 1)
    const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1), middle)
    slots[slot] ??= { name, meaning: meaningOf(name) }
  }
  return slots
}
