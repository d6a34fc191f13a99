import { expect, test } from 'vitest'
import { play } from '../../../test/support/decoder-script.ts'
import { openConnection, WHOLE } from '../../../test/support/http2-connection.ts'
import { END_HEADERS, frame, SETTINGS_ACK, settings, uint32 } from '../../../test/support/http2-frames.ts'
import { openShare } from '../decoder.ts'

const ENDS = expect.stringContaining(' > end ')

test('a block over the limit is lost, with the table', () => {
  const { ask, answer, client, log, share } = openConnection()
  const part = (flags: number, id: number) => frame('CONTINUATION', flags, id, 'y'.repeat(16_384))
  const flood = frame('HEADERS', 0, 3, '') + part(0, 3).repeat(40) + part(END_HEADERS, 3)
  expect(log(['>', ask(1) + flood + ask(5, WHOLE)], ['<', answer(1) + answer(3) + answer(5)])).toEqual([
    '#1 GET /1 HTTP/2',
    ENDS,
    '#5 GET /5 HTTP/2',
    ENDS,
    '#1 HTTP/2 200 ',
    '#1 < end 10',
    '#5 HTTP/2 200 ',
    '#5 < end 10',
  ])
  expect(client.encoder.entries.length).toBeGreaterThan(0)
  expect(share).toMatchObject({ headerBlocksLost: 1, heldBytes: 0 })
})

test('of too many open streams the oldest are cut', () => {
  const { decoder, share } = openConnection()
  const ends: string[] = []
  for (let index = 0; index < 10_100; index += 1)
    ends.push(
      ...play(decoder, [['>', frame('HEADERS', WHOLE, index * 2 + 1, '\x82\x84\x87')]]).filter((line) =>
        line.endsWith('limit'),
      ),
    )
  expect(ends).toHaveLength(100)
  expect(ends[0]).toBe('#1 < end limit')
  expect(share.streamsEvicted).toBe(100)
  expect(play(decoder, [['x']])).toHaveLength(10_000)
  expect(share.heldBytes).toBe(0)
})

test('past the bound that all share, the oldest streams go, and no more is held', () => {
  const { log, share, ask, answer } = openConnection(openShare(1024))
  const many = Array.from({ length: 8 }, (_, index) => ask(index * 2 + 1)).join('')
  const told = log(['>', many], ['<', answer(15)])
  expect(told.filter((line) => line.endsWith('limit'))).toHaveLength(4)
  expect(told.slice(-2)).toEqual(['#15 HTTP/2 200 ', '#15 < end 10'])
  expect(share.heldBytes).toBe(3 * 256)
})

test('a response that waits too long is read without its request', () => {
  const { ask, answer, log, share } = openConnection()
  const head = answer(1, END_HEADERS)
  const content = frame('DATA', 0, 1, 'c'.repeat(16_000)).repeat(5)
  expect(log(['<', head], ['<', content])).toEqual([])
  expect(share).toMatchObject({ heldBytes: 0, responsesUnpaired: 1 })
  expect(log(['>', ask(1) + ask(3)], ['<', answer(3)])).toEqual([
    '#1 GET /1 HTTP/2',
    '#1 < end gap',
    ENDS,
    '#3 GET /3 HTTP/2',
    ENDS,
    '#3 HTTP/2 200 ',
    '#3 < end 10',
  ])
})

test('more settings than are read are passed over', () => {
  const { ask, answer, log } = openConnection()
  const many = settings(...Array.from({ length: 2000 }, () => [0xf0, 1] as const), [5, 20_000])
  expect(log(['>', many.slice(0, 5000)], ['>', many.slice(5000) + ask(1)], ['<', answer(1)])).toHaveLength(4)
  // Nobody knows what they say, so they may allow frames of any length.
  const long = frame('DATA', 1, 3, 'x'.repeat(30_000))
  expect(log(['>', ask(3)], ['<', answer(3, END_HEADERS) + long]).slice(-1)).toEqual(['#3 < end 30019'])
})

test('floods of what is not told of hold nothing', () => {
  const { log, share } = openConnection()
  const flood = [
    settings([1, 5], [5, 20_000]),
    SETTINGS_ACK,
    frame('PING', 0, 0, '12345678'),
    frame('RST_STREAM', 0, 99, uint32(8)),
    frame('GOAWAY', 0, 0, uint32(0x7fffffff) + uint32(0)),
    frame('PRIORITY', 0, 5, '\0\0\0\0\x01'),
  ].join('')
  for (let times = 0; times < 3000; times += 1)
    expect(log(['>', flood], ['<', flood.replace(frame('RST_STREAM', 0, 99, uint32(8)), '')])).toEqual([])
  expect(share.heldBytes).toBe(0)
})
