import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteStream } from './byte-stream.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const bytesOf = (value: string): Uint8Array => Buffer.from(value, 'latin1')

function collect(): { sink: { bytes(bytes: Uint8Array): void; gap(missing: number): void }; log: string[] } {
  const log: string[] = []
  return {
    log,
    sink: { bytes: (bytes) => void log.push(text(bytes)), gap: (missing) => void log.push(`<${missing}>`) },
  }
}

test('bytes in order pass at once', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(0, 3, bytesOf('abc'), sink)
  stream.add(3, 2, bytesOf('de'), sink)
  expect(log).toEqual(['abc', 'de'])
  expect(stream.account).toEqual({ capturedBytes: 5, missingBytes: 0 })
})

test('what was not copied of a call is a gap of known length', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(0, 10, bytesOf('abc'), sink)
  stream.add(10, 1, bytesOf('x'), sink)
  expect(log).toEqual(['abc', '<7>', 'x'])
  expect(stream.account).toEqual({ capturedBytes: 4, missingBytes: 7 })
})

test('a call that was overtaken by one other comes out in its place', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(3, 2, bytesOf('de'), sink)
  stream.add(0, 3, bytesOf('abc'), sink)
  expect(log).toEqual(['abc', 'de'])
})

test('a jump is a gap as soon as the stream goes on behind it, or is settled', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(5, 1, bytesOf('f'), sink)
  expect(log).toEqual([])
  stream.add(6, 1, bytesOf('g'), sink)
  expect(log).toEqual(['<5>', 'f', 'g'])
  stream.add(9, 1, bytesOf('j'), sink)
  stream.settle(sink)
  expect(log).toEqual(['<5>', 'f', 'g', '<2>', 'j'])
})

test('bytes that come twice or too late are left out and counted', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(0, 4, bytesOf('abcd'), sink)
  stream.add(2, 4, bytesOf('cdef'), sink)
  stream.add(0, 2, bytesOf('ab'), sink)
  expect(log).toEqual(['abcd', 'ef'])
  expect(stream.lateBytes).toBe(4)
})

test('the end shows what never came', () => {
  const { sink, log } = collect()
  const stream = new ByteStream()
  stream.add(0, 1, bytesOf('a'), sink)
  stream.end(9, sink)
  stream.end(9, sink)
  expect(log).toEqual(['a', '<8>'])
})

test('captured and missing bytes together are always where the stream stands', () => {
  const chunk = fc.record({
    position: fc.nat(64),
    length: fc.integer({ min: 1, max: 16 }),
    captured: fc.nat(16),
  })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 40 }), (chunks) => {
      const stream = new ByteStream()
      let out = ''
      const sink = {
        bytes(bytes: Uint8Array) {
          out += text(bytes)
        },
        gap(missing: number) {
          out += '?'.repeat(missing)
        },
      }
      const whole = Array.from({ length: 96 }, (_, index) => String.fromCharCode(33 + index)).join('')
      for (const { position, length, captured } of chunks)
        stream.add(
          position,
          length,
          bytesOf(whole.slice(position, position + Math.min(length, captured))),
          sink,
        )
      stream.end(90, sink)
      expect(stream.account.capturedBytes + stream.account.missingBytes).toBe(out.length)
      expect(out.length).toBe(90)
      for (const [index, letter] of out.split('').entries()) expect([whole[index], '?']).toContain(letter)
    }),
    { numRuns: 500 },
  )
})
