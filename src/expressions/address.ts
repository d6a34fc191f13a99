import type { Address, IpAddress, IpNetwork, MacAddress } from './expression.ts'

const MAPPED_PREFIX_BYTES = 12

/** The address that a text is; undefined when it is none. */
export function readIpAddress(text: string): IpAddress | undefined {
  const bytes = ipBytes(text)
  return bytes === undefined ? undefined : { kind: 'ip', bytes, text: ipText(bytes) }
}

/** An address, a slash and a number of bits. Bits behind the prefix count for nothing. */
export function readIpNetwork(text: string): IpNetwork | undefined {
  const [, address = '', prefix = ''] = /^([^/]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const bytes = ipBytes(address)
  if (bytes === undefined) return undefined
  // An IPv4 network that was written as mapped into IPv6 has 96 bits more.
  const mappedBits = bytes.length === 4 && address.includes(':') ? MAPPED_PREFIX_BYTES * 8 : 0
  const prefixBits = Number(prefix) - mappedBits
  if (prefixBits < 0 || prefixBits > bytes.length * 8) return undefined
  const masked = bytes.map((byte, index) => byte & maskByte(prefixBits - index * 8))
  return { kind: 'network', bytes: masked, prefixBits, text: `${ipText(masked)}/${prefixBits}` }
}

/** Six or eight pairs of hex digits with colons between. */
export function readMacAddress(text: string): MacAddress | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}((:[0-9a-f]{2}){2})?$/i.test(text)) return undefined
  const small = text.toLowerCase()
  return {
    kind: 'mac',
    bytes: Uint8Array.from(small.split(':'), (pair) => Number.parseInt(pair, 16)),
    text: small,
  }
}

/** What text is besides itself. Eight pairs are a hardware address, though IPv6 could be written so. */
export function readAddress(text: string): Address | undefined {
  if (text.length > 64 || !/^[0-9a-fA-F.:/]+$/.test(text)) return undefined
  return readMacAddress(text) ?? readIpAddress(text) ?? readIpNetwork(text)
}

export function networkHas(network: IpNetwork, address: IpAddress): boolean {
  if (network.bytes.length !== address.bytes.length) return false
  for (let index = 0; index * 8 < network.prefixBits; index += 1) {
    const byte = (address.bytes[index] ?? 0) & maskByte(network.prefixBits - index * 8)
    if (byte !== network.bytes[index]) return false
  }
  return true
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false
  return true
}

function maskByte(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff
}

function ipBytes(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined
  return text.includes(':') ? ip6Bytes(text) : ip4Bytes(text)
}

function ip4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    bytes[index] = Number(part)
  }
  return bytes
}

function ip6Bytes(text: string): Uint8Array | undefined {
  const [front = '', back, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const head = groupBytes(front, back === undefined)
  const tail = back === undefined ? [] : groupBytes(back, true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (back === undefined ? missing !== 0 : missing < 2) return undefined
  const bytes = Uint8Array.from([...head, ...Array.from({ length: missing }, () => 0), ...tail])
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return isMapped ? bytes.slice(MAPPED_PREFIX_BYTES) : bytes
}

function groupBytes(text: string, mayEndInIp4: boolean): readonly number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const last = mayEndInIp4 && index === groups.length - 1 ? ip4Bytes(group) : undefined
      if (last === undefined) return undefined
      bytes.push(...last)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const number = Number.parseInt(group, 16)
      bytes.push(number >> 8, number & 255)
    }
  }
  return bytes
}

/** As RFC 5952 asks for it: small letters, no leading zeros, the first longest run of zeros left out. */
function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  let runStart = 0
  let runLength = 1
  for (let start = 0; start < 8; start += 1) {
    let end = start
    while (groups[end] === '0') end += 1
    if (end - start > runLength) {
      runStart = start
      runLength = end - start
    }
  }
  if (runLength < 2) return groups.join(':')
  return `${groups.slice(0, runStart).join(':')}::${groups.slice(runStart + runLength).join(':')}`
}
