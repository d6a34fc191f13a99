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
/** Tries to find how much of the input fits when all of it would give more than the limit. */
const PREFIX_TRIES_MAX = 14

type Remove = (coded: Uint8Array, bytesMax: number) => Uint8Array

const REMOVERS: Readonly<Record<string, Remove>> = {
  gzip: removeGzip,
  'x-gzip': removeGzip,
  deflate: removeDeflate,
  br: (coded, maxOutputLength) =>
    brotliDecompressSync(coded, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: (coded, maxOutputLength) =>
    zstdDecompressSync(coded, { maxOutputLength, finishFlush: constants.ZSTD_e_flush }),
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
  const whole = attempt(remove, coded, bytesMax)
  if (whole === 'broken') return undefined
  if (whole !== 'too much') return { bytes: whole, cut: false }
  return { bytes: longestPrefix(remove, coded, bytesMax), cut: true }
}

/**
 * node:zlib keeps nothing of an output over its limit, so this halves its way to an input whose output
 * fits.
 */
function longestPrefix(remove: Remove, coded: Uint8Array, bytesMax: number): Uint8Array {
  let best: Uint8Array = new Uint8Array(0)
  let fits = 0
  let exceeds = coded.length
  for (let tries = 0; tries < PREFIX_TRIES_MAX && exceeds - fits > 1; tries += 1) {
    const middle = (fits + exceeds) >>> 1
    const removed = attempt(remove, coded.subarray(0, middle), bytesMax)
    if (removed === 'too much' || removed === 'broken') {
      exceeds = middle
    } else {
      fits = middle
      best = removed
    }
    if (best.length >= bytesMax - bytesMax / 16) break
  }
  return best
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
