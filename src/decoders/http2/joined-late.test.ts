import { expect, test } from 'vitest'
import { play, playStep, type Step } from '../../../test/support/decoder-script.ts'
import { WHOLE } from '../../../test/support/http2-connection.ts'
import {
  END_HEADERS,
  END_STREAM,
  frame,
  get,
  openFieldWriter,
  PREFACE,
  SETTINGS_ACK,
  settings,
  status,
} from '../../../test/support/http2-frames.ts'
import { openShare } from '../decoder.ts'
import type { Header } from '../message.ts'
import { http2 } from './decoder.ts'

const ENDS = expect.stringContaining(' > end ')

/** Sent before we listened. */
const BEFORE: readonly Header[] = [
  [':method', 'PURGE'],
  [':scheme', 'https'],
  [':authority', 'x.example'],
  [':path', '/same'],
  ['accept', 'a/b'],
]

test('joined late: what was named before is unknown, what is named since is known', () => {
  const client = openFieldWriter()
  const server = openFieldWriter()
  client.block(BEFORE)
  server.block([
    [':status', '418'],
    ['etag', '"old"'],
  ])
  const share = openShare()
  const decoder = http2.open({ joinedLate: true, share })
  const steps: readonly Step[] = [
    ['<', `${'end of content'}`],
    ['<', frame('HEADERS', END_HEADERS, 5, server.block(status(200))) + frame('DATA', END_STREAM, 5, 'x')],
    ['>', frame('HEADERS', WHOLE, 7, client.block([...BEFORE, ['x-new', '1']]))],
    [
      '<',
      frame(
        'HEADERS',
        WHOLE,
        7,
        server.block([
          [':status', '418'],
          ['etag', '"new"'],
        ]),
      ),
    ],
    ['>', frame('HEADERS', WHOLE, 9, client.block(get('/9', ['x-new', '1'])))],
    [
      '<',
      frame(
        'HEADERS',
        END_HEADERS,
        9,
        server.block([
          [':status', '418'],
          ['etag', '"new"'],
        ]),
      ),
    ],
    ['<', frame('DATA', END_STREAM, 9, 'teapot')],
  ]
  const messages = steps.flatMap((step) => playStep(decoder, step))
  expect(messages.filter(({ kind }) => kind === 'request' || kind === 'response')).toEqual([
    expect.objectContaining({
      streamId: 7,
      method: '',
      target: '',
      scheme: 'https',
      authority: undefined,
      headers: [['x-new', '1']],
      doubts: {
        ambiguous: [],
        unknownFields: ['dynamic index 65', 'dynamic index 64', 'dynamic index 63', 'dynamic index 62'],
      },
    }),
    expect.objectContaining({
      streamId: 7,
      status: 0,
      headers: [['etag', '"new"']],
      doubts: { ambiguous: [], unknownFields: ['dynamic index 63'] },
    }),
    expect.objectContaining({ streamId: 9, method: 'GET', target: '/9', headers: [['x-new', '1']] }),
    expect.objectContaining({ streamId: 9, status: 0, headers: [['etag', '"new"']] }),
  ])
  expect(share.responsesUnpaired).toBe(1)
})

test('a head of unknown status is told when what follows says what it was', () => {
  const unknown = '\xbe'
  const open = () => {
    const decoder = http2.open({ joinedLate: true })
    play(decoder, [
      ['>', frame('HEADERS', WHOLE, 1, '\x82\x84\x87\x41\x01x') + frame('PING', 0, 0, '12345678')],
    ])
    play(decoder, [['<', SETTINGS_ACK + frame('HEADERS', END_HEADERS, 1, unknown)]])
    return decoder
  }
  expect(play(open(), [['<', frame('DATA', END_STREAM, 1, 'a')]])).toEqual([
    '#1 HTTP/2 0 ',
    '#1 < body "a"',
    '#1 < end 20',
  ])
  expect(play(open(), [['<', frame('HEADERS', WHOLE, 1, '\x88')]])).toEqual([
    '#1 interim 0',
    '#1 HTTP/2 200 ',
    '#1 < end 20',
  ])
  expect(play(open(), [['<', frame('HEADERS', WHOLE, 1, '\x40\x01a\x01b')]])).toEqual([
    '#1 HTTP/2 0 ',
    '#1 < trailers a="b"',
    '#1 < end 24',
  ])
  expect(play(open(), [['<', frame('HEADERS', WHOLE, 1, '\xbf')]])).toEqual(['#1 < end gap'])
})

test('joined late before the first byte: the preface shows that all is known', () => {
  const client = openFieldWriter()
  const { exact, steps } = {
    exact: get('/a', ['x-a', 'b']),
    steps: (headers: readonly Header[]): readonly Step[] => [
      ['>', PREFACE + settings() + frame('HEADERS', WHOLE, 1, client.block(headers))],
      ['<', settings() + SETTINGS_ACK + frame('HEADERS', WHOLE, 1, openFieldWriter().block(status(200)))],
    ],
  }
  expect(play(http2.open({ joinedLate: true }), steps(exact))).toEqual([
    '#1 GET /a HTTP/2 x-a="b"',
    ENDS,
    '#1 HTTP/2 200 ',
    '#1 < end 10',
  ])
})
