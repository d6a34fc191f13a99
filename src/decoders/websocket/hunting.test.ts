import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  deflated,
  expectedOf,
  frameBytes,
  framesOf,
  heardIn,
  KEY,
  latin1,
  SAID,
  upgrade,
} from '../../../test/support/websocket-frames.ts'
import type { Side } from '../../connections/index.ts'
import { openShare } from '../decoder.ts'
import type { Message } from '../message.ts'
import { websocket } from './decoder.ts'

type What = Uint8Array | { readonly missing: number | undefined }

const DEFLATE = 'permessage-deflate'

/** What is told of one side. */
function told(from: Side, what: readonly What[], extensions?: string): readonly Message[] {
  const decoder = websocket.open({ joinedLate: false, switched: upgrade(extensions) })
  return what
    .flatMap((one) =>
      'missing' in one ? decoder.gap(from, one.missing) : decoder.bytes(from, new Uint8Array(one)),
    )
    .slice(2)
}

function text(content: string, from: Side = 'server'): Buffer {
  return frameBytes({ opcode: 1, payload: Buffer.from(content), key: from === 'client' ? KEY : undefined })
}

function wordsOf(messages: readonly Message[]): (string | undefined)[] {
  return heardIn(messages).map(({ bytes, cut }) => latin1(bytes) + (cut ? ' (cut)' : ''))
}

test('a hole of known length inside a payload is content, and reading goes on behind it', () => {
  const frame = text('0123456789', 'client')
  const messages = told('client', [
    frame.subarray(0, 9),
    { missing: 3 },
    Buffer.concat([frame.subarray(12), text('next', 'client')]),
  ])
  expect(messages[1]).toEqual({ kind: 'missing', streamId: 1, from: 'client', bytes: 3 })
  expect(wordsOf(messages)).toEqual(['0126789', 'next'])
})

test('a hole that takes the end of a message still ends it', () => {
  const frame = text('0123456789')
  const messages = told('server', [frame.subarray(0, 5), { missing: 7 }, text('next')])
  expect(messages.filter(({ kind }) => kind === 'missing')).toMatchObject([{ bytes: 7 }])
  expect(wordsOf(messages)).toEqual(['012', 'next'])
})

test('of a ping with a hole the beginning is told of, cut', () => {
  const ping = frameBytes({ opcode: 9, payload: Buffer.from('abcdef') })
  const messages = told('server', [ping.subarray(0, 4), { missing: 2 }, ping.subarray(6), text('next')])
  expect(heardIn(messages)).toMatchObject([
    { type: 'ping', bytes: Buffer.from('ab'), wireBytes: 4, cut: true },
    { type: 'text' },
  ])
})

test('of a compressed message with a hole the beginning is told of, and no later one that needs it', () => {
  const first = Buffer.from('one two three four five six seven eight nine ten')
  const coded = [deflated(first), deflated(first, first), deflated(Buffer.from('other words'))]
  const frames = coded.map((payload) => frameBytes({ opcode: 1, payload, reserved: 4 }))
  const [one = KEY, two = KEY, three = KEY] = frames
  const messages = told(
    'server',
    [one.subarray(0, 30), { missing: 5 }, one.subarray(35), two, three],
    DEFLATE,
  )
  const heard = heardIn(messages)
  expect(heard.map(({ cut }) => cut)).toEqual([true, true, false])
  expect(first.toString().startsWith(latin1(heard[0]?.bytes ?? KEY))).toBe(true)
  expect(heard[0]?.bytes.length).toBeGreaterThan(10)
  expect(heard[1]?.bytes.length).toBe(0)
  expect(latin1(heard[2]?.bytes ?? KEY)).toBe('other words')
})

test('behind a hole of unknown length frames are found where a chunk begins; the first one only proves it', () => {
  const unknown = { missing: undefined }
  for (const from of ['client', 'server'] as const) {
    const frames = ['one', 'two', 'three'].map((word) => text(word, from))
    expect(wordsOf(told(from, [unknown, Buffer.concat(frames)]))).toEqual(['two', 'three'])
    expect(wordsOf(told(from, [unknown, ...frames]))).toEqual(['two', 'three'])
    expect(wordsOf(told(from, [unknown, Buffer.concat(frames.slice(0, 2))]))).toEqual(['two'])
    expect(wordsOf(told(from, [unknown, ...frames.slice(0, 1)]))).toEqual([])
  }
})

test('one frame that fits is not enough, nor are some that begin anywhere else', () => {
  const frames = Buffer.concat([text('one'), text('two')])
  const none = (from: Side, ...chunks: Buffer[]) =>
    told(from, [{ missing: undefined }, ...chunks]).length === 1
  expect(none('server', text('one'))).toBe(true)
  expect(none('server', Buffer.concat([frames, text('cut off').subarray(0, 4)]))).toBe(true)
  expect(none('server', Buffer.concat([Buffer.from('xx'), frames]))).toBe(true)
  expect(none('client', frames)).toBe(true)
})

test('text, zeros and noise are no frames', () => {
  const letters = Buffer.from('{"name":"value","list":[1,2,3]}AAAAAA@@@@@@'.repeat(50))
  for (const content of [letters, Buffer.alloc(3_000), Buffer.alloc(3_000, 0x81)])
    expect(told('server', [{ missing: undefined }, content, content, content], DEFLATE)).toHaveLength(1)
  let wrong = 0
  for (let round = 0; round < 3_000; round += 1)
    wrong += told('server', [{ missing: undefined }, randomBytes(500), randomBytes(500)], DEFLATE).length - 1
  expect(wrong).toBe(0)
})

