import { expect, test } from 'vitest'
import { bytesOf, play } from '../../../test/support/decoder-script.ts'
import { openConnection, WHOLE } from '../../../test/support/http2-connection.ts'
import { END_HEADERS, END_STREAM, frame, PADDED } from '../../../test/support/http2-frames.ts'

const ENDS = expect.stringContaining(' > end ')

test('a hole within the content of a frame is counted, and the next frame found behind it', () => {
  const { ask, answer, log } = openConnection()
  const data = frame('DATA', PADDED, 1, `\x04${'a'.repeat(50)}\0\0\0\0`)
  expect(
    log(
      ['>', ask(1)],
      ['<', answer(1, END_HEADERS) + data.slice(0, 30)],
      ['<?', 12],
      ['<', data.slice(42) + frame('DATA', END_STREAM, 1, 'b')],
    ),
  ).toEqual([
    '#1 GET /1 HTTP/2',
    ENDS,
    '#1 HTTP/2 200 ',
    `#1 < body "${'a'.repeat(20)}"`,
    '#1 < missing 12',
    `#1 < body "${'a'.repeat(18)}b"`,
    `#1 < end ${10 + data.length + 10}`,
  ])
})

test('a hole up to the end of a frame, padding included, ends what the frame ends', () => {
  const { ask, answer, log } = openConnection()
  const data = frame('DATA', PADDED | END_STREAM, 1, `\x04${'a'.repeat(50)}\0\0\0\0`)
  expect(
    log(
      ['>', ask(1) + ask(3)],
      ['<', answer(1, END_HEADERS) + data.slice(0, 30)],
      ['<?', 34],
      ['<', answer(3)],
    ).slice(4),
  ).toEqual([
    '#1 HTTP/2 200 ',
    `#1 < body "${'a'.repeat(20)}"`,
    '#1 < missing 30',
    `#1 < end ${10 + data.length}`,
    '#3 HTTP/2 200 ',
    '#3 < end 10',
  ])
})

test('a hole within a header block loses that block and the table, not the frames', () => {
  const { ask, answer, log, share } = openConnection()
  const head = answer(3, END_HEADERS, ['x-a', 'one'])
  expect(
    log(
      ['>', ask(1) + ask(3) + ask(5)],
      ['<', answer(1, WHOLE, ['x-b', 'two']) + head.slice(0, 12)],
      ['<?', 3],
      ['<', head.slice(15) + frame('DATA', END_STREAM, 3, 'whose?')],
      // Names what the lost block named first: nobody knows what that was.
      ['<', answer(5, WHOLE, ['x-a', 'one'])],
    ).slice(6),
  ).toEqual([
    '#1 HTTP/2 200  x-b="two"',
    expect.stringContaining('#1 < end'),
    '#3 < end gap',
    '#5 HTTP/2 200 ',
    expect.stringContaining('#5 < end'),
  ])
  expect(share).toMatchObject({ headerBlocksLost: 1, resyncs: 0 })
})

test('a request whose head is lost is not told of, and its response belongs to nobody', () => {
  const { ask, answer, log, share } = openConnection()
  const head = ask(1)
  expect(
    log(
      ['>', head.slice(0, 15)],
      ['>?', 5],
      ['>', head.slice(20) + ask(3)],
      ['<', answer(1, END_HEADERS) + frame('DATA', END_STREAM, 1, 'x') + answer(3)],
    ),
  ).toEqual(['#3 GET /3 HTTP/2', ENDS, '#3 HTTP/2 200 ', '#3 < end 10'])
  expect(share.responsesUnpaired).toBe(1)
})

