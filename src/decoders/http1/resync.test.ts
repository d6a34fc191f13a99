import { expect, test } from 'vitest'
import { play, type Step } from '../../../test/support/decoder-script.ts'
import { http1 } from './decoder.ts'

interface Case {
  readonly joinedLate?: boolean
  readonly steps: readonly Step[]
  readonly log: readonly string[]
}

const get = (path: string) => `GET /${path} HTTP/1.1\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const CASES: Readonly<Record<string, Case>> = {
  'joined late: a response in progress and one to an unseen request are passed over': {
    joinedLate: true,
    steps: [
      ['<', 'rest of a body'],
      ['<', ok('unseen')],
      ['>', get('a')],
      ['<', ok('a')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
    ],
  },
  'joined late: after the first request, the rest of a message is skipped to the next start': {
    joinedLate: true,
    steps: [
      ['>', `rest of an upload\r\n\r\n${get('a')}`],
      ['<', `tail\r\n\r\n${ok('a')}`],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
    ],
  },
  'joined late: the answer to an unseen HEAD does not swallow what follows': {
    joinedLate: true,
    steps: [
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
      ['>', get('a')],
      ['<', ok('a')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
    ],
  },
  'joined late: requests in one piece were not waited for, so their responses cannot be told apart': {
    joinedLate: true,
    steps: [
      ['>', `${get('a')}${get('b').slice(0, 5)}`],
      ['>', get('b').slice(5)],
      ['<', ok('a')],
      ['<', ok('b')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#2 GET /b HTTP/1.1',
      '#1 < end gap',
      '#2 < end gap',
      '#2 > end 19',
    ],
  },
  'a hole in content of known length is skipped': {
    steps: [
      ['>', get('a')],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
      ['<?', 5],
      ['<', 'ij'],
      ['>', get('b')],
      ['<', ok('b')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="10"',
      '#1 < body "abc"',
      '#1 < missing 5',
      '#1 < body "ij"',
      '#1 < end 49',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "b"',
      '#2 < end 39',
    ],
  },
  'a hole inside one chunk is skipped, one past it ends the message': {
    steps: [
      ['>', get('a') + get('b')],
      ['<', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na'],
      ['<?', 3],
      ['<', 'e\r\n5\r\nf'],
      ['<?', 30],
      ['<', '3\r\nxyz\r\n0\r\n\r\n'],
      ['<', ok('b')],
      ['>', get('c')],
      ['<', ok('c')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#1 HTTP/1.1 200 OK Transfer-Encoding="chunked"',
      '#1 < body "a"',
      '#1 < missing 3',
      '#1 < body "ef"',
      '#1 < end gap',
      '#2 < end gap',
      '#3 GET /c HTTP/1.1',
      '#3 > end 19',
      '#3 HTTP/1.1 200 OK Content-Length="1"',
      '#3 < body "c"',
      '#3 < end 39',
    ],
  },
  'a hole in a head, of unknown length': {
    steps: [
      ['>', get('a')],
      ['<', 'HTTP/1.1 200 O'],
      ['<?', undefined],
      ['<', 'ype: x\r\n\r\nbody'],
      ['>', 'GET /b HTT'],
      ['>?', undefined],
      ['>', ' x\r\n\r\n'],
      ['<', ok('b')],
      ['>', get('c')],
      ['<', ok('c')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 < end gap',
      '#2 GET /c HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "c"',
      '#2 < end 39',
    ],
  },
  'a hole noticed only when the response after it arrives': {
    steps: [
      ['>', get('a')],
      ['<', ok('a')],
      ['>', get('b')],
      ['>', get('c')],
      ['<?', 39],
      ['<', ok('c')],
      ['>', get('d')],
      ['>', get('e')],
      ['<?', 60],
      ['<', 'tail of e'],
      ['>', get('f')],
      ['<', ok('f')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#3 GET /c HTTP/1.1',
      '#3 > end 19',
      '#2 < end gap',
      '#3 HTTP/1.1 200 OK Content-Length="1"',
      '#3 < body "c"',
      '#3 < end 39',
      '#4 GET /d HTTP/1.1',
      '#4 > end 19',
      '#5 GET /e HTTP/1.1',
      '#5 > end 19',
      '#4 < end gap',
      '#6 GET /f HTTP/1.1',
      '#5 < end gap',
      '#6 > end 19',
      '#6 HTTP/1.1 200 OK Content-Length="1"',
      '#6 < body "f"',
      '#6 < end 39',
    ],
  },
  'requests that overlap after a hole get no response, until the client is seen to wait': {
    steps: [['>', get('a') + get('b')], ['<?', 500], ['>', get('c')], ['<', ok('b or c')], ['x']],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#1 < end gap',
      '#2 < end gap',
      '#3 GET /c HTTP/1.1',
      '#3 < end gap',
      '#3 > end 19',
    ],
  },
  'garbage between messages is passed over': {
    steps: [
      ['>', get('a')],
      ['<', ok('a')],
      ['>', 'garbage\r\n'],
      ['>', get('b')],
      ['<', ok('b')],
    ],
    log: [
      '#1 GET /a HTTP/1.1',
      '#1 > end 19',
      '#1 HTTP/1.1 200 OK Content-Length="1"',
      '#1 < body "a"',
      '#1 < end 39',
      '#2 GET /b HTTP/1.1',
      '#2 > end 19',
      '#2 HTTP/1.1 200 OK Content-Length="1"',
      '#2 < body "b"',
      '#2 < end 39',
    ],
  },
}

test.for(Object.entries(CASES))('%s', ([, { joinedLate = false, steps, log }]) => {
  expect(play(http1.open({ joinedLate }), steps)).toEqual(log)
})
