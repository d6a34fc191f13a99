import { expect, test } from 'vitest'
import { sampleBody } from '../../test/support/sample-exchange.ts'
import { bodyFields, bodyText, partWords } from './body-text.ts'
import { LargeBodies } from './large-bodies.ts'

const defined = (fields: object) => JSON.parse(JSON.stringify(fields))

test('text stands as it is', () => {
  expect(defined(bodyFields(sampleBody('{"größe":"✓"}'), new LargeBodies()))).toEqual({
    body: '{"größe":"✓"}',
  })
})

test('what is not UTF-8 stands in base64', () => {
  const bytes = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)
  expect(defined(bodyFields(sampleBody(bytes), new LargeBodies()))).toEqual({
    body: '/9j/4A==',
    body_encoding: 'base64',
  })
})

test('a cut body gives both lengths and the digest of the whole', () => {
  const body = sampleBody('abc', { truncated: true, decodedBytes: 5_000_000, sha256: 'f'.repeat(64) })
  expect(defined(bodyFields(body, new LargeBodies()))).toEqual({
    body: 'abc',
    body_truncated: { kept_bytes: 3, original_bytes: 5_000_000 },
    body_sha256: 'f'.repeat(64),
  })
})

test('a cut body whose coding hides its length gives the length on the wire', () => {
  const body = sampleBody('abc', { truncated: true, wireBytes: 70_000, decodedBytes: 3 })
  expect(defined(bodyFields(body, new LargeBodies())).body_truncated).toEqual({
    kept_bytes: 3,
    wire_bytes: 70_000,
  })
})

test('a body of which nobody knows the length says how much passed at least', () => {
  const body = sampleBody('abc', { missing: true, lengthKnown: false, wireBytes: 900, decodedBytes: 900 })
  expect(defined(bodyFields(body, new LargeBodies())).body_truncated).toEqual({
    kept_bytes: 3,
    seen_bytes: 900,
  })
})

test.each([
  [{ truncated: true, decodedBytes: 22 }, '3 of 22 bytes'],
  [{ truncated: true, wireBytes: 9, decodedBytes: 3 }, '3 bytes, of 9 as they passed'],
  [{ missing: true, lengthKnown: false, wireBytes: 9 }, '3 of at least 9 bytes'],
  [{}, undefined],
])('of a body with %j a person reads %j', (changes, words) => {
  expect(partWords(sampleBody('abc', changes))).toBe(words)
})

test.each([
  [1, 'ab'],
  [2, 'ab'],
  [3, 'ab'],
  [4, 'ab😀'],
])('of a text cut after %i bytes of its last character, %j is kept', (bytesOfLast, kept) => {
  const bytes = new TextEncoder().encode('ab😀').subarray(0, 2 + bytesOfLast)
  const body = sampleBody(bytes, { truncated: true, decodedBytes: 100 })
  expect(bodyFields(body, new LargeBodies())).toMatchObject({
    body: kept,
    body_encoding: undefined,
    body_truncated: { kept_bytes: Buffer.byteLength(kept), original_bytes: 100 },
  })
})

test('a whole body that ends within a character is not text', () => {
  expect(bodyText(sampleBody(Uint8Array.of(0x61, 0xe2, 0x82)))).toBeUndefined()
})

test('codings that are still on the body are named', () => {
  expect(
    bodyFields(sampleBody('x', { codingsLeft: ['zstd', 'br'] }), new LargeBodies()).body_content_encoding,
  ).toBe('zstd, br')
})
