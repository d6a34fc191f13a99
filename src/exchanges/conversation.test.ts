import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Side } from '../connections/index.ts'
import type { Message, PieceType } from '../decoders/index.ts'
import { ConversationCollector, type ConversationShare, openConversation } from './conversation.ts'

type Piece = Extract<Message, { kind: 'piece' }>

const OVERHEAD = 256

function shareOf(bodyBytesMax: number, bodiesTotalBytesMax = 1 << 20): ConversationShare {
  return {
    bodyBytesMax,
    bodiesTotalBytesMax,
    bodiesHeldBytes: 0,
    bodiesTruncated: 0,
    conversationsHeldBytes: 0,
  }
}

function piece(from: Side, type: PieceType, text: string, marks: Partial<Piece> = {}): Piece {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'))
  return {
    kind: 'piece',
    streamId: 1,
    from,
    type,
    bytes,
    wireBytes: bytes.length,
    ends: true,
    cut: false,
    ...marks,
  }
}

function heardBy(share: ConversationShare, pieces: readonly Piece[], keeps = true) {
  const collector = new ConversationCollector(share, keeps)
  for (const [at, one] of pieces.entries()) collector.add(at, one)
  const conversation = collector.finish()
  expect([share.bodiesHeldBytes, share.conversationsHeldBytes]).toEqual([0, 0])
  return conversation
}

function words({ messages }: { messages: readonly { bytes: Uint8Array }[] }): string[] {
  return messages.map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
}

test('only protocols that converse have a conversation', () => {
  expect(openConversation('http1', shareOf(9), true)).toBeUndefined()
  expect(openConversation('websocket', shareOf(9), true)).toBeInstanceOf(ConversationCollector)
})

test('messages are put together, each side by itself, in the order they began', () => {
  const conversation = heardBy(shareOf(10_000), [
    piece('client', 'text', 'he', { ends: false }),
    piece('server', 'binary', 'one', { wireBytes: 9 }),
    piece('client', 'ping', 'x'),
    piece('client', 'text', 'llo', { ends: false }),
    piece('server', 'text', ''),
    piece('client', 'text', ''),
  ])
  expect(conversation).toMatchObject({
    client: { messages: 1, bytes: 5, controls: 1, missed: false },
    server: { messages: 2, bytes: 9, controls: 0, missed: false },
    close: undefined,
    truncated: false,
  })
  expect(words(conversation)).toEqual(['hello', 'one', ''])
  expect(conversation.messages).toMatchObject([
    { from: 'client', type: 'text', at: 0, length: 5, wireBytes: 5, truncated: false },
    { from: 'server', type: 'binary', at: 1, length: 3, wireBytes: 9, truncated: false },
    { from: 'server', type: 'text', at: 4, length: 0 },
  ])
})

test.each([
  ['\u0003\u00e8bye', { from: 'server', code: 1000, reason: 'bye' }],
  ['', { from: 'server', code: undefined, reason: '' }],
  ['\u0003', { from: 'server', code: undefined, reason: '' }],
])('the first Close is the one that is told: case %#', (content, close) => {
  const pieces = [piece('server', 'close', content), piece('client', 'close', '\u000f\u00a0')]
  expect(heardBy(shareOf(999), pieces)).toMatchObject({ close, client: { controls: 1, messages: 0 } })
})

test('past the limit the beginning is kept, and what follows is counted', () => {
  const share = shareOf(OVERHEAD * 2 + 7)
  const conversation = heardBy(share, [
    piece('client', 'text', 'first'),
    piece('server', 'text', 'second', { ends: false }),
    piece('server', 'text', '!'),
    piece('client', 'text', 'x'),
  ])
  expect(words(conversation)).toEqual(['first', 'se'])
  expect(conversation.messages[1]).toMatchObject({ length: 7, truncated: true })
  expect(conversation).toMatchObject({
    truncated: true,
    client: { messages: 2 },
    server: { messages: 1, bytes: 7 },
  })
  expect(share.bodiesTruncated).toBe(1)
})

