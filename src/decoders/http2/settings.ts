import { FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX } from './frames.ts'
import { type Half, otherOf, type Talk } from './talk.ts'

const SETTING_BYTES = 6
const HEADER_TABLE_SIZE = 0x1
const MAX_FRAME_SIZE = 0x5
/** Table sizes that wait for their acknowledgement; past it no size is believed. */
const UNACKNOWLEDGED_MAX = 32

/**
 * RFC 9113 §6.5: what `half` asks of the other side. A frame may be longer from now on, because the other
 * side may have read this before we did; a table may be larger only behind the acknowledgement.
 */
export function readSettings(talk: Talk, half: Half, input: Uint8Array, begin: number, end: number): void {
  const other = otherOf(talk, half)
  half.settingsSeen += 1
  for (let at = begin; at + SETTING_BYTES <= end; at += SETTING_BYTES) {
    const name = ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0)
    const value = valueAt(input, at + 2)
    if (name === HEADER_TABLE_SIZE) awaitAck(talk, other, half.settingsSeen, value)
    else if (name === MAX_FRAME_SIZE && value >= FRAME_BYTES_DEFAULT && value <= FRAME_BYTES_MAX) {
      other.frameBytesMax = Math.max(other.frameBytesMax, value)
      if (half.trialFrames === 0) other.frameBytesLikely = Math.max(other.frameBytesLikely, value)
    }
  }
}

/** RFC 9113 §6.5.3: from here on `half` encodes with what the other side asked for. */
export function readAck(half: Half): void {
  half.acksSeen += 1
  const sizes = half.tableBytesAt
  while (sizes[0] !== undefined && sizes[0].ack <= half.acksSeen) {
    half.hpack.setTableBytesMax(sizes[0].bytes)
    sizes.shift()
  }
}

/**
 * RFC 7540 §3.2.1: the settings of a client that asked for HTTP/2 by `Upgrade` stand in a field of its
 * request, and are acknowledged by the 101.
 */
export function readUpgradeSettings(talk: Talk, value: string): void {
  const payload = Buffer.from(value, 'base64url')
  readSettings(talk, talk.client, payload, 0, payload.length - (payload.length % SETTING_BYTES))
  readAck(talk.server)
}

/** More settings than are read. */
export function skipSettings(talk: Talk, half: Half): void {
  half.settingsSeen += 1
  doubtSettings(talk, half)
}

/** Settings and acknowledgements of `half` may have passed unseen: no table's size is believed any more. */
export function doubtSettings(talk: Talk, half: Half): void {
  const other = otherOf(talk, half)
  other.frameBytesMax = FRAME_BYTES_MAX
  believeAnyTable(half)
  believeAnyTable(other)
}

function awaitAck(talk: Talk, encoder: Half, ack: number, bytes: number): void {
  if (!talk.client.exact || !talk.server.exact) return
  encoder.tableBytesAt.push({ ack, bytes })
  if (encoder.tableBytesAt.length > UNACKNOWLEDGED_MAX) believeAnyTable(encoder)
}

function believeAnyTable(encoder: Half): void {
  encoder.tableBytesAt.length = 0
  encoder.hpack.setTableBytesMax(Number.POSITIVE_INFINITY)
}

function valueAt(input: Uint8Array, at: number): number {
  const high = ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0)
  return high * 0x10000 + (((input[at + 2] ?? 0) << 8) | (input[at + 3] ?? 0))
}
