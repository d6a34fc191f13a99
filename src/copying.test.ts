import { expect, test } from 'vitest'
import { sampleExchange } from '../test/support/sample-exchange.ts'
import { source } from './base/index.ts'
import type { StreamEvent } from './connections/index.ts'
import { chooseCopying } from './copying.ts'
import type { Decoded, Message } from './decoders/index.ts'

const END = {
  kind: 'end',
  from: 'server',
  streamId: 1,
  wireBytes: 1,
} as const satisfies Message

function chosen({ watched = true, key = 7 } = {}) {
  const modes: string[] = []
  const streams = source<StreamEvent>({})
  const decoded = source<Decoded>({})
  const connection = { ...sampleExchange().connection, key, received: { capturedBytes: 0, missingBytes: 0 } }
  chooseCopying({ setMode: (of, mode) => void modes.push(`${of} ${mode}`) }, streams, decoded, () => watched)
  return { modes, streams, connection, tell }

  function tell(message: Message, receivedBytes: number): void {
    connection.received.capturedBytes = receivedBytes
    decoded.emit({ connection, at: 0, protocol: 'http1', messages: [message] })
  }
}

test('a decoded connection is copied on, however much it moves', () => {
  const { modes, tell } = chosen()
  for (let megabytes = 0; megabytes <= 64; megabytes += 1) tell(END, megabytes << 20)
  expect(modes).toEqual(Array.from({ length: 8 }, () => '7 whole'))
})

test('a short connection costs the kernel nothing', () => {
  const { modes, tell } = chosen()
  tell(END, 1000)
  expect(modes).toEqual([])
})

test('what turned out not to be decoded is left alone', () => {
  const { modes, tell } = chosen()
  tell({ kind: 'opaque', why: 'upgrade' }, 1 << 30)
  expect(modes).toEqual(['7 ignore'])
})

test('what went on as another protocol is copied on, until that leads nowhere', () => {
  const { modes, tell } = chosen()
  const request = { kind: 'request', streamId: 1, version: '', method: '', target: '', headers: [] } as const
  const response = {
    kind: 'response',
    streamId: 1,
    version: '',
    status: 101,
    reason: '',
    headers: [],
  } as const
  tell({ kind: 'switch', switched: { to: 'websocket', request, response } }, 9 << 20)
  const piece = { kind: 'piece', streamId: 2, from: 'server', type: 'text', wireBytes: 1 } as const
  tell({ ...piece, bytes: new Uint8Array(1), ends: true, cut: false }, 17 << 20)
  expect(modes).toEqual(['7 whole', '7 whole'])
  tell({ kind: 'opaque', why: 'tunnel' }, 18 << 20)
  expect(modes.at(-1)).toBe('7 ignore')
})

test('where no stack sees exchanges, a connection is left alone once it is known what it carries', () => {
  const { modes, streams, connection, tell } = chosen({ watched: false })
  streams.emit({ kind: 'opened', connection, at: 0 })
  expect(modes).toEqual([])
  tell(END, 1000)
  expect(modes).toEqual(['7 ignore'])
})

test('TLS that cannot be read is left alone', () => {
  const { modes, streams, connection } = chosen()
  streams.emit({ kind: 'unreadable', connection, at: 0 })
  expect(modes).toEqual(['7 ignore'])
})

test('where somebody wants to know when bytes pass, the beginnings of calls are copied on', () => {
  const modes: string[] = []
  const streams = source<StreamEvent>({})
  const decoded = source<Decoded>({})
  const { connection } = sampleExchange()
  const capture = { setMode: (key: number, mode: string) => void modes.push(`${key} ${mode}`) }
  chooseCopying(capture, streams, decoded, () => true, 'heads')
  streams.emit({ kind: 'unreadable', connection, at: 0 })
  const messages = [{ kind: 'opaque', why: 'upgrade' }] as const
  decoded.emit({ connection, at: 0, protocol: 'unknown', messages })
  expect(modes).toEqual([`${connection.key} heads`, `${connection.key} heads`])
})
