import { expect, test } from 'vitest'
import { countTo, DELIVERED, DOWN, parcelOf, REFUSED } from '../../../test/support/fake-backend.ts'
import {
  addAll,
  backend,
  eachWithBackend,
  open,
  pass,
  settle,
  spooled,
  until,
} from '../../../test/support/opened-delivery.ts'
import type { Outcome } from './parcel.ts'

eachWithBackend()

test('batches are cut by count, by bytes and by wait', async () => {
  const { delivery } = await open({ inFlightMax: 4 })
  addAll(delivery, countTo(10))
  await settle()
  expect(backend.batches).toEqual([countTo(10)])
  addAll(delivery, [10, 11, 12], 1_900)
  await settle()
  expect(backend.batches.slice(1)).toEqual([[10, 11]])
  await pass(999)
  expect(backend.batches).toHaveLength(2)
  await pass(1)
  expect(backend.batches.slice(2)).toEqual([[12]])
  expect(delivery.stats).toMatchObject({ taken: 13, delivered: 13, batches: 3, queueCount: 0, queueBytes: 0 })
})

test('a parcel larger than a batch goes alone', async () => {
  const { delivery } = await open({ inFlightMax: 4 })
  delivery.add(parcelOf(1, 9_000))
  addAll(delivery, [2, 3])
  await pass(1_000)
  expect(backend.batches).toEqual([[1], [2, 3]])
})

test('so many batches are under way at once, and no more', async () => {
  const answers: ((outcome: Outcome) => void)[] = []
  backend.answer = () => new Promise((resolve) => answers.push(resolve))
  const { delivery } = await open({ inFlightMax: 3 })
  addAll(delivery, countTo(60))
  await settle()
  expect(delivery.stats).toMatchObject({ inFlight: 3, queueCount: 30 })
  answers[1]?.(DELIVERED)
  await settle()
  expect(delivery.stats).toMatchObject({ inFlight: 3, queueCount: 20, delivered: 10 })
  backend.answer = () => DELIVERED
  for (const answer of answers) answer(DELIVERED)
  await settle()
  expect(delivery.stats).toMatchObject({ inFlight: 0, delivered: 60 })
})

test('receipts come back for what is delivered, and not where it is not known', async () => {
  const receipts: string[] = []
  const { delivery } = await open(
    {},
    { onDelivered: (receipt) => receipts.push(Buffer.from(receipt).toString()) },
  )
  delivery.add(parcelOf(1), Buffer.from('one'))
  delivery.add(parcelOf(2))
  await pass(1_000)
  expect(receipts).toEqual(['one'])
  backend.answer = () => ({ kind: 'partly', refused: 1, why: 'too old' })
  delivery.add(parcelOf(3), Buffer.from('three'))
  delivery.add(parcelOf(4), Buffer.from('four'))
  await pass(1_000)
  expect(receipts).toEqual(['one'])
  expect(delivery.stats).toMatchObject({ delivered: 3, refused: 1, unconfirmed: 2 })
})

test('who fails to hear of a delivery does not keep others from it', async () => {
  const onDelivered = () => {
    throw new Error('bug')
  }
  const { delivery } = await open({}, { onDelivered })
  delivery.add(parcelOf(1), Buffer.from('one'))
  await pass(1_000)
  addAll(delivery, countTo(10))
  await pass(1_000)
  expect(delivery.stats).toMatchObject({ delivered: 11, inFlight: 0 })
})

test('pauses grow to half a minute, and one batch probes', async () => {
  const at: number[] = []
  const beganMs = performance.now()
  backend.answer = () => {
    at.push(Math.round(performance.now() - beganMs))
    return DOWN
  }
  const { delivery, said } = await open({ inFlightMax: 3 })
  addAll(delivery, countTo(30))
  await settle()
  expect(at).toEqual([0, 0, 0])
  for (let second = 0; second < 400; second += 1) await pass(250)
  // At once, then after 0.25, 1, 2, 4, 8, 16, 30 and 30 s.
  expect(at.slice(3)).toEqual([250, 1_250, 3_250, 7_250, 15_250, 31_250, 61_250, 91_250])
  backend.answer = () => DELIVERED
  await pass(30_000)
  expect(backend.received).toEqual(countTo(30))
  expect(delivery.stats).toMatchObject({ delivered: 30, retries: 11, droppedByQueue: 0 })
  expect(said).toEqual([
    ['a store does not take outputs', { store: 'otel', why: 'down' }],
    ['a store takes outputs again', { store: 'otel', kept: 20 }],
  ])
})

test('a pause that the backend asks for is kept', async () => {
  backend.answer = () => ({ kind: 'again', afterMs: 50_000, why: 'busy' })
  const { delivery } = await open()
  addAll(delivery, countTo(10))
  await pass(49_999)
  expect(backend.batches).toHaveLength(1)
  backend.answer = () => DELIVERED
  await pass(5_001)
  expect(backend.received).toEqual(countTo(10))
})

test('a backend that fails off and on is told of once a minute', async () => {
  let turn = 0
  backend.answer = () => {
    turn += 1
    return turn % 2 === 1 ? DOWN : DELIVERED
  }
  const { delivery, said } = await open()
  for (let second = 0; second < 59; second += 1) {
    addAll(delivery, countTo(10))
    await pass(1_000)
  }
  expect(turn).toBeGreaterThan(100)
  expect(said).toHaveLength(2)
})

