import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBuffers } from './buffers.ts'
import { createFraming } from './framing.ts'

test('records come out whole, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
      (payloads, cuts) => {
        const records = payloads.map((payload) => record(23, payload))
        const { framing, found } = observe()
        const stream = Buffer.concat(records)
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1)
          framing.bytes(stream.subarray(at, end))
          at = end
        }
        expect(found).toEqual(records.map((bytes) => `record ${bytes.toString('hex')}`))
      },
    ),
  )
})

test('a gap inside one record loses that record and no other', () => {
  const { framing, found } = observe()
  const lost = record(23, new Uint8Array(100))
  const next = record(23, Uint8Array.of(1, 2, 3))
  framing.bytes(lost.subarray(0, 40))
  framing.gap(20)
  framing.gap(10)
  framing.bytes(Buffer.concat([lost.subarray(70), next]))
  expect(found).toEqual(['lost record 23 105', `record ${next.toString('hex')}`])
})

test('a gap that ends with its record leaves the next one in place', () => {
  const { framing, found } = observe()
  const lost = record(23, new Uint8Array(100))
  const next = record(23, Uint8Array.of(1, 2, 3))
  framing.bytes(lost.subarray(0, 40))
  framing.gap(65)
  framing.bytes(next)
  expect(found).toEqual(['lost record 23 105', `record ${next.toString('hex')}`])
})

test('after a gap over a record end the first proven record goes on, also when it comes in pieces', () => {
  const proven = record(23, new Uint8Array(30).fill(7))
  const after = record(23, Uint8Array.of(9))
  const misleading = Buffer.concat([
    Buffer.from('0017030300'),
    record(23, new Uint8Array(20)),
    Buffer.from('17'),
  ])
  for (const pieceBytes of [1, 3, 7, 1_000]) {
    const { framing, found } = observe(proven)
    framing.bytes(record(23, new Uint8Array(100)).subarray(0, 40))
    framing.gap(500)
    const stream = Buffer.concat([misleading, proven, after])
    for (let at = 0; at < stream.length; at += pieceBytes) framing.bytes(stream.subarray(at, at + pieceBytes))
    expect(found).toEqual([
      'lost records 500',
      `proven ${proven.toString('hex')}`,
      `record ${after.toString('hex')}`,
    ])
  }
})

test('bytes that are no record are told as a loss, and the search begins with them', () => {
  const proven = record(23, new Uint8Array(30).fill(7))
  for (const cut of [1, 3, 5, 9, 40]) {
    const { framing, found } = observe(proven)
    const stream = Buffer.concat([Buffer.from('no record'), proven])
    framing.bytes(stream.subarray(0, cut))
    framing.bytes(stream.subarray(cut))
    expect(found).toEqual(['lost records 0', `proven ${proven.toString('hex')}`])
  }
})

function record(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type, 3, 3, payload.length >> 8, payload.length & 255), payload])
}

function observe(provable?: Uint8Array) {
  const found: string[] = []
  const framing = createFraming(
    {
      record: (bytes, at, length) => found.push(`record ${hex(bytes, at, length)}`),
      lostRecord: (type, length) => found.push(`lost record ${type} ${length}`),
      lostRecords: (missingBytes) => found.push(`lost records ${missingBytes}`),
      prove(bytes, at, length) {
        const proves =
          provable !== undefined && hex(bytes, at, length) === Buffer.from(provable).toString('hex')
        if (proves) found.push(`proven ${hex(bytes, at, length)}`)
        return proves
      },
    },
    createBuffers(),
  )
  return { framing, found }
}

function hex(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.subarray(at, at + length)).toString('hex')
}
