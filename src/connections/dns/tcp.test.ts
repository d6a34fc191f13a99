import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dnsResponse, framedDns } from '../../../test/support/dns-messages.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { readDnsMessage } from './message.ts'
import { DnsOverTcp, noDnsHeld } from './tcp.ts'

function openReader(held = noDnsHeld()) {
  const messages: string[] = []
  const reader = new DnsOverTcp(held, (message) =>
    messages.push(`${readDnsMessage(message)?.question} ${message.length}`),
  )
  return { reader, messages, held }
}

test('messages come out whole, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
      (counts, cuts) => {
        const { reader, messages, held } = openReader()
        const answers = counts.map((count, turn) =>
          dnsResponse(
            `n${turn}.example.com`,
            Array.from({ length: count }, () => '192.0.2.1'),
          ),
        )
        const stream = Buffer.concat(answers.map(framedDns))
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1)
          reader.bytes(stream.subarray(at, end))
          at = end
        }
        expect(messages).toEqual(answers.map(({ length }, turn) => `n${turn}.example.com ${length}`))
        expect(held.dnsHeldBytes).toBe(0)
      },
    ),
    { numRuns: runs(100) },
  )
})

test('of a message with a hole the beginning is read, and the next one behind it', () => {
  const { reader, messages } = openReader()
  const first = framedDns(dnsResponse('first.example.com', ['192.0.2.1', '192.0.2.2']))
  const next = framedDns(dnsResponse('next.example.com', ['192.0.2.3']))
  reader.bytes(first.subarray(0, 50))
  reader.gap(5)
  reader.bytes(Buffer.concat([first.subarray(55), next]))
  expect(messages).toEqual(['first.example.com 48', `next.example.com ${next.length - 2}`])
})

test('after a hole of unknown extent a chunk that begins with a message goes on', () => {
  const { reader, messages, held } = openReader()
  const answer = framedDns(dnsResponse('example.com', ['192.0.2.1']))
  reader.bytes(answer.subarray(0, 20))
  reader.gap(1_000)
  reader.bytes(answer.subarray(20))
  reader.bytes(answer)
  expect(messages).toEqual([`example.com ${answer.length - 2}`])
  expect(held.dnsHeldBytes).toBe(0)
})

test('of a long message the beginning is kept, and past the limit of all nothing', () => {
  const held = noDnsHeld()
  const { reader, messages } = openReader(held)
  const long = framedDns(
    dnsResponse(
      'example.com',
      Array.from({ length: 1_000 }, () => '192.0.2.1'),
    ),
  )
  reader.bytes(long.subarray(0, 100))
  expect(held.dnsHeldBytes).toBe(8_192)
  reader.bytes(long.subarray(100))
  expect(messages).toEqual(['example.com 8192'])
  const others = Array.from({ length: 600 }, () => openReader(held))
  for (const other of others) other.reader.bytes(long.subarray(0, 100))
  expect(held).toEqual({ dnsHeldBytes: 512 * 8_192, dnsMessagesPassed: 88 })
  for (const other of others) other.reader.bytes(long.subarray(100))
  expect(others.filter(({ messages: told }) => told.length === 1).length).toBe(512)
  expect(held.dnsHeldBytes).toBe(0)
})

test('what is held is given back at the end', () => {
  const { reader, held, messages } = openReader()
  reader.bytes(Uint8Array.of(1, 0, 5))
  reader.close()
  expect(held.dnsHeldBytes).toBe(0)
  expect(messages).toEqual([])
})
