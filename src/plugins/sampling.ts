/** True for that share (0 to 1) of all exchanges: decided by the id alone, so it is the same in a replay. */
export function isSampled(id: string, share: number): boolean {
  if (share >= 1) return true
  return share > 0 && positionOf(id) < share
}

/** Where an id falls from 0 up to 1: evenly spread, also for ids that only count up. */
export function positionOf(id: string): number {
  // FNV-1a over the characters, then the finalizer of MurmurHash3, which drives neighbours apart.
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
