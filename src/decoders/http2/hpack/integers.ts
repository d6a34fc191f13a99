/** Where one reads in a header block. */
export interface Cursor {
  block: Uint8Array
  at: number
}

/** What no integer and no length is: the block is not HPACK. */
export const BROKEN = -1

/** SETTINGS and table sizes are numbers of 32 bits (RFC 9113 §6.5.1), and all others are smaller. */
const INTEGER_MAX = 0xffff_ffff
/** So many bytes behind the first hold 32 bits; more could only be zeros that carry nothing. */
const MORE_BYTES_MAX = 5

/**
 * RFC 7541 §5.1. `mask` has the bits of the prefix, in the byte at the cursor. Gives `BROKEN` for an integer
 * that the block's end cuts off or that is larger than any that HTTP/2 knows.
 */
export function readInteger(cursor: Cursor, mask: number): number {
  const { block } = cursor
  if (cursor.at >= block.length) return BROKEN
  const prefix = (block[cursor.at] ?? 0) & mask
  cursor.at += 1
  return prefix < mask ? prefix : readMore(cursor, mask)
}

function readMore(cursor: Cursor, prefix: number): number {
  const { block } = cursor
  const end = Math.min(block.length, cursor.at + MORE_BYTES_MAX)
  let value = prefix
  let weight = 1
  while (cursor.at < end) {
    const byte = block[cursor.at] ?? 0
    cursor.at += 1
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return value <= INTEGER_MAX ? value : BROKEN
    weight *= 128
  }
  return BROKEN
}
