import { expect, test } from 'vitest'
import { someConnection } from '../../test/support/some-connection.ts'
import { protocolWord } from './protocol-word.ts'

test.for([
  ['http1', 'http1'],
  ['http2', 'http2'],
  ['grpc', 'grpc'],
  ['dns', 'dns'],
  ['websocket', 'http1'],
  ['something', undefined],
  [undefined, undefined],
] as const)('%s is reported as %s', ([protocol, word]) => {
  expect(protocolWord(someConnection({ protocol }))).toBe(word)
})