test('a message of which something passed unseen, or was not read, is kept up to there', () => {
  const collector = new ConversationCollector(shareOf(10_000), true)
  collector.add(0, piece('client', 'text', 'abc', { ends: false }))
  collector.miss('client', 4)
  collector.add(1, piece('client', 'text', 'hij'))
  collector.add(2, piece('server', 'text', 'beginning', { cut: true, wireBytes: 500 }))
  collector.miss('server', undefined)
  collector.add(3, piece('server', 'text', 'never ends', { ends: false }))
  const conversation = collector.finish()
  expect(words(conversation)).toEqual(['abc', 'beginning', 'never ends'])
  expect(conversation.messages.map(({ truncated, length }) => [truncated, length])).toEqual([
    [true, undefined],
    [true, undefined],
    [true, undefined],
  ])
  expect(conversation).toMatchObject({
    truncated: true,
    client: { bytes: 10, missed: false },
    server: { missed: true },
  })
})

test('who closed first is not said when the other side may have done so unseen', () => {
  const closes = [piece('server', 'close', '\x03\xe8bye'), piece('client', 'close', '\x03\xe8')]
  expect(heardBy(shareOf(9), closes).close).toEqual({ from: 'server', code: 1000, reason: 'bye' })
  for (const [side, bytes, from] of [
    ['client', undefined, undefined],
    // Content of a message that is known: no Close is in it.
    ['client', 7, 'server'],
    ['server', undefined, 'server'],
  ] as const) {
    const collector = new ConversationCollector(shareOf(9), true)
    collector.miss(side, bytes)
    for (const close of closes) collector.add(0, close)
    expect(collector.finish().close).toEqual({ from, code: 1000, reason: 'bye' })
  }
})

test('what nobody wants is counted, and nothing is said to be cut', () => {
  const pieces = [piece('client', 'text', 'abc'), piece('client', 'text', '', { wireBytes: 90, cut: true })]
  const conversation = heardBy(shareOf(10_000), pieces, false)
  expect(conversation).toMatchObject({ client: { messages: 2, bytes: 93 }, messages: [], truncated: false })
})

test('conversations leave half of the room to bodies', () => {
  const share = shareOf(10_000, 4_000)
  const kept = [1, 2, 3].map(() => {
    const collector = new ConversationCollector(share, true)
    collector.add(0, piece('client', 'text', 'x'.repeat(1_400)))
    expect(share.bodiesHeldBytes).toBeLessThanOrEqual(2_000)
    return collector
  })
  expect(kept.map((one) => one.finish().messages[0]?.bytes.length)).toEqual([1_400, 0, undefined])
  expect([share.bodiesHeldBytes, share.conversationsHeldBytes]).toEqual([0, 0])
})

test('whatever is said, no bound is passed, and all is given back', () => {
  const said = fc.record({
    from: fc.constantFrom('client' as const, 'server' as const),
    type: fc.constantFrom('text' as const, 'binary' as const, 'ping' as const, 'close' as const),
    text: fc.string({ maxLength: 400 }),
    ends: fc.boolean(),
    cut: fc.boolean(),
    hole: fc.option(fc.nat(9), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      fc.array(said, { maxLength: 60 }),
      fc.nat(3_000),
      fc.nat(6_000),
      (all, bytesMax, totalMax) => {
        const share = shareOf(bytesMax, totalMax)
        const collector = new ConversationCollector(share, true)
        for (const [at, { from, type, text, ends, cut, hole }] of all.entries()) {
          collector.add(at, piece(from, type, text, { ends, cut }))
          if (hole !== undefined) collector.miss(from, hole)
          expect(share.bodiesHeldBytes).toBeLessThanOrEqual(Math.min(bytesMax, totalMax / 2))
        }
        const { messages } = collector.finish()
        expect(messages.every(({ length, bytes }) => length === undefined || bytes.length <= length)).toBe(
          true,
        )
        expect([share.bodiesHeldBytes, share.conversationsHeldBytes]).toEqual([0, 0])
      },
    ),
    { numRuns: 500 },
  )
})
