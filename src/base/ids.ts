const ALPHABET = '0123456789abcdefghijklmnopqrstuv'

/**
 * What distinguishes two agents: three bytes for the machine, two for the process, three to start counting
 * from.
 */
export interface IdSeed {
  readonly machine: number
  readonly pid: number
  readonly counter: number
}

/**
 * Makes xids (https://github.com/rs/xid): 12 bytes of time (seconds), machine, process and counter,
 * written as 20 characters of base32hex in lower case. The time is passed in, so a replay gives the same ids.
 */
export function createIds(seed: IdSeed): (atMs: number) => string {
  let counter = seed.counter
  const raw = new Uint8Array(12)
  raw[4] = seed.machine >>> 16
  raw[5] = seed.machine >>> 8
  raw[6] = seed.machine
  raw[7] = seed.pid >>> 8
  raw[8] = seed.pid
  return nextId

  function nextId(atMs: number): string {
    const seconds = Math.floor(atMs / 1000)
    counter = (counter + 1) & 0xffffff
    raw[0] = seconds >>> 24
    raw[1] = seconds >>> 16
    raw[2] = seconds >>> 8
    raw[3] = seconds
    raw[9] = counter >>> 16
    raw[10] = counter >>> 8
    raw[11] = counter
    return base32hex(raw)
  }
}

function base32hex(raw: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of raw) {
    held = ((held << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >>> bits) & 31]
    }
  }
  return text + ALPHABET[(held << (5 - bits)) & 31]
}
