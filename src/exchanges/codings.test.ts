import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentCodings, removeCodings } from './codings.ts'

type Compress = (content: Uint8Array) => Uint8Array

const COMPRESSORS: Readonly<Record<string, Compress>> = {
  gzip: (content) => gzipSync(content),
  deflate: (content) => deflateSync(content),
  'raw deflate': (content) => deflateRawSync(content),
  br: (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (content) => zstdCompressSync(content),
}
const WORDS = Object.keys(COMPRESSORS)
const ROOMY = 1 << 20
const MIB = 1 << 20

/** Content that compresses a little, much, and not at all, by turns. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.nat(300)).map(([bytes, times]) => repeated(bytes, times)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

const stack = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 })

test('any beginning of coded content gives a beginning of the content, whatever the codings', () => {
  fc.assert(
    fc.property(content, stack, fc.double({ min: 0, max: 1, noNaN: true }), (plain, words, share) => {
      const coded = encoded(plain, words)
      const length = Math.round(coded.length * share)
      const removed = removeCodings(coded.subarray(0, length), codingsOf(words), ROOMY)
      expect(removed.codingsLeft).toEqual([])
      expect(removed.cut).toBe(false)
      expectBeginning(removed.bytes, plain)
      if (length === coded.length) expect(removed.bytes.length).toBe(plain.length)
    }),
    { numRuns: 300 },
  )
})

test('every single length of coded content gives a beginning', () => {
  const plain = Buffer.from(
    JSON.stringify(Array.from({ length: 60 }, (_, id) => ({ id, name: `item ${id}` }))),
  )
  for (const word of WORDS) {
    const coded = encoded(plain, [word])
    for (let length = 0; length <= coded.length; length += 1) {
      const { bytes, codingsLeft } = removeCodings(coded.subarray(0, length), codingsOf([word]), ROOMY)
      expect(codingsLeft).toEqual([])
      expectBeginning(bytes, plain)
    }
  }
})

test('content over the limit gives exactly its first bytes up to the limit', () => {
  fc.assert(
    fc.property(content, stack, fc.nat(3000), (plain, words, bytesMax) => {
      const coded = encoded(plain, words)
      const { bytes, cut } = removeCodings(coded, codingsOf(words), bytesMax)
      expectBeginning(bytes, plain)
      // An inner coding that grows past the limit itself is cut before it is removed.
      const innerFits = words.every((_, done) => encoded(plain, words.slice(0, done)).length <= bytesMax)
      if (innerFits || words.length === 1) expect(bytes.length).toBe(Math.min(plain.length, bytesMax))
      expect(cut).toBe(!words.every((_, done) => encoded(plain, words.slice(0, done)).length <= bytesMax))
    }),
    { numRuns: 300 },
  )
})

test('arbitrary bytes never throw and never grow past the limit', () => {
  const beginnings = WORDS.map((word) => encoded(Buffer.from('x'.repeat(300)), [word]))
  const noise = fc
    .tuple(fc.constantFrom(new Uint8Array(0), ...beginnings), fc.nat(40), fc.uint8Array({ maxLength: 400 }))
    .map(([start, kept, rest]) => new Uint8Array(Buffer.concat([start.subarray(0, kept), rest])))
  fc.assert(
    fc.property(noise, stack, fc.nat(500), (bytes, words, bytesMax) => {
      const removed = removeCodings(bytes, codingsOf(words), bytesMax)
      if (removed.codingsLeft.length < words.length)
        expect(removed.bytes.length).toBeLessThanOrEqual(bytesMax)
      else expect(removed.bytes).toBe(bytes)
    }),
    { numRuns: 2000 },
  )
})

const BOMBS: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['10 MiB of gzip members that hold 10 GiB', 'gzip', () => repeated(gzipSync(zeros(64)), 160)],
  ['10 MiB of deflate blocks that hold 10 GiB', 'deflate', () => repeated(flushed(zeros(64)), 160)],
  ['brotli that leaps 16 MiB in a byte', 'br', () => COMPRESSORS['br']?.(zeros(256)) ?? zeros(0)],
  ['zstd that holds 256 MiB', 'zstd', () => zstdCompressSync(zeros(256))],
  ['gzip in gzip', 'gzip, gzip', () => gzipSync(repeated(gzipSync(zeros(64)), 64))],
  ['four codings', 'gzip, br, zstd, gzip', () => encoded(zeros(64), ['gzip', 'br', 'zstd', 'gzip'])],
  ['a bomb behind what does not compress', 'br', () => encoded(noiseBefore(zeros(128)), ['br'])],
]

test.for(BOMBS)('%s: its beginning comes out in bounded time and memory', ([, codings, make]) => {
  const coded = make()
  const before = process.memoryUsage().rss
  const started = performance.now()
  const { bytes, cut, codingsLeft } = removeCodings(coded, contentCodings([codings]), 2 * MIB)
  const tookMs = performance.now() - started
  expect(codingsLeft).toEqual([])
  expect(cut).toBe(true)
  expect(bytes.length).toBe(2 * MIB)
  // A view of it would keep all that was written alive.
  expect(bytes.buffer.byteLength).toBe(2 * MIB)
  expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(100)
  // Takes 3 to 130 ms on a free machine; a try that is not bounded would take seconds.
  expect(tookMs).toBeLessThan(1000)
})

test('a window larger than RFC 9659 allows stays closed', () => {
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 }
  const coded = zstdCompressSync(zeros(64), { params })
  expect(removeCodings(coded, ['zstd'], MIB).codingsLeft).toEqual(['zstd'])
})

function encoded(plain: Uint8Array, words: readonly string[]): Uint8Array {
  return words.reduce<Uint8Array>((bytes, word) => COMPRESSORS[word]?.(bytes) ?? bytes, plain)
}

function codingsOf(words: readonly string[]): string[] {
  return words.map((word) => (word === 'raw deflate' ? 'deflate' : word))
}

function expectBeginning(bytes: Uint8Array, plain: Uint8Array): void {
  expect(Buffer.compare(bytes, plain.subarray(0, bytes.length))).toBe(0)
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from({ length: times }, () => bytes)))
}

function zeros(mebibytes: number): Uint8Array {
  return new Uint8Array(mebibytes * MIB)
}

/** Blocks that end at a byte and may be repeated, with no last one among them. */
function flushed(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH })
}

function noiseBefore(bytes: Uint8Array): Uint8Array {
  let state = 1
  const noise = Uint8Array.from({ length: 1_200_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
  return new Uint8Array(Buffer.concat([noise, bytes]))
}
