import { expect, test } from 'vitest'
import { body, end, openScript, SCRIPT_CONNECTION } from '../../test/support/exchange-script.ts'
import type { Message } from '../decoders/index.ts'
import type { Heads } from './exchange.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const textOf = (content: Uint8Array | undefined) => Buffer.from(content ?? []).toString()

function request(streamId = 1, headers: readonly (readonly [string, string])[] = []): Message {
  const head = { version: 'HTTP/2', method: 'POST', target: '/a?b', authority: 'shop.example:8443' } as const
  return { kind: 'request', streamId, ...head, headers }
}

function response(status: number, streamId = 1): Message {
  return { kind: 'response', streamId, version: 'HTTP/2', status, reason: '', headers: [] }
}

function onlyErrors() {
  const script = openScript()
  const asked: Heads[] = []
  script.wantBodies((heads) => {
    asked.push(heads)
    return (heads.response?.status ?? 0) >= 400
  })
  return { ...script, asked }
}

test('content that nobody wants is let go when the response begins, in both directions', () => {
  const { say, exchanges, stats, asked } = onlyErrors()
  say(1, request(), body('client', bytes('question')))
  expect(stats()['bodiesHeldBytes']).toBe(8)
  say(1, response(200))
  expect(stats()['bodiesHeldBytes']).toBe(0)
  say(1, body('client', bytes('more')), body('server', bytes('answer')), end('client'), end('server'))
  expect(exchanges[0]?.request.body).toMatchObject({ wireBytes: 12, truncated: true })
  expect(exchanges[0]?.response?.body).toMatchObject({ wireBytes: 6, truncated: true })
  expect([exchanges[0]?.completeness, textOf(exchanges[0]?.request.body.bytes)]).toEqual(['complete', ''])
  expect(stats()).toMatchObject({ bodiesUnwanted: 1, bodiesHeldBytes: 0 })
  expect(asked[0]).toMatchObject({
    request: { method: 'POST', path: '/a', url: 'http://shop.example:8443/a?b' },
    response: { status: 200 },
  })
})

test('what is wanted is kept from the first byte on', () => {
  const { say, exchanges } = onlyErrors()
  say(1, request(), body('client', bytes('question')), response(500), body('server', bytes('sorry')))
  say(1, end('client'), end('server'))
  expect(textOf(exchanges[0]?.request.body.bytes)).toBe('question')
  expect(textOf(exchanges[0]?.response?.body.bytes)).toBe('sorry')
})

test('an exchange that gets no response keeps what was said', () => {
  const { say, exchanges, asked } = onlyErrors()
  say(1, request(), body('client', bytes('question')), end('client', 'closed'), end('server', 'closed'))
  expect([asked.length, textOf(exchanges[0]?.request.body.bytes)]).toEqual([0, 'question'])
})

test('a connection keeps nothing only while each of its exchanges keeps nothing', () => {
  const { say, keepsNothing } = onlyErrors()
  expect(keepsNothing(SCRIPT_CONNECTION)).toBe(false)
  say(1, request(1))
  expect(keepsNothing(SCRIPT_CONNECTION)).toBe(false)
  say(1, response(200, 1))
  expect(keepsNothing(SCRIPT_CONNECTION)).toBe(true)
  say(1, request(3))
  expect(keepsNothing(SCRIPT_CONNECTION)).toBe(false)
  say(1, end('client', undefined, 3), end('server', undefined, 3))
  expect(keepsNothing(SCRIPT_CONNECTION)).toBe(true)
})

test('the first request says whose connection it is, and that it carries calls', () => {
  const { say } = onlyErrors()
  SCRIPT_CONNECTION.hostName = undefined
  SCRIPT_CONNECTION.protocol = 'http2'
  say(1, request(1, [['content-type', 'application/grpc']]))
  expect([SCRIPT_CONNECTION.hostName, SCRIPT_CONNECTION.protocol]).toEqual(['shop.example', 'grpc'])
})