test('a hole of unknown end: all that is open may have lost something, and goes on when it shows again', () => {
  const { ask, answer, log, share } = openConnection()
  const data = (id: number, text: string, flags = 0) => frame('DATA', flags, id, text)
  expect(
    log(
      ['>', ask(1) + ask(3) + ask(5) + ask(7)],
      ['<', answer(1, END_HEADERS) + answer(3, END_HEADERS) + data(1, 'a')],
      ['<?', 500],
      ['<', 'tail of a frame\0\0\0'],
      ['<', data(1, 'b', END_STREAM) + answer(5, END_HEADERS)],
      ['<', data(7, 'content of an unseen head', END_STREAM) + data(5, 'c', END_STREAM)],
      ['x'],
    ).slice(8),
  ).toEqual([
    '#1 HTTP/2 200 ',
    '#3 HTTP/2 200 ',
    '#1 < body "a"',
    '#1 < missing undefined',
    '#1 < body "b"',
    '#1 < end 30',
    '#5 HTTP/2 200 ',
    '#7 < end gap',
    '#5 < body "c"',
    '#5 < end 20',
    '#3 < missing undefined',
    '#3 < end closed',
  ])
  expect(share).toMatchObject({ resyncs: 1, skippedBytes: 18 })
})

test('what ended unseen is given up after many later requests', () => {
  const { ask, answer, log, decoder } = openConnection()
  log(['>', ask(1)], ['<', answer(1, END_HEADERS)], ['<?', 100])
  const later: string[] = []
  for (let id = 3; id < 3 + 2 * 400; id += 2)
    later.push(
      ...play(decoder, [
        ['>', ask(id)],
        ['<', answer(id)],
      ]),
    )
  expect(later.filter((line) => line.startsWith('#1 '))).toEqual(['#1 < missing undefined', '#1 < end gap'])
  expect(later.filter((line) => line.includes('200'))).toHaveLength(400)
})

test('a request whose end may have passed unseen ends with its response', () => {
  const { ask, answer, log } = openConnection()
  expect(
    log(
      ['>', ask(1, END_HEADERS) + frame('DATA', 0, 1, 'part')],
      ['>?', undefined],
      ['<', answer(1)],
      ['>', ask(3)],
      ['<', answer(3)],
    ),
  ).toEqual([
    '#1 GET /1 HTTP/2',
    '#1 > body "part"',
    '#1 HTTP/2 200 ',
    '#1 < end 10',
    '#1 > missing undefined',
    '#1 > end gap',
    '#3 GET /3 HTTP/2',
    ENDS,
    '#3 HTTP/2 200 ',
    '#3 < end 10',
  ])
})

test('a response handed over early, then a hole: its request goes without', () => {
  const { ask, answer, log, share } = openConnection()
  expect(log(['<', answer(1)], ['<?', 20], ['>', ask(1)], ['>', ask(3)], ['<', answer(3)])).toEqual([
    '#1 GET /1 HTTP/2',
    '#1 < end gap',
    ENDS,
    '#3 GET /3 HTTP/2',
    ENDS,
    '#3 HTTP/2 200 ',
    '#3 < end 10',
  ])
  expect(share.responsesUnpaired).toBe(1)
})

test('a frame that can be none loses the boundary and nothing else', () => {
  const { ask, answer, log, share } = openConnection()
  expect(
    log(
      ['>', ask(1)],
      ['<', frame('PING', 0, 0, 'short')],
      ['<', frame('CONTINUATION', END_HEADERS, 1, '\x88') + answer(1)],
    ).slice(2),
  ).toEqual(['#1 HTTP/2 200 ', '#1 < end 10'])
  expect(share.resyncs).toBe(1)
})

test('long content within an unread frame is waited for, and not for ever', () => {
  const { ask, answer, log, share, decoder } = openConnection()
  log(['>', ask(1)], ['<', answer(1, END_HEADERS)], ['<?', undefined])
  // Begins like a frame of 16 KiB on stream 1, but what follows it is none.
  decoder.bytes('server', bytesOf(`\0\x40\0\0\0\0\0\0\x01${'z'.repeat(8000)}`))
  expect(share.heldBytes).toBeGreaterThan(8000)
  decoder.bytes('server', bytesOf('z'.repeat(9000)))
  expect(log(['<', frame('DATA', 0, 1, 'a') + frame('DATA', END_STREAM, 1, 'b')])).toEqual([
    '#1 < missing undefined',
    '#1 < body "ab"',
    '#1 < end 30',
  ])
  expect(share.heldBytes).toBe(0)
})
