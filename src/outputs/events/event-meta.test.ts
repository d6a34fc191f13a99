import { expect, test } from 'vitest'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import { eventMeta } from './event-meta.ts'
import { ExchangeEvent } from './event-parts.ts'

test('an event about an exchange begins with its ids and tags', () => {
  const meta = eventMeta(sampleExchange(), { deployment: ['env:prod'], rules: [] })
  expect(ExchangeEvent.parse(meta)).toStrictEqual({
    connectionId: 'd654d887p3qnd27vfhag',
    endpointId: 'api.example.com',
    requestId: 'd654d8g7p3qnd27vfhb0',
    tags: ['ip:192.0.2.10', 'bin:curl', 'strategy:observe', 'host:web-1', 'protocol:http2', 'env:prod'],
  })
})