test('a frame longer than what is kept serves as proof', () => {
  const long = frameBytes({ opcode: 2, payload: randomBytes(200_000) })
  const chunks = Array.from({ length: 4 }, (_, index) => long.subarray(index * 60_000, (index + 1) * 60_000))
  const share = openShare()
  const decoder = websocket.open({ joinedLate: false, share, switched: upgrade() })
  const messages = [
    ...decoder.gap('server', undefined),
    ...[...chunks, text('one'), text('two')].flatMap((chunk) => decoder.bytes('server', chunk)),
  ]
  expect(wordsOf(messages)).toEqual(['one', 'two'])
  expect(share.heldBytes).toBe(0)
})

test('a start that looks like a very long frame does not hide those behind it', () => {
  const chunks = [Buffer.from('82fe4141', 'hex'), ...['one', 'two', 'three'].map((word) => text(word))]
  expect(wordsOf(told('server', [{ missing: undefined }, ...chunks]))).toEqual(['two', 'three'])
})

test('the rest of a message whose beginning was lost is not told of', () => {
  const chunks = [
    frameBytes({ opcode: 0, payload: KEY, final: false }),
    frameBytes({ opcode: 0, payload: KEY }),
    text('whole'),
  ]
  expect(wordsOf(told('server', [{ missing: undefined }, ...chunks]))).toEqual(['whole'])
})

test('a message that a hole broke off ends cut', () => {
  const begun = frameBytes({ opcode: 1, payload: Buffer.from('begun'), final: false })
  const messages = told('server', [begun, { missing: 10 }, text('one'), text('two')])
  expect(wordsOf(messages)).toEqual(['begun (cut)', 'two'])
})

test('wherever a hole is, nothing is heard that was not said, and in the end all is again', () => {
  let lost = 0
  let kept = 0
  fc.assert(
    fc.property(
      SAID,
      fc.constantFrom('client' as const, 'server' as const),
      fc.constantFrom(
        [undefined, undefined] as const,
        [DEFLATE, 32_768] as const,
        [`${DEFLATE}; server_no_context_takeover; client_no_context_takeover`, 0] as const,
      ),
      fc.nat(),
      fc.integer({ min: 1, max: 90 }),
      fc.boolean(),
      (said, from, [extensions, contextBytes], place, length, knowsLength) => {
        const numbered = said.map((one, index) => ({ ...one, content: tagged(one.content, index) }))
        const probes = ['probe one', 'probe two', 'probe three', 'probe four'].map((word) => ({
          type: 'text' as const,
          content: new TextEncoder().encode(word),
          compress: false,
          cuts: [],
          pings: false,
        }))
        const frames = framesOf([...numbered, ...probes], { from, contextBytes })
        const before = frames.slice(0, -probes.length)
        const what = withHole(before, place, length, knowsLength)
        const heard = heardIn(told(from, [...what, ...frames.slice(-probes.length)], extensions))
        const expected = expectedOf([...numbered, ...probes])
        // A message that is broken off ends before the pings that stood in what was lost of it.
        for (const isPart of [isData, isControl])
          expectHeardWasSaid(heard.filter(isPart), expected.filter(isPart))
        expect(heard.slice(-2).map(({ bytes }) => latin1(bytes))).toEqual(['probe three', 'probe four'])
        lost += expected.length - heard.length
        kept += heard.length
      },
    ),
    { numRuns: 2000 },
  )
  expect(lost).toBeGreaterThan(500)
  expect(kept).toBeGreaterThan(8_000)
})

function isData({ type }: { readonly type: string }): boolean {
  return type === 'text' || type === 'binary'
}

function isControl(message: { readonly type: string }): boolean {
  return !isData(message)
}

/** Every message is one of those that were said, in their order; one with a hole holds parts of it. */
function expectHeardWasSaid(
  heard: ReturnType<typeof heardIn>,
  said: readonly { readonly type: string; readonly content: string }[],
): void {
  let at = 0
  for (const { type, bytes } of heard) {
    const words = latin1(bytes)
    while (at < said.length && !(said[at]?.type === type && isWithin(words, said[at]?.content ?? ''))) at += 1
    expect(at, `${type} ${JSON.stringify(words)} was said`).toBeLessThan(said.length)
    at += 1
  }
}

/** All of it, or a beginning and an end of it. */
function isWithin(words: string, content: string): boolean {
  if (words.length > content.length) return false
  let begin = 0
  while (begin < words.length && words[begin] === content[begin]) begin += 1
  return content.endsWith(words.slice(begin))
}

/** Says which message it is, so that none can be taken for another. */
function tagged(content: Uint8Array, index: number): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(`#${index} `), content]))
}

/** The frames in chunks of one each, a stretch of them missing. */
function withHole(
  frames: readonly Uint8Array[],
  place: number,
  length: number,
  knowsLength: boolean,
): What[] {
  const all = frames.reduce((sum, frame) => sum + frame.length, 0)
  if (all === 0) return [{ missing: knowsLength ? length : undefined }]
  const begin = place % all
  const end = Math.min(all, begin + length)
  const what: What[] = []
  let at = 0
  for (const frame of frames) {
    const first = frame.subarray(0, Math.max(0, begin - at))
    const last = frame.subarray(Math.max(0, end - at))
    if (first.length > 0) what.push(first)
    if (begin >= at && begin < at + frame.length)
      what.push({ missing: knowsLength ? end - begin : undefined })
    if (last.length > 0 && at + frame.length > begin) what.push(last)
    at += frame.length
  }
  return what
}
