import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sampleCall } from '../../test/support/sample-call.ts'
import { sampleBody, sampleExchange, sampleWebSocket } from '../../test/support/sample-exchange.ts'
import type { Exchange } from '../exchanges/index.ts'
import { createArtifact } from './artifact.ts'
import { createCanonicalNames } from './headers.ts'
import { createPartArtifact } from './part-artifact.ts'
import { sidesOf } from './sides.ts'
import { NO_TAG_RULES } from './tags.ts'

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

function artifactOf(
  exchange: Exchange,
  format: 'json' | 'text' = 'json',
  level: 'summary' | 'full' = 'full',
) {
  const settings = { level, format, objectStore: undefined, tags: NO_TAG_RULES }
  return createArtifact(exchange, settings, AT_MS, createCanonicalNames())
}

function jsonSides(exchange: Exchange, level: 'summary' | 'full' = 'full') {
  const artifact = artifactOf(exchange, 'json', level)
  const sides = sidesOf(artifact)
  const read = (bytes: Uint8Array | undefined) => JSON.parse(Buffer.from(bytes ?? []).toString())
  return { whole: read(artifact.data), request: read(sides?.request), response: read(sides?.response) }
}

test.each([
  ['an exchange', sampleExchange()],
  ['a call of gRPC', sampleExchange({ exchange: { grpc: sampleCall() } })],
  ['a conversation', sampleWebSocket()],
] as const)('of %s each side is the document without the other', (_name, exchange) => {
  for (const level of ['summary', 'full'] as const) {
    const { whole, request, response } = jsonSides(exchange, level)
    const { response: _response, websocket: _websocket, ...withoutResponse } = whole
    const { request: _request, ...withoutRequest } = whole
    expect(request).toEqual(withoutResponse)
    expect(response).toEqual(withoutRequest)
  }
})

test('whatever passed, the sides are told apart', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      ',"response":{',
      ',"request":{"a":1}',
      '},"transaction_time":"',
      '","websocket":{',
      '\\","response":{',
      '\nResponse:\n',
      '\nRequest:\n',
    ),
  )
  const headers = fc.array(fc.tuple(nasty, nasty), { maxLength: 4 })
  fc.assert(
    fc.property(nasty, nasty, headers, headers, fc.boolean(), (question, answer, asked, said, isLarge) => {
      const grown = (text: string) => sampleBody(isLarge && text !== '' ? text.repeat(70_000) : text)
      const exchange = sampleExchange({
        request: { body: grown(question), headers: asked, trailers: said, path: question },
        response: { body: grown(answer), headers: said, trailers: asked },
      })
      const { whole, request, response } = jsonSides(exchange)
      expect(request.request).toEqual(whole.request)
      expect(response.response).toEqual(whole.response)
      expect(request.response).toBeUndefined()
      expect(response.request).toBeUndefined()
      expect(response.transaction_time).toEqual(whole.transaction_time)

      const text = artifactOf(exchange, 'text')
      const sides = sidesOf(text)
      const [before, after] = [sides?.request ?? new Uint8Array(), sides?.response ?? new Uint8Array()]
      const data = Buffer.from(text.data)
      expect(data.subarray(0, before.length).equals(before)).toBe(true)
      const shared = data.indexOf('\nRequest:\n')
      expect(Buffer.concat([before, after.subarray(shared)]).equals(data)).toBe(true)
      expect(Buffer.from(after.subarray(shared)).toString('latin1')).toMatch(/^\nResponse:\n {2}Status: /)
    }),
    { numRuns: 60 },
  )
})

test('a part of an exchange has no sides', () => {
  const part = createPartArtifact(sampleExchange(), 'res-body', NO_TAG_RULES, AT_MS, createCanonicalNames())
  expect(part && sidesOf(part)).toBeUndefined()
})
