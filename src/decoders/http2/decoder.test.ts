import { expect, test } from 'vitest'
import { play, type Step } from '../../../test/support/decoder-script.ts'
import { OPENING, openWriters, WHOLE } from '../../../test/support/http2-connection.ts'
import {
  END_HEADERS,
  END_STREAM,
  frame,
  get,
  PADDED,
  PRIORITISED,
  settings,
  status,
  uint32,
} from '../../../test/support/http2-frames.ts'
import { http2 } from './decoder.ts'

/** A case tells the steps behind the opening, and the log they must give. */
interface Case {
  readonly steps: readonly Step[]
  readonly log: readonly string[]
}

const CASES: Readonly<Record<string, () => Case>> = {
  'a request and its response (RFC 9113 §8.1)': () => {
    const { client, server } = openWriters()
    const request = frame('HEADERS', WHOLE, 1, client.block(get('/a?b=c', ['accept', '*/*'])))
    const response = frame('HEADERS', END_HEADERS, 1, server.block(status(404, ['etag', '"1"'])))
    return {
      steps: [
        ['>', request],
        ['<', response + frame('DATA', 0, 1, 'ab') + frame('DATA', END_STREAM, 1, 'c')],
      ],
      log: [
        '#1 GET /a?b=c HTTP/2 accept="*/*"',
        `#1 > end ${request.length}`,
        '#1 HTTP/2 404  etag="\\"1\\""',
        '#1 < body "abc"',
        `#1 < end ${response.length + 21}`,
      ],
    }
  },
  'padding and priority say nothing (§6.1, §6.2)': () => {
    const { client, server } = openWriters()
    const pad = (text: string) => `\x05${text}\0\0\0\0\0`
    const request = frame(
      'HEADERS',
      WHOLE | PADDED | PRIORITISED,
      1,
      `\x03\0\0\0\0\x10${client.block(get('/'))}\0\0\0`,
    )
    const response = frame('HEADERS', END_HEADERS | PADDED, 1, pad(server.block(status(200))))
    const content = frame('DATA', PADDED, 1, pad('abc')) + frame('DATA', END_STREAM | PADDED, 1, pad(''))
    return {
      steps: [
        ['>', request],
        ['<', response + content],
      ],
      log: [
        '#1 GET / HTTP/2',
        `#1 > end ${request.length}`,
        '#1 HTTP/2 200 ',
        '#1 < body "abc"',
        `#1 < end ${response.length + content.length}`,
      ],
    }
  },
  'a block in many frames (§6.10)': () => {
    const { client, answer } = openWriters()
    const block = client.block(get('/', ['x-long', 'y'.repeat(40)]))
    const frames = [
      frame('HEADERS', END_STREAM, 1, block.slice(0, 5)),
      frame('CONTINUATION', 0, 1, ''),
      frame('CONTINUATION', 0, 1, block.slice(5, 20)),
      frame('CONTINUATION', 0, 1, block.slice(20)),
      frame('CONTINUATION', END_HEADERS, 1, ''),
    ].join('')
    return {
      steps: [
        ['>', frames],
        ['<', answer(1)],
      ],
      log: [
        `#1 GET / HTTP/2 x-long="${'y'.repeat(40)}"`,
        `#1 > end ${frames.length}`,
        '#1 HTTP/2 200 ',
        '#1 < end 10',
      ],
    }
  },
  'interim responses, then trailers of both sides (§8.1)': () => {
    const { client, server } = openWriters()
    const request = frame('HEADERS', END_HEADERS, 1, client.block(get('/')))
    const trailers = frame('HEADERS', WHOLE, 1, client.block([['sum', '9']]))
    const interim = frame('HEADERS', END_HEADERS, 1, server.block(status(100)))
    const hints = frame('HEADERS', END_HEADERS, 1, server.block(status(103, ['link', '<a>'])))
    const final = frame('HEADERS', END_HEADERS, 1, server.block(status(200)))
    const end = frame('HEADERS', WHOLE, 1, server.block([['grpc-status', '0']]))
    return {
      steps: [
        ['>', request],
        ['<', interim + hints],
        ['>', frame('DATA', 0, 1, 'hi') + trailers],
        ['<', final + frame('DATA', 0, 1, '') + end],
      ],
      log: [
        '#1 GET / HTTP/2',
        '#1 interim 100',
        '#1 interim 103 link="<a>"',
        '#1 > body "hi"',
        '#1 > trailers sum="9"',
        `#1 > end ${request.length + 11 + trailers.length}`,
        '#1 HTTP/2 200 ',
        '#1 < trailers grpc-status="0"',
        `#1 < end ${interim.length + hints.length + final.length + 9 + end.length}`,
      ],
    }
  },
  'streams take turns (§5)': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [
        ['>', ask(1, END_HEADERS)],
        ['>', ask(3, END_HEADERS)],
        ['>', frame('DATA', 0, 3, 'b1') + frame('DATA', 0, 1, 'a1')],
        ['<', answer(3, END_HEADERS)],
        ['>', frame('DATA', END_STREAM, 1, 'a2') + frame('DATA', END_STREAM, 3, 'b2')],
        ['<', frame('DATA', END_STREAM, 3, 'B') + answer(1)],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        '#3 GET /3 HTTP/2',
        '#3 > body "b1"',
        '#1 > body "a1"',
        '#3 HTTP/2 200 ',
        '#1 > body "a2"',
        expect.stringContaining('#1 > end'),
        '#3 > body "b2"',
        expect.stringContaining('#3 > end'),
        '#3 < body "B"',
        '#3 < end 20',
        '#1 HTTP/2 200 ',
        '#1 < end 10',
      ],
    }
  },
  'what the server promises is a request of the client that has ended (§8.4)': () => {
    const { ask, answer, server } = openWriters()
    const block = server.block(get('/style.css'))
    const promise =
      frame('PUSH_PROMISE', 0, 1, uint32(2) + block.slice(0, 4)) +
      frame('CONTINUATION', END_HEADERS, 1, block.slice(4))
    return {
      steps: [
        ['>', ask(1)],
        ['<', promise + answer(2, END_HEADERS) + answer(1) + frame('DATA', END_STREAM, 2, 'p{}')],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        expect.stringContaining('#1 > end'),
        '#2 GET /style.css HTTP/2',
        `#2 > end ${promise.length}`,
        '#2 HTTP/2 200 ',
        '#1 HTTP/2 200 ',
        '#1 < end 10',
        '#2 < body "p{}"',
        '#2 < end 22',
      ],
    }
  },
  'a whole response and then RST_STREAM ends the request only (§8.1)': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [
        ['>', ask(1, END_HEADERS)],
        ['<', answer(1) + frame('RST_STREAM', 0, 1, uint32(0))],
        ['>', frame('DATA', END_STREAM, 1, 'late') + ask(3)],
        ['<', answer(3)],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        '#1 HTTP/2 200 ',
        '#1 < end 10',
        '#1 > end reset',
        '#3 GET /3 HTTP/2',
        expect.stringContaining('#3 > end'),
        '#3 HTTP/2 200 ',
        '#3 < end 10',
      ],
    }
  },
  'a reset cuts both sides (§6.4)': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [
        ['>', ask(1, END_HEADERS)],
        ['<', answer(1, END_HEADERS) + frame('DATA', 0, 1, 'part')],
        ['>', frame('RST_STREAM', 0, 1, uint32(8))],
        ['<', frame('DATA', END_STREAM, 1, 'in flight')],
      ],
      log: ['#1 GET /1 HTTP/2', '#1 HTTP/2 200 ', '#1 < body "part"', '#1 > end reset', '#1 < end reset'],
    }
  },
  'streams above the last one of GOAWAY were never handled (§6.8)': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [
        ['>', ask(1) + ask(3)],
        ['<', frame('GOAWAY', 0, 0, `${uint32(1)}${uint32(0)}why`)],
        ['>', ask(5)],
        ['<', answer(1)],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        expect.stringContaining('#1 > end'),
        '#3 GET /3 HTTP/2',
        expect.stringContaining('#3 > end'),
        '#3 < end reset',
        '#5 GET /5 HTTP/2',
        '#5 < end reset',
        expect.stringContaining('#5 > end'),
        '#1 HTTP/2 200 ',
        '#1 < end 10',
      ],
    }
  },
  'frames that say nothing of messages (§5.5, §6.3, §6.7, §6.9)': () => {
    const { ask, answer } = openWriters()
    const noise = [
      frame('PING', 0, 0, '12345678'),
      frame('WINDOW_UPDATE', 0, 0, uint32(1000)),
      frame('PRIORITY', 0, 7, '\0\0\0\0\x10'),
      frame(0xa, 0, 1, '\0\0h2=":1"'),
      frame(0xbb, 0xff, 1, 'grease'),
      frame(0xbb, 0, 0),
    ].join('')
    return {
      steps: [
        [
          '>',
          noise +
            ask(1, END_HEADERS) +
            noise +
            frame('WINDOW_UPDATE', 0, 1, uint32(1000)) +
            frame('DATA', END_STREAM, 1, 'x'),
        ],
        ['<', noise + answer(1, END_HEADERS) + noise + frame('DATA', END_STREAM, 1, 'y')],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        '#1 > body "x"',
        expect.stringContaining('#1 > end'),
        '#1 HTTP/2 200 ',
        '#1 < body "y"',
        '#1 < end 20',
      ],
    }
  },
  'a frame may be as long as the other side allows (§4.2)': () => {
    const { ask, answer } = openWriters()
    const long = 'z'.repeat(70_000)
    return {
      steps: [
        ['>', ask(1)],
        ['>', settings([5, 100_000])],
        ['<', answer(1, END_HEADERS) + frame('DATA', END_STREAM, 1, long)],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        expect.stringContaining('#1 > end'),
        '#1 HTTP/2 200 ',
        `#1 < body "${long}"`,
        '#1 < end 70019',
      ],
    }
  },
  'a response handed over before its request waits for it': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [
        ['<', answer(1, END_HEADERS) + frame('DATA', END_STREAM, 1, 'a') + answer(3)],
        ['>', ask(1)],
        ['>', ask(3)],
      ],
      log: [
        '#1 GET /1 HTTP/2',
        expect.stringContaining('#1 > end'),
        '#1 HTTP/2 200 ',
        '#1 < body "a"',
        '#1 < end 20',
        '#3 GET /3 HTTP/2',
        expect.stringContaining('#3 > end'),
        '#3 HTTP/2 200 ',
        '#3 < end 10',
      ],
    }
  },
  'a tunnel is a stream with content (§8.5)': () => {
    const { client, answer } = openWriters()
    const block = client.block([
      [':method', 'CONNECT'],
      [':authority', 'y.example:443'],
    ])
    return {
      steps: [
        ['>', frame('HEADERS', END_HEADERS, 1, block)],
        ['<', answer(1, END_HEADERS)],
        ['>', frame('DATA', 0, 1, 'hello')],
        ['<', frame('DATA', END_STREAM, 1, 'world')],
        ['>', frame('DATA', END_STREAM, 1)],
      ],
      log: [
        '#1 CONNECT y.example:443 HTTP/2',
        '#1 HTTP/2 200 ',
        '#1 > body "hello"',
        '#1 < body "world"',
        '#1 < end 24',
        expect.stringContaining('#1 > end'),
      ],
    }
  },
  'the close cuts what is open': () => {
    const { ask, answer } = openWriters()
    return {
      steps: [['>', ask(1) + ask(3, END_HEADERS)], ['<', answer(1, END_HEADERS)], ['x']],
      log: [
        '#1 GET /1 HTTP/2',
        expect.stringContaining('#1 > end'),
        '#3 GET /3 HTTP/2',
        '#1 HTTP/2 200 ',
        '#1 < end closed',
        '#3 > end closed',
        '#3 < end closed',
      ],
    }
  },
}

for (const [name, make] of Object.entries(CASES)) {
  test(name, () => {
    const { steps, log } = make()
    expect(play(http2.open({ joinedLate: false }), [...OPENING, ...steps])).toEqual(log)
    const single = steps.flatMap((step) =>
      step[0] === '>' || step[0] === '<' ? Array.from(step[1]).map((byte): Step => [step[0], byte]) : [step],
    )
    expect(play(http2.open({ joinedLate: false }), [...OPENING, ...single])).toEqual(log)
  })
}
