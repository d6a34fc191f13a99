import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { countTo, DELIVERED, DOWN, parcelOf, REFUSED } from '../../../test/support/fake-backend.ts'
import {
  addAll,
  backend,
  closeNow,
  eachWithBackend,
  folder,
  open,
  pass,
  settle,
  spooled,
  until,
} from '../../../test/support/opened-delivery.ts'
import type { Outcome } from './parcel.ts'

eachWithBackend()

test('while the backend is down everything goes to the spool, and comes back in order', async () => {
  backend.answer = () => DOWN
  const { delivery } = await spooled({ inFlightMax: 2 })
  addAll(delivery, countTo(45))
  await settle()
  expect(delivery.stats).toMatchObject({ queueCount: 0, spoolCount: 45 })
  for (let number = 45; number < 500; number += 5) {
    addAll(delivery, [number, number + 1, number + 2, number + 3, number + 4])
    await settle()
  }
  expect(delivery.stats).toMatchObject({ queueCount: 0, spoolCount: 500, droppedByQueue: 0 })
  backend.answer = () => DELIVERED
  await pass(250)
  await until(() => backend.received.length === 500, 'all delivered')
  expect(backend.received).toEqual(countTo(500))
  expect(delivery.stats).toMatchObject({ delivered: 500, spoolCount: 0, spoolBytes: 0 })
  addAll(delivery, [500])
  await pass(1_000)
  expect(backend.received).toEqual(countTo(501))
  expect(readdirSync(join(folder, 'spool')).toSorted()).toEqual([expect.stringMatching(/^lock-/), 'position'])
})

test('large batches go to the spool by pieces, and come from it as if at once', async () => {
  backend.answer = () => DOWN
  const { delivery } = await spooled({
    batchBytesMax: 8_000_000,
    batchCountMax: 3_000,
    inFlightMax: 2,
    queueBytesMax: 64_000_000,
    queueCountMax: 10_000,
    spoolBytesMax: 64_000_000,
  })
  addAll(delivery, countTo(7_000), 2_000)
  await until(() => delivery.stats['spoolCount'] === 7_000, 'all kept')
  backend.answer = (numbers) => (numbers.includes(1_700) ? REFUSED : DELIVERED)
  await pass(250)
  await until(() => delivery.stats['spoolCount'] === 0, 'all delivered')
  expect(backend.received.toSorted((one, other) => one - other)).toEqual(
    countTo(7_000).filter((number) => number !== 1_700),
  )
  expect(delivery.stats).toMatchObject({ taken: 7_000, delivered: 6_999, refused: 1, spoolBytes: 0 })
})

test('a large batch that is delivered while it goes to the spool does not come again', async () => {
  const answers: ((outcome: Outcome) => void)[] = []
  backend.answer = () => new Promise((resolve) => answers.push(resolve))
  const { delivery } = await spooled({
    batchBytesMax: 8_000_000,
    batchCountMax: 3_000,
    inFlightMax: 2,
    queueBytesMax: 64_000_000,
    queueCountMax: 10_000,
    spoolBytesMax: 64_000_000,
  })
  const busy = vi.spyOn(performance, 'now')
  addAll(delivery, countTo(6_500), 2_000)
  await settle()
  // Each look at the clock says that a turn has lasted long enough: one piece goes in each.
  let ms = 0
  busy.mockImplementation(() => {
    ms += 10
    return ms
  })
  answers[1]?.(DOWN)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(delivery.stats['spoolCount']).toBeGreaterThan(0)
  expect(delivery.stats['spoolCount']).toBeLessThan(3_000)
  backend.answer = () => DELIVERED
  answers[0]?.(DELIVERED)
  vi.advanceTimersByTime(1_000)
  await until(() => delivery.stats['delivered'] === 6_500, 'all delivered')
  expect(delivery.stats).toMatchObject({ spoolCount: 0, spoolBytes: 0, queueCount: 0 })
  expect(backend.received.length).toBe(6_500 - 3_000 + backend.received.filter((n) => n < 3_000).length)
  expect(new Set(backend.received).size).toBe(backend.received.length)
})

test('only the owner can look into a spool', async () => {
  backend.answer = () => DOWN
  const { delivery } = await spooled()
  addAll(delivery, countTo(10))
  await settle()
  const spool = join(folder, 'spool')
  expect(statSync(spool).mode & 0o777).toBe(0o700)
  const [segment] = readdirSync(spool).filter((name) => name.endsWith('.parcels'))
  expect(statSync(join(spool, String(segment))).mode & 0o777).toBe(0o600)
  expect(statSync(join(spool, 'position')).mode & 0o777).toBe(0o600)
})

