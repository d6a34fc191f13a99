/** Messages of the DNS as servers write them (RFC 1035 §4.1). */

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const

export interface DnsChanges {
  readonly id?: number
  readonly isResponse?: boolean
  readonly code?: number
  /** The names that lead from the one that is asked for to the addresses. */
  readonly aliases?: readonly string[]
  /** Whether names that were written before are pointed at. */
  readonly compressed?: boolean
  readonly class?: number
}

/** The answer that `name` has these addresses, or the question when it is no response. */
export function dnsResponse(name: string, ips: readonly string[], changes: DnsChanges = {}): Uint8Array {
  const { id = 4711, isResponse = true, code = 0, aliases = [], compressed = true } = changes
  const bytes: number[] = []
  const places = new Map<string, number>()
  number16(id)
  number16(isResponse ? 0x8180 | code : 0x0100)
  number16(1)
  number16(aliases.length + ips.length)
  number16(0)
  number16(0)
  writeName(name)
  number16(TYPES.A)
  number16(1)
  let owner = name
  for (const alias of aliases) {
    const ends = startRecord(owner, TYPES.CNAME)
    writeName(alias)
    ends()
    owner = alias
  }
  for (const ip of ips) {
    const ends = startRecord(owner, ip.includes(':') ? TYPES.AAAA : TYPES.A)
    bytes.push(...addressBytes(ip))
    ends()
  }
  return Uint8Array.from(bytes)

  function number16(value: number): void {
    bytes.push(value >> 8, value & 255)
  }

  /** Gives what fills in the length of what was written since. */
  function startRecord(of: string, type: number): () => void {
    writeName(of)
    number16(type)
    number16(changes.class ?? 1)
    bytes.push(0, 0, 0, 60, 0, 0)
    const from = bytes.length
    return () => {
      const length = bytes.length - from
      bytes[from - 2] = length >> 8
      bytes[from - 1] = length & 255
    }
  }

  function writeName(of: string): void {
    for (let rest = of; rest !== ''; ) {
      const place = places.get(rest)
      if (place !== undefined && compressed) {
        number16(0xc000 | place)
        return
      }
      if (bytes.length < 0x4000) places.set(rest, bytes.length)
      const dot = rest.indexOf('.')
      const label = dot === -1 ? rest : rest.slice(0, dot)
      bytes.push(label.length, ...Buffer.from(label, 'latin1'))
      rest = dot === -1 ? '' : rest.slice(dot + 1)
    }
    bytes.push(0)
  }
}

/** As it goes over TCP (RFC 7766 §8). */
export function framedDns(message: Uint8Array): Uint8Array {
  return Uint8Array.of(message.length >> 8, message.length & 255, ...message)
}

/** Of IPv6 the forms with one `::` and no dots. */
function addressBytes(ip: string): readonly number[] {
  if (!ip.includes(':')) return ip.split('.').map(Number)
  const [front = '', back = ''] = ip.split('::')
  const head = groupsOf(front)
  const tail = groupsOf(back)
  const zeros = Array.from({ length: 16 - head.length - tail.length }, () => 0)
  return [...head, ...zeros, ...tail]
}

function groupsOf(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}
