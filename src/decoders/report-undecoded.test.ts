import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { type Log, source } from '../base/index.ts'
import type { Decoded } from './decode.ts'
import type { Message } from './message.ts'
import { reportUndecoded } from './report-undecoded.ts'

const { connection } = sampleExchange()

function saidOf(...events: readonly (readonly [protocol: string, last: Message])[]): string[] {
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const decoded = source<Decoded>({})
  reportUndecoded(decoded, log)
  for (const [protocol, last] of events) decoded.emit({ connection, at: 0, protocol, messages: [last] })
  return said
}

const TUNNEL = { kind: 'opaque', why: 'tunnel' } as const satisfies Message
const NOT_THIS = { kind: 'opaque', why: 'not this protocol' } as const satisfies Message

test('a program is told of once for each reason', () => {
  expect(saidOf(['http1', TUNNEL], ['http2', NOT_THIS], ['http1', TUNNEL], ['http2', NOT_THIS])).toEqual([
    'what passes through a CONNECT tunnel is not shown',
    'HTTP/2 is not decoded yet: exchanges of this program are not shown',
  ])
})

test('protocols that nobody names, and connections that turn to another one, are not told of', () => {
  expect(saidOf(['unknown', NOT_THIS], ['http1', { kind: 'opaque', why: 'upgrade' }])).toEqual([])
})
