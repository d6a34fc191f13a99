import { expect, test } from 'vitest'
import { body, end, openScript } from '../../test/support/exchange-script.ts'
import type { Message } from '../decoders/index.ts'

const SECOND = 1e9

function request(streamId = 1): Message {
  return {
    kind: 'request',
    streamId,
    version: 'HTTP/2',
    method: 'POST',
    target: '/v1/chat?stream',
    authority: 'llm.example',
    scheme: 'https',
    headers: [
      ['host', 'llm.example'],
      ['content-type', 'application/json'],
    ],
  }
}

const RESPONSE: Message = {
  kind: 'response',
  streamId: 1,
  version: 'HTTP/2',
  status: 200,
  reason: '',
  headers: [['content-type', 'text/event-stream']],
}

test('an exchange of 35 s has three progress events, each saying how far it was', () => {
  const { say, pass, exchanges, progress, stats } = openScript()
  say(2.5, request(), body('client', Buffer.alloc(7)), end('client'))
  pass(3, 13)
  say(14, RESPONSE, body('server', Buffer.alloc(100)))
  pass(14, 25)
  say(26, body('server', Buffer.alloc(50)))
  pass(26, 37)
  say(37.5, end('server'))
  pass(38, 60)

  expect(exchanges).toHaveLength(1)
  expect(progress.map(({ at }) => at / SECOND)).toEqual([12.5, 22.5, 32.5])
  expect(progress.map(({ response }) => response?.status)).toEqual([undefined, 200, 200])
  expect(progress.map(({ requestBytes, responseBytes }) => [requestBytes, responseBytes])).toEqual([
    [7, 0],
    [7, 100],
    [7, 150],
  ])
  expect(progress.map(({ lastAt }) => lastAt / SECOND)).toEqual([2.5, 14, 26])
  expect(progress[1]).toMatchObject({
    id: 'id-2500',
    connection: { id: 'c' },
    startedAt: 2.5 * SECOND,
    respondedAt: 14 * SECOND,
    request: { method: 'POST', path: '/v1/chat' },
    grpc: undefined,
  })
  expect(stats()).toMatchObject({ progressTold: 3, progressSkipped: 0 })
})

test('a short exchange has none', () => {
  const { say, pass, progress } = openScript()
  for (let second = 1; second < 60; second += 9) {
    say(second, request())
    pass(second, second + 8)
    say(second + 8.9, RESPONSE, end('client'), end('server'))
  }
  expect(progress).toEqual([])
})

test('every exchange has its own turn, whenever it began and whatever others do', () => {
  const { say, pass, progress } = openScript()
  const begun = new Map<string, number>()
  let second = 0
  for (let streamId = 1; streamId <= 60; streamId += 1) {
    const from = second
    say(from + 0.3, request(streamId))
    begun.set(`id-${from * 1000 + 300}`, from)
    // Every third is short.
    if (streamId % 3 === 0)
      say(from + 0.4, end('client', undefined, streamId), end('server', undefined, streamId))
    second += 1
    pass(second, second)
  }
  for (const [id, from] of begun) {
    const told = progress.filter((one) => one.id === id).map(({ at }) => Math.round(at / SECOND - 0.3))
    const isShort = (from + 1) % 3 === 0
    const due = Array.from({ length: 10 }, (_, turn) => from + 10 * (turn + 1))
    expect(told).toEqual(isShort ? [] : due.filter((at) => at + 0.3 <= second))
  }
})

test('when time jumps, one progress stands for those that were missed', () => {
  const { say, pass, progress } = openScript()
  say(1, request())
  pass(2, 2)
  pass(100, 100)
  pass(100, 101)
  expect(progress.map(({ at }) => at / SECOND)).toEqual([91, 101])
})

test('of too many at once the rest is counted, and told at its next turn', () => {
  const { say, pass, progress, stats } = openScript()
  for (let streamId = 1; streamId <= 1100; streamId += 1) say(5, request(streamId))
  pass(6, 16)
  expect(progress).toHaveLength(1000)
  expect(stats()).toMatchObject({ progressTold: 1000, progressSkipped: 100, exchangesOpen: 1100 })
  for (let streamId = 1; streamId <= 1000; streamId += 1)
    say(17, end('client', undefined, streamId), end('server', undefined, streamId))
  pass(17, 26)
  expect(progress).toHaveLength(1100)
})

test('the exchange open longest is the one let go, whichever second it began in', () => {
  const { say, exchanges } = openScript({ exchangesOpenMax: 3 })
  const began = [19, 20, 23, 31, 45]
  for (const [index, second] of began.entries()) say(second, request(index + 1))
  expect(exchanges.map(({ startedAt }) => startedAt / SECOND)).toEqual([19, 20])
})

test('a call of gRPC tells its messages, and no status before its end', () => {
  const { say, pass, progress } = openScript()
  const head = { ...request(), headers: [['content-type', 'application/grpc']] } as Message
  say(1, head, body('client', Buffer.from([0, 0, 0, 0, 1, 9])), RESPONSE)
  say(2, body('server', Buffer.alloc(15)))
  pass(3, 11)
  expect(progress[0]?.grpc).toMatchObject({ status: undefined, requestMessages: 1, responseMessages: 3 })
  expect(progress[0]?.messages).toEqual({
    client: { count: 1, missed: false },
    server: { count: 3, missed: false },
  })
})
