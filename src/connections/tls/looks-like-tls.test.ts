import { expect, test } from 'vitest'
import { looksLikeTls } from './looks-like-tls.ts'

test.each([
  ['a ClientHello', '160301020001', 'yes'],
  ['a ServerHello', '160303005a02', 'yes'],
  ['application data, the handshake being missed', '1703030045', 'yes'],
  ['nothing yet', '', 'more'],
  ['the first byte of a handshake', '16', 'more'],
  ['a header without its message', '1603010200', 'more'],
  ['half a header of application data', '170303', 'more'],
  ['a certificate first', '16030102000b', 'no'],
  ['a request in clear text', '474554202f20', 'no'],
  ['a first byte alone that is text', '47', 'no'],
  ['SSL 3 with another major version', '160203', 'no'],
  ['a record longer than any', '1703034801', 'no'],
  ['a record too short for a tag', '1703030010', 'no'],
] as const)('%s: %s is %s', (_, start, expected) => {
  expect(looksLikeTls(Buffer.from(start, 'hex'))).toBe(expected)
})
