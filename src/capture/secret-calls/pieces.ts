import { Buffer } from 'node:buffer'
import { read, readSync } from 'node:fs'
import { promisify } from 'node:util'

const readLater = promisify(read)

const PIECE_BYTES = 1 << 20

/** Longer than any pattern with what is looked at around it, so that none is missed between two pieces. */
const OVERLAP_BYTES = 128

/** One buffer for all searches: they are synchronous and never nested. */
const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)

/**
 * Reads `length` bytes at `offset` in overlapping pieces. What `visit` gets is overwritten by the next piece;
 * `pieceOffset` is its place in the file. Ends quietly where the file ends; throws what `readSync` throws.
 */
export function eachPiece(
  fd: number,
  offset: number,
  length: number,
  visit: (bytes: Buffer, pieceOffset: number) => void,
): void {
  const end = offset + length
  let from = offset
  while (from < end) {
    const filled = readFully(fd, piece, from, Math.min(PIECE_BYTES, end - from))
    if (filled > 0) visit(piece.subarray(0, filled), from)
    if (filled < PIECE_BYTES) return
    from += PIECE_BYTES - OVERLAP_BYTES
  }
}

/** Reads up to `length` bytes at `offset` into the start of `into`; gives how many there were. */
export function readFully(fd: number, into: Buffer, offset: number, length: number): number {
  let filled = 0
  while (filled < length) {
    const got = readSync(fd, into, filled, length - filled, offset + filled)
    if (got === 0) break
    filled += got
  }
  return filled
}

/**
 * Reads a file through without waiting for it here, so that a search right afterwards finds it in memory:
 * from a cold disk 100 MB take a second. Errors are left to the search.
 */
export async function readAhead(fd: number, sizeBytes: number): Promise<void> {
  const ignored = Buffer.allocUnsafeSlow(PIECE_BYTES)
  try {
    for (let from = 0; from < sizeBytes; from += PIECE_BYTES) {
      const { bytesRead } = await readLater(fd, ignored, 0, PIECE_BYTES, from)
      if (bytesRead === 0) return
    }
  } catch {
    return
  }
}
