/** Text of a 16-byte address: dotted for `::ffff:a.b.c.d`, else as RFC 5952 recommends. */
export function ipText(address: Uint8Array): string {
  if (isMapped(address)) return `${address[12]}.${address[13]}.${address[14]}.${address[15]}`
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((address[index * 2] ?? 0) << 8) | (address[index * 2 + 1] ?? 0),
  )
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.map(hex).join(':')
  return `${groups.slice(0, start).map(hex).join(':')}::${groups
    .slice(start + length)
    .map(hex)
    .join(':')}`
}

function isMapped(address: Uint8Array): boolean {
  for (let index = 0; index < 10; index += 1) if (address[index] !== 0) return false
  return address[10] === 0xff && address[11] === 0xff
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < 8; start += 1) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length += 1
    if (length > best.length) best = { start, length }
  }
  return best
}

function hex(group: number): string {
  return group.toString(16)
}
