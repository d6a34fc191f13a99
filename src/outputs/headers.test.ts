import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { createCanonicalNames, requestHeaders, responseHeaders } from './headers.ts'

test.each([
  ['user-agent', 'User-Agent'],
  ['USER-AGENT', 'User-Agent'],
  ['x-b3-traceid', 'X-B3-Traceid'],
  ['etag', 'Etag'],
  ['3d-name', '3d-Name'],
  ['not a token', 'not a token'],
  ['-', '-'],
])('%s is written %s', (wire, canonical) => {
  const canonicalName = createCanonicalNames()
  expect([canonicalName(wire), canonicalName(wire)]).toEqual([canonical, canonical])
})

test('names beyond the limit of the cache are still right', () => {
  const canonicalName = createCanonicalNames()
  for (let name = 0; name < 2000; name += 1) canonicalName(`x-${name}`)
  expect(canonicalName('content-type')).toBe('Content-Type')
})

test('pseudo headers come first and are made, not copied; the path has no query', () => {
  const { request } = sampleExchange({
    request: {
      headers: [
        [':path', '/wire?x=1'],
        ['host', 'h'],
      ],
    },
  })
  expect(Object.entries(requestHeaders(request, createCanonicalNames()))).toEqual([
    [':authority', 'api.example.com'],
    [':method', 'GET'],
    [':path', '/v1/items'],
    [':scheme', 'https'],
    ['Host', 'h'],
  ])
})

test('repeated headers are joined by a comma, cookies by a semicolon, and Set-Cookie becomes a list', () => {
  const headers = [
    ['set-cookie', 'a=1, x'],
    ['vary', 'accept'],
    ['Set-Cookie', 'b=2'],
    ['Vary', 'origin'],
    ['set-cookie', 'c=3'],
    ['cookie', 'd=4'],
    ['cookie', 'e=5'],
  ] as const
  const { response } = sampleExchange({ response: { headers } })
  if (response === undefined) throw new Error('the sample has a response')
  expect({ ...responseHeaders(response, 'http2', createCanonicalNames()) }).toEqual({
    ':status': '200',
    'Set-Cookie': ['a=1, x', 'b=2', 'c=3'],
    Vary: 'accept, origin',
    Cookie: 'd=4; e=5',
  })
})

test('a header called __proto__ is a header', () => {
  const { request } = sampleExchange({
    request: {
      headers: [
        ['__proto__', 'a'],
        ['__PROTO__', 'b'],
      ],
    },
  })
  const json = JSON.stringify(requestHeaders(request, createCanonicalNames()))
  expect(json).toContain('"__proto__":"a, b"')
})

test('HTTP/1 responses show their transfer coding as a pseudo header too', () => {
  const { response } = sampleExchange({ response: { headers: [['Transfer-Encoding', 'chunked']] } })
  if (response === undefined) throw new Error('the sample has a response')
  const expected = { ':status': '200', ':transfer-encoding': 'chunked', 'Transfer-Encoding': 'chunked' }
  expect({ ...responseHeaders(response, 'http1', createCanonicalNames()) }).toEqual(expected)
  expect(responseHeaders(response, 'http2', createCanonicalNames())).not.toHaveProperty(':transfer-encoding')
})
