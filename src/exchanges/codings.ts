import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'

/** Content with as many codings removed as could be. */
export interface Uncoded {
  readonly bytes: Uint8Array
  /** True when there is more than `bytes`, because of the limit. */
  readonly cut: boolean
  /** As the header listed them. */
  readonly codingsLeft: readonly string[]
}

/** More codings than this are left on: nobody sends them but to waste our time. */
const CODINGS_MAX = 4
/** Tries to find how much of the input gives the wanted output; enough to halve 64 MiB down to a byte. */
const BEGINNING_TRIES_MAX = 32
/** The first of them guess from what came before: on ordinary content one or two are enough. */
const GUESSES_MAX = 6
/** Output past the wanted length that a try may give, at least; a quarter of the wanted length if more. */
const SPARE_BYTES_MIN = 8 * 1024
/**
 * The most that one byte of input adds to the output: a whole meta-block of brotli (RFC 7932 §9.2). A block
 * of zstd is 128 KiB (RFC 8878 §3.1.1.2.4), and a byte of deflate makes 1,032.
 */
const LEAP_BYTES_MAX = 16 * 1024 * 1024

type Remove = (coded: Uint8Array, bytesMax: number) => Uint8Array

const REMOVERS: Readonly<Record<string, Remove>> = {
  gzip: removeGzip,
  'x-gzip': removeGzip,
  deflate: removeDeflate,
  br: (coded, maxOutputLength) =>
    brotliDecompressSync(coded, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: removeZstd,
}

/** Of the `Content-Encoding` fields, in the order they were applied (RFC 9110 §8.4). */
export function contentCodings(values: readonly string[]): string[] {
  return values
    .join(',')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
}

/**
 * Removes content codings, the last applied first. Input that ends early gives what it holds.
 * Output stops at `bytesMax` at the latest; broken data and unknown codings stay as they are.
 */
export function removeCodings(coded: Uint8Array, codings: readonly string[], bytesMax: number): Uncoded {
  if (coded.length === 0) return { bytes: coded, cut: false, codingsLeft: [] }
  if (codings.length > CODINGS_MAX) return { bytes: coded, cut: false, codingsLeft: codings }
  let bytes = coded
  let cut = false
  for (let left = codings.length; left > 0; left -= 1) {
    const remove = REMOVERS[codings[left - 1] ?? '']
    const removed = remove === undefined ? undefined : removeOne(remove, bytes, bytesMax)
    if (removed === undefined) return { bytes, cut, codingsLeft: codings.slice(0, left) }
    bytes = removed.bytes
    cut ||= removed.cut
  }
  return { bytes, cut, codingsLeft: [] }
}

/** Undefined when the data is broken. */
function removeOne(
  remove: Remove,
  coded: Uint8Array,
  bytesMax: number,
): { bytes: Uint8Array; cut: boolean } | undefined {
  const roomBytes = bytesMax + Math.max(SPARE_BYTES_MIN, bytesMax >>> 2)
  const whole = attempt(remove, coded, roomBytes)
  if (whole === 'broken') return undefined
  if (whole === 'too much') return { bytes: beginning(remove, coded, bytesMax, roomBytes), cut: true }
  if (whole.length <= bytesMax) return { bytes: whole, cut: false }
  return { bytes: whole.slice(0, bytesMax), cut: true }
}

/**
 * The first `bytesMax` bytes of the output. node:zlib gives nothing of an output over its limit, and does not
 * work in steps without a callback, so this searches for an input whose output is long enough and still fits
 * `roomBytes`. At most 32 tries hold and write at most that much; the last, which only brotli needs, 16 MiB
 * more.
 */
function beginning(remove: Remove, coded: Uint8Array, bytesMax: number, roomBytes: number): Uint8Array {
  const wantedBytes = (bytesMax + roomBytes) / 2
  let best: Uint8Array = new Uint8Array(0)
  let short = 0
  let long = coded.length
  for (let tries = 1; tries <= BEGINNING_TRIES_MAX && long - short > 1; tries += 1) {
    const guess = likelyLength(short, best.length, wantedBytes)
    const guesses = tries <= GUESSES_MAX && guess < long
    const length = guesses ? Math.max(short + 1, guess) : between(short, long)
    const removed = attempt(remove, coded.subarray(0, length), roomBytes)
    if (removed === 'too much' || removed === 'broken') {
      long = length
    } else if (removed.length >= bytesMax) {
      return removed.slice(0, bytesMax)
    } else {
      short = length
      best = removed
    }
  }
  if (long - short > 1) return best
  const leapt = attempt(remove, coded.subarray(0, long), bytesMax + LEAP_BYTES_MAX)
  return typeof leapt === 'string' ? best : leapt.slice(0, bytesMax)
}

/** How much input gives `wanted` output when it goes on as it did up to `length`, which gave `given`. */
function likelyLength(length: number, given: number, wanted: number): number {
  return Math.round(given === 0 ? length * 8 + wanted / 1024 : (length * wanted) / given)
}

/** Halves the distance; where the ends are far apart, that of their logarithms. */
function between(short: number, long: number): number {
  const middle = long > short * 4 ? Math.sqrt(Math.max(1, short) * long) : (short + long) / 2
  return Math.min(long - 1, Math.max(short + 1, Math.round(middle)))
}

function attempt(remove: Remove, coded: Uint8Array, bytesMax: number): Uint8Array | 'too much' | 'broken' {
  try {
    const { buffer, byteOffset, length } = remove(coded, Math.max(1, bytesMax))
    return new Uint8Array(buffer, byteOffset, length)
  } catch (error) {
    return isTooMuch(error) ? 'too much' : 'broken'
  }
}

function isTooMuch(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

/** RFC 9659 §3: a window of 8 MiB at most, which is what a decoder has to set aside. */
const ZSTD_WINDOW_LOG_MAX = 23

function removeZstd(coded: Uint8Array, maxOutputLength: number): Uint8Array {
  return zstdDecompressSync(coded, {
    maxOutputLength,
    finishFlush: constants.ZSTD_e_flush,
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
  })
}

function removeGzip(coded: Uint8Array, maxOutputLength: number): Uint8Array {
  return gunzipSync(coded, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH })
}

/** RFC 9110 §8.4.1.2 means the zlib format; some servers send raw deflate instead. */
function removeDeflate(coded: Uint8Array, maxOutputLength: number): Uint8Array {
  const options = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH }
  const [first = 0, second = 0] = coded
  const isZlib = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
  if (!isZlib) return inflateRawSync(coded, options)
  try {
    return inflateSync(coded, options)
  } catch (error) {
    if (isTooMuch(error)) throw error
    return inflateRawSync(coded, options)
  }
}
