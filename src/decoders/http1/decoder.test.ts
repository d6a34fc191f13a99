import { expect, test } from 'vitest'
import { play } from '../../../test/support/decoder-script.ts'
import { type Case, testInPieces, testWhole } from '../../../test/support/http1-cases.ts'
import { http1 } from './decoder.ts'

const get = (path: string) => `GET /${path} HTTP/1.1\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const CASES: Readonly<Record<string, Case>> = {
  'a request and its response': {
    steps: [
      ['>', 'GET /a?b=c HTTP/1.1\r\nHost: x:80 \r\nA:\t b\r\n\r\n'],
      ['<', 'HTTP/1.1 200 All right\r\nContent-Length: 3\r\n\r\nabc'],
    ],
    log: [
      '#1 GET /a?b=c HTTP/1.1 Host="x:80" A="b"',
      '#1 > end 43',
      '#1 HTTP/1.1 200 All right Content-Length="3"',
      '#1 < body "abc"',
      '#1 < end 48',
    ],
  },
  'pipelined requests get their responses in order': {
    steps: [
      ['>', get('a') + get('b') + get('c')],
      ['<', ok('1') + ok('')],
      ['<', ok('3')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#3 GET /c HTTP/1.1',
      '#3 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "1"',
      '#1 < end 39',
      '#2 HTTP/1.1 200 OK Content-Length="0"',
      '#2 < end 38',
      '#3 HTTP/1.1 200 OK Content-Length="1"',
      '#3 < body "3"',
      '#3 < end 39',
    ],
  },
  'chunks with extensions and trailers': {
    steps: [
      [
        '>',
        'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n' +
          '4;a="b"\r\nwiki\r\n5 \r\npedia\r\n0;z\r\nT: 1\r\n\r\n',
      ],
      ['<', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ],
    log: [
      '#1 POST / HTTP/1.1 Transfer-Encoding="chunked"',
      '#1 > body "wikipedia"',
      '#1 > trailers T="1"',
      '#1 > end 86',
      '#1 HTTP/1.1 204 No Content',
      '#1 < end 27',
    ],
  },
  'a response that runs until the close': {
    steps: [['>', 'GET / HTTP/1.0\r\n\r\n'], ['<', 'HTTP/1.0 200 OK\r\n\r\nabc'], ['<', 'def'], ['x']],
    log: ['#1 GET / HTTP/1.0', '#1 > end 18', '#1 HTTP/1.0 200 OK', '#1 < body "abcdef"', '#1 < end 25'],
  },
  'interim responses before the final one': {
    steps: [
      ['>', 'PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'],
      ['<', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['>', 'hi'],
      ['<', `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${ok('')}`],
    ],
    log: [
      '#1 PUT / HTTP/1.1 Content-Length="2" Expect="100-continue"',
      '#1 interim 100',
      '#1 > body "hi"',
      '#1 > end 61',
      '#1 interim 103 Link="a"',
      '#1 HTTP/1.1 200 OK Content-Length="0"',
      '#1 < end 100',
    ],
  },
  'a request refused before its content, then another on the same connection': {
    steps: [
      ['>', 'PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'],
      ['<', 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n'],
      ['>', get('b')],
      ['<', ok('')],
    ],
    log: [
      '#1 PUT / HTTP/1.1 Content-Length="2" Expect="100-continue"',
      '#1 HTTP/1.1 401 No Content-Length="0"',
      '#1 < end 38',
      '#1 > end 59',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="0"',
      '#2 < end 38',
    ],
  },
  'HEAD, 204 and 304 have no content whatever their fields say': {
    steps: [
      ['>', 'HEAD / HTTP/1.1\r\n\r\n'],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
      ['>', get('b')],
      ['<', 'HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ],
    log: [
      '#1 HEAD / HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="9"',
      '#1 < end 38',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 304  Transfer-Encoding="chunked"',
      '#2 < end 44',
    ],
  },
  'bare LF, folded fields, line ends in front, odd methods and targets': {
    steps: [
      ['>', '\r\n\nM-SEARCH * HTTP/1.1\nA: b\n  c\n\t d\nnoname\n\nget /a b HTTP/1.1\r\n\n'],
      ['<', `\r\nHTTP/1.1 200\nContent-Length: 1\n\nx${ok('')}`],
    ],
    log: [
      '#1 M-SEARCH * HTTP/1.1 A="b c d"',
      '#1 > end 41',
      '#2 get /a b HTTP/1.1',
      '#2 > end 20',
      '#1 HTTP/1.1 200  Content-Length="1"',
      '#1 < body "x"',
      '#1 < end 33',
      '#2 HTTP/1.1 200 OK Content-Length="0"',
      '#2 < end 38',
    ],
  },
  'a response before its request has ended': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc'],
      ['<', 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
      ['x'],
    ],
    log: [
      '#1 POST / HTTP/1.1 Content-Length="9"',
      '#1 > body "abc"',
      '#1 HTTP/1.1 413 Too Large Content-Length="0" Connection="close"',
      '#1 < end 64',
      '#1 > end closed',
    ],
  },
  'a response before its request has ended, which the client ends all the same': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc'],
      ['<', 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'],
      ['>', `defGET${get('b')}`],
      ['<', ok('b')],
    ],
    log: [
      '#1 POST / HTTP/1.1 Content-Length="9"',
      '#1 > body "abc"',
      '#1 HTTP/1.1 413 Too Large Content-Length="0"',
      '#1 < end 45',
      '#1 > body "defGET"',
      '#1 > end 47',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "b"',
      '#2 < end 39',
    ],
  },
  'content that was announced and is sent without waiting to be asked for it': {
    steps: [
      ['>', 'PUT / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi'],
      ['<', ok('')],
    ],
    log: [
      '#1 PUT / HTTP/1.1 Content-Length="2" Expect="100-continue"',
      '#1 > body "hi"',
      '#1 > end 61',
      '#1 HTTP/1.1 200 OK Content-Length="0"',
      '#1 < end 38',
    ],
  },
  'content that was refused and begins like a request, but is sent': {
    steps: [
      ['>', 'PUT / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'],
      ['<', 'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n'],
      ['>', 'GET /'],
      ['x'],
    ],
    log: [
      '#1 PUT / HTTP/1.1 Content-Length="5" Expect="100-continue"',
      '#1 HTTP/1.1 401 No Content-Length="0"',
      '#1 < end 38',
      '#1 > body "GET /"',
      '#1 > end 64',
    ],
  },
  'HTTP/1.0 that is kept alive': {
    steps: [
      ['>', 'GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
      ['<', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na'],
      ['>', 'GET /b HTTP/1.0\r\n\r\n'],
      ['<', 'HTTP/1.0 200 OK\r\n\r\nb'],
      ['x'],
    ],
    log: [
      '#1 GET /a HTTP/1.0 Connection="keep-alive"',
      '#1 > end 43',
      '#1 HTTP/1.0 200 OK Connection="keep-alive" Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 63',
      '#2 GET /b HTTP/1.0',
      '#2 > end 19',
      '#2 HTTP/1.0 200 OK',
      '#2 < body "b"',
      '#2 < end 20',
    ],
  },
  'a response that overtakes its request waits for it': {
    steps: [
      ['<', ok('a')],
      ['>', get('a')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
    ],
  },
  'Transfer-Encoding wins over Content-Length; equal lengths count as one': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\nb'],
    ],
    log: [
      '#1 POST / HTTP/1.1 Content-Length="9" Transfer-Encoding="chunked"',
      '#1 > body "a"',
      '#1 > end 77',
      '#1 HTTP/1.1 200 OK Content-Length="1, 1" Content-Length="1"',
      '#1 < body "b"',
      '#1 < end 61',
    ],
  },
  'lengths that contradict each other end the message, and the next one is found': {
    steps: [
      ['>', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
      ['<', ok('')],
      ['>', get('b')],
      ['<', ok('b')],
    ],
    log: [
      '#1 POST / HTTP/1.1 Content-Length="1" Content-Length="2"',
      '#1 > end gap',
      '#1 HTTP/1.1 200 OK Content-Length="0"',
      '#1 < end 38',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "b"',
      '#2 < end 39',
    ],
  },
  'bytes that cannot be HTTP at the very start': {
    steps: [
      ['<', 'SSH-2.0-OpenSSH_9.2\r\n'],
      ['>', get('a')],
    ],
    log: ['opaque: not this protocol'],
  },
  'a close ends what is open': {
    steps: [
      ['>', get('a') + get('b')],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'],
      ['x'],
      ['>', get('c')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="5"',
      '#1 < body "ab"',
      '#1 < end closed',
      '#2 < end closed',
    ],
  },
}

testWhole(CASES)
testInPieces(CASES)

test('a head over 64 KiB is told of with what fits, cut, and the next message is found', () => {
  const long = `GET /long HTTP/1.1\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`
  const log = play(http1.open({ joinedLate: false }), [
    ['>', long],
    ['<', ok('long')],
    ['>', get('b')],
    ['<', ok('b')],
  ])
  expect(log).toEqual([
    '#1 GET /long HTTP/1.1',
    '#1 > end limit',
    '#1 HTTP/1.1 200 OK Content-Length="4"',
    '#1 < body "long"',
    '#1 < end 42',
    '#2 GET /b HTTP/1.1',
    '#2 > end 19',
    '#2 HTTP/1.1 200 OK Content-Length="1"',
    '#2 < body "b"',
    '#2 < end 39',
  ])
})

test('content is handed on without copying', () => {
  const decoder = http1.open({ joinedLate: false })
  const chunk = new TextEncoder().encode('POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc')
  const body = decoder.bytes('client', chunk).find(({ kind }) => kind === 'body')
  expect(body?.kind === 'body' && body.bytes.buffer).toBe(chunk.buffer)
})
