import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import type { RequestHead } from '../decoders/index.ts'
import { readTarget } from './target.ts'

const { connection } = sampleExchange()
const HEAD: RequestHead = {
  kind: 'request',
  streamId: 1,
  version: 'HTTP/2',
  method: 'GET',
  target: '/a?b',
  headers: [],
}

test.for<readonly [string, Partial<RequestHead>, string]>([
  ['pseudo fields', { scheme: 'http', authority: 'y.example:81' }, 'http://y.example:81/a?b'],
  [
    'pseudo fields before Host',
    { authority: 'y.example', headers: [['host', 'z.example']] },
    'https://y.example/a?b',
  ],
  [
    'Host without an authority',
    { scheme: 'https', headers: [['host', 'z.example']] },
    'https://z.example/a?b',
  ],
  [
    'a tunnel',
    { method: 'CONNECT', target: 'y.example:443', authority: 'y.example:443' },
    'https://y.example:443',
  ],
  [
    'a conversation inside a stream (RFC 8441)',
    { method: 'CONNECT', scheme: 'https', authority: 'y.example', target: '/chat' },
    'https://y.example/chat',
  ],
  ['no known target', { target: '', scheme: 'https', authority: 'y.example' }, 'https://y.example'],
  ['the server as such', { method: 'OPTIONS', target: '*', authority: 'y.example' }, 'https://y.example'],
])('%s make the URL', ([, head, url]) => {
  expect(readTarget(connection, { ...HEAD, ...head }).url).toBe(url)
})
