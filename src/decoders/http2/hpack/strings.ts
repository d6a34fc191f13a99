import { decodeHuffman, huffmanBytesMax } from './huffman.ts'
import { BROKEN, type Cursor, readInteger } from './integers.ts'

const HUFFMAN = 0x80
const LENGTH_MASK = 0x7f
/** Up to here a string is put together faster than Node's own function is called. */
const SHORT_BYTES_MAX = 8
const SCRATCH_BYTES = 64 * 1024

/** Where Huffman codes are decoded to, for all connections; nothing in it outlives a call. */
const scratch = Buffer.alloc(SCRATCH_BYTES)

/** RFC 7541 §5.2, as Latin-1 text. Undefined when the block ends first or the Huffman code is none. */
export function readString(cursor: Cursor): string | undefined {
  const { block } = cursor
  const coded = cursor.at < block.length && (block[cursor.at] ?? 0) >= HUFFMAN
  const length = readInteger(cursor, LENGTH_MASK)
  const begin = cursor.at
  const end = begin + length
  if (length === BROKEN || end > block.length) return undefined
  cursor.at = end
  if (!coded) return latin1(block, begin, end)
  const bytesMax = huffmanBytesMax(length)
  const text = bytesMax <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(bytesMax)
  const decoded = decodeHuffman(block, begin, end, text)
  return decoded === BROKEN ? undefined : latin1(text, 0, decoded)
}

function latin1(bytes: Uint8Array, begin: number, end: number): string {
  if (end - begin > SHORT_BYTES_MAX) return Buffer.prototype.toString.call(bytes, 'latin1', begin, end)
  let text = ''
  let at = begin
  for (; at + 4 <= end; at += 4) {
    text += String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0)
  }
  for (; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0)
  return text
}
