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
  chooseCopying({ setMode: (of, mode) => void modes.push(`${of} ${mode}`) }, streams, decoded, watched)
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

test.each([
  [true, []],
  [false, ['7 ignore']],
])('with a stack: %s, a connection that opens gives %j', (watched, expected) => {
  const { modes, streams, connection } = chosen({ watched })
  streams.emit({ kind: 'opened', connection, at: 0 })
  expect(modes).toEqual(expected)
})

test('TLS that cannot be read is left alone', () => {
  const { modes, streams, connection } = chosen()
  streams.emit({ kind: 'unreadable', connection, at: 0 })
  expect(modes).toEqual(['7 ignore'])
})
