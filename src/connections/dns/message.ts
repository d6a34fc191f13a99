import { ipText } from '../../capture/index.ts'

/** What a DNS message says (RFC 1035 §4.1), as far as it can be read. */
export interface DnsMessage {
  readonly id: number
  readonly isResponse: boolean
  /**
   * The name asked for: lower case, no dot at its end, bytes that names of hosts do not have as `\255`.
   * Undefined unless exactly one name is asked for.
   */
  readonly question: string | undefined
  /** What the answers say that name to be, through aliases too; empty where it is not known to exist. */
  readonly addresses: readonly string[]
}

export const DNS_PORT = 53

const HEADER_BYTES = 12
/** Of one message: more names and addresses than any resolver gives. */
const RECORDS_MAX = 128
/** In one name: each one behind the first leads to a label, and a name has at most 127. */
const POINTERS_MAX = 128
/** Aliases that lead from one to the next, where they are not in order. */
const PASSES_MAX = 16
// RFC 1035 §2.3.4.
const NAME_BYTES_MAX = 255
// RFC 1035 §3.2.2 and §3.2.4, RFC 3596 §2.1.
const TYPE_A = 1
const TYPE_CNAME = 5
const TYPE_AAAA = 28
const CLASS_INTERNET = 1

/** A name, and where what follows it begins. */
interface Name {
  readonly text: string
  readonly end: number
}

/**
 * Reads a message or the beginning of one; undefined when it is none. Names and records are bounded, so that
 * no message costs much more than others.
 */
export function readDnsMessage(bytes: Uint8Array): DnsMessage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const flags = numberAt(bytes, 2)
  const isResponse = flags >> 15 === 1
  const id = numberAt(bytes, 0)
  const asked = numberAt(bytes, 4) === 1 ? readName(bytes, HEADER_BYTES) : undefined
  if (asked === undefined) return { id, isResponse, question: undefined, addresses: [] }
  // Only a query (opcode 0) that went well (response code 0) says what a name is.
  const isGood = isResponse && (flags & 0x780f) === 0
  const addresses = isGood ? readAddresses(bytes, asked.end + 4, numberAt(bytes, 6), asked.text) : []
  return { id, isResponse, question: asked.text, addresses }
}

/** Whether a side's first bytes over TCP are a message behind its length. `more`: too few bytes to tell. */
export function looksLikeDns(from: 'client' | 'server', start: Uint8Array): 'yes' | 'no' | 'more' {
  if (start.length < 2 + HEADER_BYTES) return 'more'
  const flags = numberAt(start, 4)
  const isResponse = flags >> 15 === 1
  // The shortest question asks for the root: one byte of name, a type and a class.
  if (numberAt(start, 0) < HEADER_BYTES + 5 || isResponse !== (from === 'server')) return 'no'
  if ((flags & 0x7800) !== 0 || numberAt(start, 6) !== 1) return 'no'
  return isResponse || (numberAt(start, 8) === 0 && numberAt(start, 10) === 0) ? 'yes' : 'no'
}

/** Addresses of `question` and of the names it is an alias of, among `count` records from `from` on. */
function readAddresses(bytes: Uint8Array, from: number, count: number, question: string): readonly string[] {
  const aliases: { readonly name: string; readonly of: string }[] = []
  const found: { readonly name: string; readonly address: string }[] = []
  let at = from
  for (let read = 0; read < Math.min(count, RECORDS_MAX); read += 1) {
    const owner = readName(bytes, at)
    if (owner === undefined) break
    const type = numberAt(bytes, owner.end)
    const isInternet = numberAt(bytes, owner.end + 2) === CLASS_INTERNET
    const length = numberAt(bytes, owner.end + 8)
    const contentAt = owner.end + 10
    at = contentAt + length
    if (at > bytes.length) break
    if (!isInternet) continue
    if (type === TYPE_CNAME) {
      const target = readName(bytes, contentAt)
      if (target?.end === at) aliases.push({ name: owner.text, of: target.text })
    } else if (type === TYPE_A && length === 4) {
      found.push({ name: owner.text, address: bytes.subarray(contentAt, at).join('.') })
    } else if (type === TYPE_AAAA && length === 16) {
      found.push({ name: owner.text, address: ipText(bytes.subarray(contentAt, at)) })
    }
  }
  const names = namesOf(question, aliases)
  return found.flatMap(({ name, address }) => (names.has(name) ? [address] : []))
}

/** Aliases mostly stand in order, so that one pass finds them all. */
function namesOf(
  question: string,
  aliases: readonly { readonly name: string; readonly of: string }[],
): ReadonlySet<string> {
  const names = new Set([question])
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const before = names.size
    for (const alias of aliases) if (names.has(alias.name)) names.add(alias.of)
    if (names.size === before) break
  }
  return names
}

/**
 * RFC 1035 §4.1.4. A pointer must lead to before the name it stands in, and each further one to before that,
 * so that names come to an end. Undefined where the bytes end first.
 */
function readName(bytes: Uint8Array, from: number): Name | undefined {
  let text = ''
  let nameBytes = 0
  let pointers = 0
  let at = from
  let begin = from
  let end = -1
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return undefined
    if (length === 0) return { text, end: end === -1 ? at + 1 : end }
    if (length >= 0xc0) {
      if (at + 2 > bytes.length) return undefined
      const target = numberAt(bytes, at) & 0x3fff
      pointers += 1
      if (target >= begin || pointers > POINTERS_MAX) return undefined
      if (end === -1) end = at + 2
      begin = target
      at = target
      continue
    }
    nameBytes += length + 1
    if (length > 63 || nameBytes > NAME_BYTES_MAX || at + 1 + length > bytes.length) return undefined
    text += text === '' ? labelText(bytes, at + 1, length) : `.${labelText(bytes, at + 1, length)}`
    at += length + 1
  }
}

function labelText(bytes: Uint8Array, from: number, length: number): string {
  let text = ''
  for (let at = from; at < from + length; at += 1) {
    const byte = bytes[at] ?? 0
    const isLetterOrDigit = (byte | 32) >= 97 && (byte | 32) <= 122 ? 2 : byte >= 48 && byte <= 57 ? 1 : 0
    if (isLetterOrDigit === 2) text += String.fromCharCode(byte | 32)
    else if (isLetterOrDigit === 1 || byte === 45 || byte === 95) text += String.fromCharCode(byte)
    else text += `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

function numberAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}