test('what does not fit into the queue of a slow backend goes to the spool', async () => {
  const answers: (() => void)[] = []
  backend.answer = () => new Promise((resolve) => answers.push(() => resolve(DELIVERED)))
  const { delivery } = await spooled()
  addAll(delivery, countTo(10))
  await settle()
  addAll(
    delivery,
    countTo(490).map((number) => number + 10),
  )
  expect(delivery.stats['queueCount']).toBeLessThanOrEqual(100)
  await settle()
  expect(delivery.stats).toMatchObject({ spoolCount: 500, queueCount: 0, droppedByQueue: 0 })
  backend.answer = () => DELIVERED
  answers[0]?.()
  await until(() => backend.received.length === 500, 'all delivered')
  expect(backend.received).toEqual(countTo(500))
})

test('a full spool drops the oldest, and counts them', async () => {
  backend.answer = () => DOWN
  const { delivery, said } = await spooled({ spoolBytesMax: 200_000, batchCountMax: 1 })
  for (let number = 0; number < 1_000; number += 1) {
    addAll(delivery, [number], 1_000)
    if (number % 20 === 0) await settle()
  }
  await settle()
  expect(delivery.stats['spoolBytes']).toBeLessThanOrEqual(200_000)
  expect(delivery.stats['spoolBytes']).toBeGreaterThan(150_000)
  const dropped = delivery.stats['droppedBySpool'] ?? 0
  // The first is under way.
  backend.answer = () => DELIVERED
  await pass(250)
  await until(() => backend.received.length === 1_000 - dropped, 'the rest delivered')
  expect(backend.received).toEqual([0, ...countTo(999 - dropped).map((number) => number + 1 + dropped)])
  expect(said.map(([message]) => message)).toContain('a store drops its oldest outputs')
})

test('a parcel larger than the spool is counted, and no other is lost by it', async () => {
  backend.answer = () => DOWN
  const { delivery } = await spooled({ spoolBytesMax: 100_000, queueBytesMax: 1_000_000 })
  addAll(delivery, countTo(10))
  await settle()
  addAll(delivery, [10])
  addAll(delivery, [11], 200_000)
  addAll(delivery, [12])
  await settle()
  expect(delivery.stats).toMatchObject({ droppedBySpool: 1, spoolCount: 12, queueCount: 0 })
})

test('what a former run has left comes first', async () => {
  backend.answer = () => DOWN
  const former = await spooled()
  addAll(former.delivery, countTo(25))
  await settle()
  await closeNow(former.delivery)
  const { delivery } = await spooled()
  expect(delivery.stats).toMatchObject({ spoolFound: 25, spoolCount: 25 })
  backend.answer = () => DELIVERED
  addAll(delivery, [25, 26])
  await until(() => backend.received.length >= 25, 'what was left is delivered')
  vi.advanceTimersByTime(1_000)
  await until(() => backend.received.length === 27, 'the new ones are delivered')
  expect(backend.received).toEqual(countTo(27))
})

test('receipts outlive the agent', async () => {
  backend.answer = () => DOWN
  const former = await spooled()
  former.delivery.add(parcelOf(1), Buffer.from('one'))
  await pass(1_000)
  await closeNow(former.delivery)
  backend.answer = () => DELIVERED
  const receipts: string[] = []
  await spooled({}, { onDelivered: (receipt) => receipts.push(Buffer.from(receipt).toString()) })
  await until(() => receipts.length > 0, 'handed back')
  expect(receipts).toEqual(['one'])
})

test('a folder in use is waited for, and what its user leaves is delivered', async () => {
  backend.answer = () => DOWN
  const former = await spooled()
  addAll(former.delivery, countTo(20))
  await settle()
  const next = await spooled()
  addAll(next.delivery, [20, 21])
  expect(next.delivery.stats['spoolCount']).toBe(0)
  await closeNow(former.delivery)
  backend.answer = () => DELIVERED
  vi.advanceTimersByTime(1_000)
  await until(() => next.delivery.stats['spoolFound'] === 20, 'opened')
  vi.advanceTimersByTime(30_000)
  await until(() => backend.received.length === 22, 'all delivered')
  expect(backend.received.toSorted((one, other) => one - other)).toEqual(countTo(22))
  expect(next.said.map(([message]) => message)).not.toContain('outputs cannot be kept on disk')
})

test('a folder that cannot be used is told of once, and memory has to do', async () => {
  const { delivery, said } = await open({}, { spoolFolder: '/dev/null/spool' })
  backend.answer = () => DOWN
  addAll(delivery, countTo(300))
  await pass(100_000)
  expect(delivery.stats).toMatchObject({ droppedByQueue: 200, spoolCount: 0 })
  const told = said.filter(([message]) => message === 'outputs cannot be kept on disk')
  expect(told).toEqual([['outputs cannot be kept on disk', { store: 'otel', why: 'ENOTDIR' }]])
})
