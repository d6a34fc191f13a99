import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { removeCodings } from '../../../src/exchanges/codings.ts'
import { Finding } from '../finding.ts'
import { allBytes, hashOf, type Input, oneChunk } from '../input.ts'
import type { Target } from '../target.ts'

const CODINGS: readonly (readonly string[])[] = [
  ['gzip'],
  ['deflate'],
  ['br'],
  ['zstd'],
  ['gzip', 'br'],
  ['zstd', 'x-gzip', 'deflate'],
  ['unknown', 'gzip'],
]
const BYTES_MAX = [1, 16, 1000, 100_000] as const

/** The variant says which codings are removed; the bytes are the content. */
export const codings: Target = {
  covers: /^src\/exchanges\/codings\.ts$/,
  variants: CODINGS.length,
  plain: true,
  tokens: [
    Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
    Uint8Array.of(0x78, 0x9c),
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
    gzipSync('a member of its own'),
    gzipSync(new Uint8Array(100_000)),
    zstdCompressSync(new Uint8Array(100_000)),
    brotliCompressSync(new Uint8Array(100_000)),
    Uint8Array.of(0, 0, 0, 0xff, 0xff),
  ],
  seeds: async () => {
    const text = Buffer.from('the same words again and again, '.repeat(40))
    const noise = Buffer.from(Array.from({ length: 700 }, (_, at) => (at * 7919) >> 3))
    return [text, noise, new Uint8Array(200_000), new Uint8Array(0)].flatMap((content) => [
      oneChunk(gzipSync(content), 0),
      oneChunk(deflateSync(content), 1),
      oneChunk(deflateRawSync(content), 1),
      oneChunk(brotliCompressSync(content), 2),
      oneChunk(zstdCompressSync(content), 3),
      oneChunk(brotliCompressSync(gzipSync(content)), 4),
      oneChunk(deflateSync(gzipSync(zstdCompressSync(content))), 5),
      oneChunk(gzipSync(content), 6),
    ])
  },
  feed: (input) => void removeCodings(allBytes(input), CODINGS[input.variant] ?? [], 100_000),
  check,
}

/** Never more than the limit, and with a smaller limit the beginning of what a larger one gives. */
function check(input: Input, traits: Set<string>): void {
  const coded = allBytes(input)
  const names = CODINGS[input.variant] ?? []
  const whole = removeCodings(coded, names, BYTES_MAX[3])
  const bytesMax = BYTES_MAX[hashOf(input) % 3] ?? 1
  const less = removeCodings(coded, names, bytesMax)
  for (const [given, max] of [
    [whole, BYTES_MAX[3]],
    [less, bytesMax],
  ] as const) {
    if (given.codingsLeft.length < names.length && given.bytes.length > max)
      throw new Finding('past the limit', `${given.bytes.length} of ${max} bytes`)
  }
  traits.add(
    `${input.variant} ${whole.codingsLeft.length} ${whole.cut} ${less.codingsLeft.length} ${less.cut}`,
  )
  // One coding alone: with several a smaller limit cuts between them.
  if (names.length > 1 || whole.codingsLeft.length > 0 || less.codingsLeft.length > 0) return
  if (!Buffer.from(whole.bytes).subarray(0, less.bytes.length).equals(less.bytes))
    throw new Finding('not the beginning', `${less.bytes.length} of ${whole.bytes.length} bytes`)
  if (whole.bytes.length > bytesMax && !less.cut)
    throw new Finding('cut and not said', `${less.bytes.length} of ${whole.bytes.length} bytes`)
}
