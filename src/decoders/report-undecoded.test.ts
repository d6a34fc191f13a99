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

test('a program is told of once', () => {
  expect(saidOf(['unknown', TUNNEL], ['unknown', TUNNEL])).toEqual([
    'what passes through a CONNECT tunnel is of no protocol that is shown',
  ])
})

test('protocols that nobody names, and connections that turn to another one, are not told of', () => {
  const upgraded = { kind: 'opaque', why: 'upgrade' } as const
  expect(saidOf(['unknown', NOT_THIS], ['http2', NOT_THIS], ['http1', upgraded])).toEqual([])
})
