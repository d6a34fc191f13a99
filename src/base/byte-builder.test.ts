import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteBuilder, releaseBytes } from './byte-builder.ts'

test('text, base64 and JSON text stand as one string would, whatever their lengths', () => {
  const text = fc
    .string({ unit: 'binary', maxLength: 300 })
    .chain((unit) => fc.nat(1_000).map((times) => unit.repeat(times)))
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 20_000 }), fc.nat(100), (words, bytes, expectedBytes) => {
      const utf8 = Buffer.from(words)
      const builder = new ByteBuilder(expectedBytes)
      builder.add('{"é":"')
      builder.addBase64(bytes)
      builder.add('","json":"')
      builder.addJsonText(utf8)
      builder.add('"}')
      const built = Buffer.from(builder.take()).toString()
      expect(JSON.parse(built)).toEqual({ é: Buffer.from(bytes).toString('base64'), json: utf8.toString() })
    }),
    { numRuns: 50 },
  )
})

test('several steps of base64 have no padding between them', () => {
  const bytes = randomBytes(200_000)
  const builder = new ByteBuilder(0)
  builder.addBase64(bytes)
  expect(Buffer.from(builder.take()).toString()).toBe(bytes.toString('base64'))
})

test('large bytes are gone once released, small ones stay', () => {
  const [large, small] = [new Uint8Array(1 << 20), new Uint8Array(16)]
  releaseBytes(large)
  releaseBytes(small)
  expect([large.length, small.length]).toEqual([0, 16])
})
