import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { BodyCollector } from './body.ts'

const TEXT = Array.from({ length: 4000 }, (_, line) => `line ${line}, ${(line * 7919) % 1009}\n`).join('')

function collector(bodyBytesMax = 1 << 20): BodyCollector {
  return new BodyCollector(
    { bodyBytesMax, bodiesTotalBytesMax: 1 << 24, bodiesHeldBytes: 0, bodiesTruncated: 0 },
    true,
  )
}

test.for([
  ['gzip', gzipSync(TEXT)],
  ['deflate', deflateSync(TEXT)],
  ['br', brotliCompressSync(TEXT)],
  ['zstd', zstdCompressSync(TEXT)],
  ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
] as const)('of %s with a hole in the middle comes what stands before the hole', ([coding, coded]) => {
  const half = coded.length >>> 1
  const collected = collector()
  collected.add(coded.subarray(0, half))
  collected.skip(10)
  collected.add(coded.subarray(half + 10))
  const body = collected.finish([coding])
  const text = Buffer.from(body.bytes).toString()
  expect(TEXT.startsWith(text)).toBe(true)
  expect(text.length).toBeLessThan(TEXT.length)
  expect(body).toMatchObject({ missing: true, lengthKnown: true, wireBytes: coded.length, codingsLeft: [] })
  expect(body.sha256).toBeUndefined()
})

test('a coding whose very beginning is missing gives nothing', () => {
  const collected = collector()
  collected.skip(100)
  collected.add(gzipSync(TEXT).subarray(100))
  expect(collected.finish(['gzip']).bytes.length).toBe(0)
})

test('a hole that nobody measured leaves the length open', () => {
  const collected = collector()
  collected.add(Buffer.from('abc'))
  collected.skip(undefined)
  expect(collected.finish([])).toMatchObject({ missing: true, lengthKnown: false, wireBytes: 3 })
})

test('coded content over both limits is cut twice and keeps its beginning', () => {
  const coded = gzipSync(TEXT)
  const collected = collector(5000)
  expect(coded.length).toBeGreaterThan(5000)
  collected.add(coded)
  const body = collected.finish(['gzip'])
  expect(Buffer.from(body.bytes).toString()).toBe(TEXT.slice(0, 5000))
  expect(body).toMatchObject({ truncated: true, wireBytes: coded.length })
})
