import { Buffer } from 'node:buffer'

/** Addresses that lie so near each other that the upper halves of their distances differ by one at most. */
export interface AddressCluster {
  readonly base: number
  readonly addresses: ReadonlySet<number>
}

const SPAN = 0x10000
const needle = Buffer.alloc(2)

/** Groups addresses so that each group is searched for at once. */
export function clusterAddresses(addresses: Iterable<number>): AddressCluster[] {
  const clusters: { base: number; addresses: Set<number> }[] = []
  for (const address of [...addresses].toSorted((a, b) => a - b)) {
    const last = clusters.at(-1)
    if (last !== undefined && address - last.base < SPAN) last.addresses.add(address)
    else clusters.push({ base: address, addresses: new Set([address]) })
  }
  return clusters
}

/**
 * Finds every 4 bytes of `code` that, read as a distance from their own end, lead to one of the addresses:
 * operands of `call`, `jmp` and `lea`. `codeAddress` is the virtual address of `code[0]`.
 *
 * Within 64 KiB of code all distances to one address share their upper two bytes, so that a native search
 * for these two finds the candidates ten times as fast as a loop over the bytes.
 */
export function eachRelativeOperand(
  code: Buffer,
  codeAddress: number,
  cluster: AddressCluster,
  found: (at: number, address: number) => void,
): void {
  const last = code.length - 4
  let from = 0
  while (from <= last) {
    const distance = cluster.base - (codeAddress + from + 4)
    const upper = Math.floor(distance / SPAN)
    const until = Math.min(last, from + (distance - upper * SPAN))
    eachWithUpper(code, from, until, upper, check)
    if (cluster.addresses.size > 1) eachWithUpper(code, from, until, upper + 1, check)
    from = until + 1
  }

  function check(at: number): void {
    const address = codeAddress + at + 4 + code.readInt32LE(at)
    if (cluster.addresses.has(address)) found(at, address)
  }
}

/** Finds every 4 bytes that are one of the addresses themselves: operands of `mov`, pointers in data. */
export function eachAbsoluteOperand(
  code: Buffer,
  cluster: AddressCluster,
  found: (at: number, address: number) => void,
): void {
  const upper = Math.floor(cluster.base / SPAN)
  eachWithUpper(code, 0, code.length - 4, upper, check)
  if (cluster.addresses.size > 1) eachWithUpper(code, 0, code.length - 4, upper + 1, check)

  function check(at: number): void {
    const address = code.readUInt32LE(at)
    if (cluster.addresses.has(address)) found(at, address)
  }
}

/** Calls `check` for each position from `from` to `until` whose 4 bytes end in these two. */
function eachWithUpper(
  code: Buffer,
  from: number,
  until: number,
  upper: number,
  check: (at: number) => void,
): void {
  if (upper < -0x8000 || upper > 0xffff || until < from) return
  if (upper === 0 || upper === -1) {
    // So near, the two bytes are those of every small number: a loop costs less than a native search per hit.
    const both = upper & 0xff
    for (let at = from; at <= until; at += 1) if (code[at + 2] === both && code[at + 3] === both) check(at)
    return
  }
  needle[0] = upper
  needle[1] = upper >> 8
  const upperHalves = code.subarray(from + 2, until + 4)
  for (let at = upperHalves.indexOf(needle); at >= 0; at = upperHalves.indexOf(needle, at + 1))
    check(from + at)
}
