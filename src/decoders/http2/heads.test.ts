import { expect, test } from 'vitest'
import { playStep, type Step } from '../../../test/support/decoder-script.ts'
import { OPENING, WHOLE } from '../../../test/support/http2-connection.ts'
import { frame, get, openFieldWriter, status } from '../../../test/support/http2-frames.ts'
import type { Message } from '../message.ts'
import { http2 } from './decoder.ts'

test('pseudo fields are not among the headers (§8.3)', () => {
  const [request, , response] = told([
    ['>', frame('HEADERS', WHOLE, 1, openFieldWriter().block(get('/p', ['a', 'b'])))],
    ['<', frame('HEADERS', WHOLE, 1, openFieldWriter().block(status(204, ['c', 'd'])))],
  ])
  expect(request).toEqual({
    kind: 'request',
    streamId: 1,
    version: 'HTTP/2',
    method: 'GET',
    target: '/p',
    scheme: 'https',
    authority: 'x.example',
    headers: [['a', 'b']],
    doubts: undefined,
  })
  expect(response).toEqual({
    kind: 'response',
    streamId: 1,
    version: 'HTTP/2',
    status: 204,
    reason: '',
    headers: [['c', 'd']],
    doubts: undefined,
  })
})

test.for<readonly [string, readonly (readonly [string, string])[], string]>([
  ['a pseudo field twice', [...get('/a'), [':path', '/b']], 'several :path'],
  ['pseudo fields behind others', [['a', 'b'], ...get('/a')], 'pseudo fields among the others'],
  ['another host', get('/a', ['host', 'y.example']), 'Host differs from :authority'],
  ['a line end', get('/a', ['b', 'c\r\nd: e']), 'control character in a field'],
  ['outer white space', get('/a', ['b', 'c ']), 'outer white space in a field'],
  [
    'a transfer coding',
    get('/a', ['transfer-encoding', 'chunked']),
    'Transfer-Encoding has no meaning in HTTP/2',
  ],
  ['no path', [[':method', 'GET']], 'no :path'],
])('%s is doubted (§8.2, §8.3)', ([, headers, doubt]) => {
  const [request] = told([['>', frame('HEADERS', WHOLE, 1, openFieldWriter().block(headers))]])
  expect(request).toMatchObject({ method: 'GET', doubts: { ambiguous: [doubt], unknownFields: [] } })
  expect(JSON.stringify(request)).not.toContain('[":')
})

function told(steps: readonly Step[]): readonly Message[] {
  const decoder = http2.open({ joinedLate: false })
  return [...OPENING, ...steps].flatMap((step) => playStep(decoder, step))
}
