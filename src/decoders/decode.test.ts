import { expect, test } from 'vitest'
import { someConnection } from '../../test/support/some-connection.ts'
import { source } from '../base/index.ts'
import type { Connection, Side, StreamEvent } from '../connections/index.ts'
import { type Decoded, decode } from './decode.ts'

type What = readonly [Side, string] | readonly ['gap', Side] | 'unreadable' | 'close'

const GET = 'GET / HTTP/1.1\r\n\r\n'
const OK = 'HTTP/1.1 204 No\r\n\r\n'
const PAIR = ['request', 'end', 'response', 'end']

test.for<readonly [string, boolean, readonly What[], readonly string[]]>([
  [
    'whole messages',
    false,
    [
      ['client', GET],
      ['server', OK],
    ],
    PAIR,
  ],
  [
    'a start line in pieces',
    false,
    [
      ['client', 'G'],
      ['client', 'ET / HT'],
      ['client', 'TP/1.1\r\n\r\n'],
      ['server', OK],
    ],
    PAIR,
  ],
  [
    'a response seen before its request',
    false,
    [
      ['server', OK],
      ['client', GET],
    ],
    PAIR,
  ],
  [
    'pieces of both sides at once',
    false,
    [
      ['client', 'GET /'],
      ['server', 'HTT'],
      ['server', OK.slice(3)],
      ['client', GET.slice(5)],
    ],
    PAIR,
  ],
  [
    'joined in the middle of a response',
    true,
    [
      ['server', 'tail'],
      ['client', GET],
      ['server', OK],
    ],
    PAIR,
  ],
  [
    'a hole before anything was recognised',
    false,
    [
      ['client', 'GE'],
      ['gap', 'client'],
      ['client', 'x: y\r\n\r\n'],
      ['client', GET],
      ['server', OK],
    ],
    PAIR,
  ],
  [
    'another protocol',
    false,
    [
      ['client', 'SET a b\r\n'],
      ['client', GET],
    ],
    ['opaque'],
  ],
  [
    'another protocol, the server first',
    false,
    [
      ['server', '220 mail\r\n'],
      ['client', GET],
    ],
    ['opaque'],
  ],
  [
    'bytes that never say what they are',
    false,
    [
      ['client', `A ${'a'.repeat(70_000)}`],
      ['client', GET],
    ],
    ['opaque'],
  ],
  [
    'an upgrade, then its frames',
    false,
    [
      ['client', GET],
      ['server', `HTTP/1.1 101 Go\r\n\r\nx`],
      ['client', GET],
    ],
    [...PAIR, 'switch', 'opaque'],
  ],
  [
    'a tunnel with HTTP inside, in pieces that were held at first',
    false,
    [
      ['client', 'CONN'],
      ['client', 'ECT a:1 HTTP/1.1\r\n\r\n'],
      ['server', `HTTP/1.1 200 OK\r\n\r\n`],
      ['client', 'GE'],
      ['client', GET.slice(2)],
      ['server', OK],
    ],
    [...PAIR, 'switch', ...PAIR],
  ],
  [
    'a tunnel whose client does not wait, with something else inside',
    false,
    [
      ['client', `CONNECT a:1 HTTP/1.1\r\n\r\nSET a b\r\n`],
      ['server', `HTTP/1.1 200 OK\r\n\r\n`],
      ['client', GET],
    ],
    [...PAIR, 'switch', 'opaque'],
  ],
  [
    'a hole in front of what a tunnel carries',
    false,
    [
      ['client', `CONNECT a:1 HTTP/1.1\r\n\r\n`],
      ['server', `HTTP/1.1 200 OK\r\n\r\n`],
      ['gap', 'client'],
      ['client', 'rest of a body'],
      ['client', GET],
      ['server', OK],
    ],
    [...PAIR, 'switch', ...PAIR],
  ],
  ['a close before the response', false, [['client', GET], 'close'], ['request', 'end', 'end']],
  [
    'TLS that turns out to be unreadable',
    false,
    [['client', GET], 'unreadable', ['server', OK]],
    ['request', 'end', 'end'],
  ],
])('%s', ([, joinedLate, what, kinds]) => {
  const { emit, decoded } = open()
  emit({ ...CONNECTION, joinedLate }, what)
  expect(decoded.flatMap(({ messages }) => messages.map(({ kind }) => kind))).toEqual(kinds)
})

test('a connection joined late that takes turns without ever speaking HTTP is left alone', () => {
  const { emit, decoded, stats } = open()
  const turn: What[] = [
    ['client', 'Q\0\0\0 select 1'],
    ['server', 'T\0\0 1'],
  ]
  emit({ ...CONNECTION, joinedLate: true }, Array.from({ length: 20 }, () => turn).flat())
  expect(decoded.map(({ protocol, messages }) => [protocol, messages])).toEqual([
    ['unknown', [{ kind: 'opaque', why: 'not this protocol' }]],
  ])
  expect(stats()).toMatchObject({ notRecognised: 1, opaque: 1, recognised: 0 })
  expect(stats()['ignoredBytes']).toBeGreaterThan(0)
})

