import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dnsResponse, framedDns } from '../../../test/support/dns-messages.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { looksLikeDns, readDnsMessage } from './message.ts'

test('an answer gives the addresses of the name that was asked for, in lower case', () => {
  const response = dnsResponse('API.Example.com', ['192.0.2.1', '2001:db8::1', '::ffff:c000:202'], { id: 9 })
  expect(readDnsMessage(response)).toEqual({
    id: 9,
    isResponse: true,
    question: 'api.example.com',
    addresses: ['192.0.2.1', '2001:db8::1', '192.0.2.2'],
  })
})

test('aliases lead to the name that was asked for, compressed or not', () => {
  for (const compressed of [true, false]) {
    const aliases = ['cdn.example.net', '_edge.cdn.example.net', 'a.b.c']
    const response = dnsResponse('www.example.com', ['192.0.2.1'], { aliases, compressed })
    expect(readDnsMessage(response)).toMatchObject({
      question: 'www.example.com',
      addresses: ['192.0.2.1'],
    })
  }
})

test('addresses of other names are not believed', () => {
  const stranger = dnsResponse('other.example.com', ['192.0.2.66'], { compressed: false })
  const asked = dnsResponse('www.example.com', [])
  const [questionBytes, strangerBytes] = ['www.example.com'.length + 18, 'other.example.com'.length + 18]
  const forged = Buffer.concat([asked.subarray(0, questionBytes), stranger.subarray(strangerBytes)])
  forged[7] = 1
  // The header, a question of 4 bytes behind its name, and the record of the other name.
  expect(readDnsMessage(asked)?.addresses).toEqual([])
  expect(readDnsMessage(stranger)?.addresses).toEqual(['192.0.2.66'])
  expect(readDnsMessage(forged)).toMatchObject({ question: 'www.example.com', addresses: [] })
})

test('a question, a failure and another class say of no address what it is called', () => {
  for (const changes of [{ isResponse: false }, { code: 3 }, { class: 3 }])
    expect(readDnsMessage(dnsResponse('example.com', ['192.0.2.1'], changes))).toMatchObject({
      question: 'example.com',
      addresses: [],
    })
})

test('of a message that is cut, the records before the cut are read', () => {
  const whole = dnsResponse('example.com', ['192.0.2.1', '192.0.2.2'])
  const counts = Array.from(whole, (_, end) => readDnsMessage(whole.subarray(0, end))?.addresses.length)
  expect(counts.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => undefined))
  expect(counts.slice(12)).toEqual(counts.slice(12).toSorted((one = 0, other = 0) => one - other))
  expect(new Set(counts)).toEqual(new Set([undefined, 0, 1]))
})

test('pointers that lead forward or in a circle end the reading', () => {
  const header = [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
  for (const name of [
    [0xc0, 12],
    [1, 97, 0xc0, 12],
    [0xc0, 14, 0xc0, 12],
    [0xc0, 200],
    [0x40, 0],
    [0x80, 0],
  ])
    expect(readDnsMessage(Uint8Array.from([...header, ...name, 0, 1, 0, 1]))?.question).toBeUndefined()
})

test('bytes that names of hosts do not have cannot be taken for dots', () => {
  const response = dnsResponse('a', ['192.0.2.1'])
  response[13] = '.'.charCodeAt(0)
  expect(readDnsMessage(response)?.question).toBe('\\046')
})

test('a name is at most 255 bytes long', () => {
  const labels = (count: number) => Array.from({ length: count }, () => 'a'.repeat(62)).join('.')
  expect(readDnsMessage(dnsResponse(labels(4), ['192.0.2.1']))?.question).toBe(labels(4))
  expect(readDnsMessage(dnsResponse(labels(5), ['192.0.2.1']))?.question).toBeUndefined()
})

test('any bytes are read to an end', () => {
  const header = fc.constantFrom([0, 1, 0x81, 0x80, 0, 1, 1, 0], [0, 1, 0x81, 0x80, 0, 1, 255, 255])
  const pointers = fc.constantFrom([0xc0, 12], [0xc0, 14], [1, 97], [0])
  const tail = fc.oneof(
    fc.uint8Array({ maxLength: 4_000 }).map((bytes) => [...bytes]),
    fc.array(pointers, { maxLength: 2_000 }).map((parts) => parts.flat()),
  )
  fc.assert(
    fc.property(header, tail, (front, rest) => {
      const read = readDnsMessage(Uint8Array.from([...front, ...rest]))
      expect(read?.addresses.length ?? 0).toBeLessThanOrEqual(128)
    }),
    { numRuns: runs(300) },
  )
})

test('the beginning of a message is told from other protocols', () => {
  const query = framedDns(dnsResponse('example.com', [], { isResponse: false }))
  const response = framedDns(dnsResponse('example.com', ['192.0.2.1']))
  expect(looksLikeDns('client', query)).toBe('yes')
  expect(looksLikeDns('server', response)).toBe('yes')
  expect(looksLikeDns('server', query)).toBe('no')
  expect(looksLikeDns('client', response)).toBe('no')
  expect(looksLikeDns('client', query.subarray(0, 13))).toBe('more')
  for (const text of ['GET / HTTP/1.1\r\n', 'PRI * HTTP/2.0\r\n', 'SSH-2.0-OpenSSH_9.2'])
    expect(looksLikeDns('client', Buffer.from(text))).toBe('no')
})
