import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deflated } from '../../../test/support/websocket-frames.ts'
import { openShare } from '../decoder.ts'
import { forget, inflate, inflateBeginning, openContext } from './inflate.ts'

const WINDOW = 32_768
const HELLO = Buffer.from('Hello')

test.each([
  ['§7.2.3.1 one block', ['f248cdc9c90700', 'f248cdc9c90700']],
  ['§7.2.3.2 sharing the window', ['f248cdc9c90700', 'f200110000']],
  ['§7.2.3.3 no compression', ['000500faff48656c6c6f00']],
  ['§7.2.3.4 a final block', ['f348cdc9c9070000']],
  ['§7.2.3.5 two blocks', ['f24805000000ffffcac9c90700']],
])('RFC 7692 %s', (_, coded) => {
  const context = openContext(WINDOW)
  for (const hex of coded) {
    const { bytes, cut } = inflate(context, openShare(), Buffer.from(hex, 'hex'))
    expect([Buffer.from(bytes).toString(), cut]).toEqual(['Hello', false])
  }
})

test('RFC 7692 §7.2.3.6: an empty message', () => {
  for (const hex of ['00', '']) {
    const { bytes, cut } = inflate(openContext(WINDOW), openShare(), Buffer.from(hex, 'hex'))
    expect([bytes.length, cut]).toEqual([0, false])
  }
})

test('a message in several deflate streams', () => {
  const streams = (count: number) => Buffer.concat(Array.from({ length: count }, () => deflateRawSync(HELLO)))
  const whole = inflate(openContext(WINDOW), openShare(), streams(10))
  expect([Buffer.from(whole.bytes).toString(), whole.cut]).toEqual(['Hello'.repeat(10), false])
  const tooMany = inflate(openContext(WINDOW), openShare(), streams(100))
  expect([Buffer.from(tooMany.bytes).toString(), tooMany.cut]).toEqual(['Hello'.repeat(16), true])
})

test('a bomb gives a beginning, and what was in front of it is forgotten', () => {
  const share = openShare()
  const context = openContext(WINDOW)
  const zeros = Buffer.alloc(20_000_000)
  const { bytes, cut } = inflate(context, share, deflated(zeros))
  expect(cut).toBe(true)
  expect(bytes.length).toBeGreaterThan(1_000_000)
  expect(bytes.length).toBeLessThan(8_400_000)
  expect(zeros.subarray(0, bytes.length).equals(bytes)).toBe(true)
  expect([context.length, share.heldBytes]).toEqual([0, 0])
})

test('broken data gives nothing', () => {
  expect(inflate(openContext(WINDOW), openShare(), Buffer.from('ffffff', 'hex'))).toMatchObject({
    bytes: new Uint8Array(0),
    cut: true,
  })
})

test('the context is bounded, counted and given back', () => {
  const share = openShare(1_000)
  const context = openContext(WINDOW)
  expect(inflate(context, share, deflated(Buffer.alloc(300))).cut).toBe(false)
  expect(share.heldBytes).toBeGreaterThanOrEqual(300)
  expect(inflate(context, share, deflated(Buffer.alloc(900))).cut).toBe(false)
  expect([context.length, share.heldBytes]).toEqual([0, 0])
  forget(context, share)
  expect(share.heldBytes).toBe(0)
})

test('whatever is lost, what comes out is what was put in, or its beginning, or nothing', () => {
  const words = fc.constantFrom('alpha ', 'beta ', 'gamma ', 'delta ', 'x', 'yz'.repeat(400))
  const content = fc.array(words, { maxLength: 60 }).map((list) => Buffer.from(list.join('')))
  const fate = fc.constantFrom('whole', 'whole', 'whole', 'beginning', 'lost')
  let wholeAfterLoss = 0
  let refused = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(content, fate, fc.nat(100)), { maxLength: 12 }),
      fc.constantFrom(0, 512, 4096, WINDOW),
      (messages, contextBytes) => {
        const share = openShare()
        const context = openContext(contextBytes)
        let before = Buffer.alloc(0)
        let lossSeen = false
        for (const [message, what, percent] of messages) {
          const coded = deflated(message, before)
          if (contextBytes > 0) before = Buffer.concat([before, message]).subarray(-contextBytes)
          if (what === 'lost') {
            forget(context, share)
            lossSeen = true
            continue
          }
          if (what === 'beginning') {
            const part = coded.subarray(0, Math.floor((coded.length * percent) / 100))
            const { bytes } = inflateBeginning(context, share, part)
            expect(message.subarray(0, bytes.length).equals(bytes)).toBe(true)
            lossSeen = true
            continue
          }
          const { bytes, cut } = inflate(context, share, coded)
          if (cut) {
            expect(lossSeen && contextBytes > 0 && bytes.length === 0).toBe(true)
            refused += 1
          } else {
            expect(message.equals(bytes)).toBe(true)
            if (lossSeen && message.length > 0) wholeAfterLoss += 1
          }
        }
        forget(context, share)
        expect(share.heldBytes).toBe(0)
      },
    ),
    { numRuns: 1000 },
  )
  expect(refused).toBeGreaterThan(100)
  expect(wholeAfterLoss).toBeGreaterThan(100)
})