test('a sender that breaks its promise is tried again', async () => {
  backend.answer = () => Promise.reject(new Error('bug'))
  const { delivery } = await open()
  addAll(delivery, countTo(10))
  await settle()
  backend.answer = () => DELIVERED
  await pass(250)
  expect(delivery.stats).toMatchObject({ delivered: 10, retries: 1 })
})

test('without a spool the oldest that wait are dropped', async () => {
  backend.answer = () => DOWN
  const { delivery, said } = await open()
  addAll(delivery, countTo(10))
  await settle()
  addAll(
    delivery,
    countTo(150).map((number) => number + 10),
  )
  expect(delivery.stats).toMatchObject({ queueCount: 100, droppedByQueue: 50 })
  backend.answer = () => DELIVERED
  await pass(250)
  expect(backend.received).toEqual([...countTo(10), ...countTo(100).map((number) => number + 60)])
  expect(said.map(([message, fields]) => [message, fields?.['why']])).toContainEqual([
    'a store drops its oldest outputs',
    'its queue is full',
  ])
})

test('the queue is bounded in bytes, too', async () => {
  backend.answer = () => DOWN
  const { delivery } = await open()
  addAll(delivery, countTo(200), 3_000)
  await settle()
  expect(delivery.stats['queueBytes']).toBeLessThanOrEqual(40_000)
  expect(delivery.stats['queueCount']).toBeGreaterThan(5)
})

test('of a refused batch only the bad parcel is lost', async () => {
  backend.answer = (numbers) => (numbers.includes(7) ? REFUSED : DELIVERED)
  const { delivery, said } = await open({ batchCountMax: 64 })
  addAll(delivery, countTo(64))
  await settle()
  expect(backend.received.toSorted((one, other) => one - other)).toEqual(countTo(64).filter((n) => n !== 7))
  expect(delivery.stats).toMatchObject({ delivered: 63, refused: 1, batches: 13 })
  expect(said).toEqual([['a store refuses outputs', { store: 'otel', why: 'bad' }]])
})

test('a backend that refuses everything is not asked for every part of it', async () => {
  backend.answer = () => REFUSED
  const { delivery } = await open({ batchCountMax: 64, queueCountMax: 10_000 })
  addAll(delivery, countTo(64 * 21))
  await settle()
  expect(delivery.stats).toMatchObject({ refused: 64 * 21, delivered: 0, inFlight: 0, queueCount: 0 })
  // 48 parts of the first, and two of each other.
  expect(delivery.stats['batches']).toBe(49 + 20 * 3)
  backend.answer = (numbers) => (numbers.includes(3) ? REFUSED : DELIVERED)
  addAll(delivery, countTo(64))
  await settle()
  expect(backend.received.toSorted((one, other) => one - other)).toEqual(countTo(64).filter((n) => n !== 3))
})

test('what is refused and not there by turns ends', async () => {
  let turn = 0
  backend.answer = (numbers) => {
    turn += 1
    if (turn % 3 === 0) return DOWN
    return numbers.includes(5) ? REFUSED : DELIVERED
  }
  const { delivery } = await spooled({ batchCountMax: 32, inFlightMax: 2 })
  addAll(delivery, countTo(32))
  for (let second = 0; second < 100 && backend.received.length < 31; second += 1) await pass(1_000)
  expect(backend.received.toSorted((one, other) => one - other)).toEqual(countTo(32).filter((n) => n !== 5))
  expect(delivery.stats).toMatchObject({ delivered: 31, refused: 1, spoolCount: 0, spoolBytes: 0 })
})

test('closing delivers what waits', async () => {
  const { delivery } = await open()
  addAll(delivery, countTo(55))
  await delivery.close(5_000)
  expect(backend.received).toEqual(countTo(55))
  expect(delivery.stats).toMatchObject({ delivered: 55, lost: 0 })
  delivery.add(parcelOf(1))
  expect(delivery.stats).toMatchObject({ taken: 56, lost: 1 })
})

test('closing takes 5 s at most, and says what is lost without a spool', async () => {
  backend.answer = () => new Promise(() => {})
  const stuck = { send: backend.sender.send, close: () => new Promise<void>(() => {}) }
  const { delivery, said } = await open({}, { sender: stuck })
  addAll(delivery, countTo(25))
  await settle()
  let isClosed = false
  const closing = delivery.close(5_000).then(() => {
    isClosed = true
  })
  await pass(4_900)
  expect(isClosed).toBe(false)
  await pass(100)
  await closing
  expect(delivery.stats).toMatchObject({ lost: 25 })
  expect(said).toEqual([['a store was closed before all was delivered', { store: 'otel', lost: 25 }]])
})

test('closing leaves in the spool what a slow backend did not take in time', async () => {
  backend.answer = () => new Promise(() => {})
  const { delivery, said } = await spooled()
  addAll(delivery, countTo(25))
  const closing = delivery.close(5_000)
  await pass(4_000)
  await closing
  expect(delivery.stats).toMatchObject({ lost: 0, spoolCount: 25 })
  expect(said).toEqual([])
  backend.answer = () => DELIVERED
  await spooled()
  await until(() => backend.received.length === 25, 'delivered by the next run')
  expect(backend.received).toEqual(countTo(25))
})

test('closing while the backend is down waits for nothing', async () => {
  backend.answer = () => DOWN
  const { delivery } = await spooled()
  addAll(delivery, countTo(25))
  await settle()
  await delivery.close(5_000)
  expect(delivery.stats).toMatchObject({ lost: 0, spoolCount: 25 })
})