test('what follows an upgrade is told of as the protocol that it is', () => {
  const { emit, decoded, stats } = open()
  emit(CONNECTION, [
    ['client', 'GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n'],
    ['server', 'HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n\x81\x02hi'],
    'close',
  ])
  const kinds = decoded.map(({ protocol, messages }) => `${protocol} ${messages.at(-1)?.kind}`)
  expect(kinds.slice(0, 2)).toEqual(['http1 end', 'http1 switch'])
  expect(new Set(decoded.slice(2).map(({ protocol }) => protocol))).toEqual(new Set(['websocket']))
  expect(stats()).toMatchObject({ switched: 1, tunnels: 0, opaque: 0 })
})

test('an upgrade to something that calls itself a tunnel opens none', () => {
  const { emit, decoded, stats } = open()
  emit(CONNECTION, [
    ['client', 'GET / HTTP/1.1\r\nUpgrade: tunnel\r\n\r\n'],
    ['server', 'HTTP/1.1 101 Go\r\n\r\n'],
    ['client', GET],
  ])
  expect(decoded.at(-1)).toMatchObject({ protocol: 'http1', messages: [{ kind: 'opaque', why: 'upgrade' }] })
  expect(stats()).toMatchObject({ switched: 0, tunnels: 0, opaque: 1, ignoredBytes: GET.length })
})

const CONNECT: readonly What[] = [
  ['client', 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
  ['server', 'HTTP/1.1 200 OK\r\n\r\n'],
]
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const H2C = 'Connection: Upgrade\r\nUpgrade: h2c\r\n'

test.each<readonly [string, readonly What[], string | undefined]>([
  ['HTTP/1', [['client', GET]], 'http1'],
  ['HTTP/2', [['client', `${PREFACE}\0\0\0\x04\0\0\0\0\0`]], 'http2'],
  ['what nobody knows', [['client', 'SET a b\r\n']], undefined],
  ['what cannot be told yet', [['client', 'GET /']], undefined],
  [
    'a WebSocket, by the request that led to it',
    [
      ['client', 'GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n'],
      ['server', 'HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n'],
    ],
    'http1',
  ],
  [
    'an upgrade to HTTP/2',
    [
      ['client', `GET / HTTP/1.1\r\n${H2C}HTTP2-Settings: AAMAAABk\r\n\r\n`],
      ['server', `HTTP/1.1 101 Go\r\n${H2C}\r\n`],
    ],
    'http2',
  ],
  ['a tunnel, by what led to it', [...CONNECT, ['client', `${PREFACE}\0\0\0\x04\0\0\0\0\0`]], 'http1'],
])('a connection is named for what it carries: %s', (_, what, protocol) => {
  const connection = { ...CONNECTION, protocol: undefined }
  open().emit(connection, what)
  expect(connection.protocol).toBe(protocol)
})

test('what is held is counted, and given back when the connection closes', () => {
  const { emit, stats } = open()
  emit(CONNECTION, [['client', 'GET /unfinished']])
  const other = { ...CONNECTION, key: 2 }
  emit(other, [['client', `${GET}GET / HTTP/1.1\r\nunfinished`]])
  expect(stats()['recogniseHeldBytes']).toBeGreaterThan(0)
  expect(stats()['heldBytes']).toBeGreaterThan(0)
  emit(CONNECTION, ['close'])
  emit(other, ['close'])
  expect(stats()).toMatchObject({ recogniseHeldBytes: 0, heldBytes: 0, lanes: 0, cutByClose: 1, requests: 1 })
})

function open() {
  const streams = source<StreamEvent>({})
  const messages = decode(streams)
  const decoded: Decoded[] = []
  messages.listen((one) => decoded.push(one))
  return { emit, decoded, stats: () => messages.stats }

  function emit(connection: Connection, what: readonly What[]): void {
    for (const one of what) {
      if (one === 'close') streams.emit({ kind: 'closed', connection, at: 1 })
      else if (one === 'unreadable') streams.emit({ kind: 'unreadable', connection, at: 1 })
      else if (one[0] === 'gap')
        streams.emit({ kind: 'gap', connection, at: 1, from: one[1], missingBytes: 9 })
      else
        streams.emit({ kind: 'bytes', connection, at: 1, from: one[0], bytes: Buffer.from(one[1], 'latin1') })
    }
  }
}

const CONNECTION = someConnection({
  id: 'c',
  local: { ip: '127.0.0.1', port: 4000 },
  remote: { ip: '127.0.0.1', port: 80 },
})
