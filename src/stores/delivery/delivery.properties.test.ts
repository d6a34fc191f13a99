import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  countTo,
  createFakeBackend,
  DELIVERED,
  DOWN,
  type FakeBackend,
  optionsFor,
  parcelOf,
  REFUSED,
} from '../../../test/support/fake-backend.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { openDelivery } from './delivery.ts'
import type { DeliveryLimits, Outcome, ReliableDelivery } from './parcel.ts'

const WAIT_NS = 20_000_000_000n

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'qtap-delivery-'))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(root, { recursive: true })
})

type Step =
  | { readonly kind: 'add'; readonly lengths: readonly number[] }
  | { readonly kind: 'turns'; readonly count: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'backend'; readonly is: 'up' | 'down' | 'flaky' }
  | { readonly kind: 'restart' }

const length = fc.oneof({ weight: 8, arbitrary: fc.nat(600) }, { weight: 1, arbitrary: fc.nat(9_000) })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add'), lengths: fc.array(length, { minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant('turns'), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(10, 300, 1_000, 20_000) }),
  fc.record({ kind: fc.constant('backend'), is: fc.constantFrom('up', 'down', 'flaky') }),
  fc.record({ kind: fc.constant('restart') }),
)
const limits = fc.record({
  batchCountMax: fc.constantFrom(1, 7, 50),
  inFlightMax: fc.constantFrom(1, 4),
  queueCountMax: fc.constantFrom(60, 1_000),
  spoolBytesMax: fc.constantFrom(60_000, 4_000_000),
})

/** Where the backend takes each `badEvery`th parcel never, and fails when the chances of the run say so. */
function backendOf(chances: readonly number[], badEvery: number) {
  const backend = createFakeBackend()
  let state: 'up' | 'down' | 'flaky' = 'up'
  let turn = 0
  backend.answer = async (numbers) => {
    turn += 1
    const chance = chances[turn % chances.length] ?? 0
    for (let turns = chance % 4; turns > 0; turns -= 1) await new Promise(setImmediate)
    return answer(numbers, chance)
  }
  return { backend, set }

  function set(next: typeof state): void {
    state = next
  }

  function answer(numbers: readonly number[], chance: number): Outcome {
    if (state === 'down' || (state === 'flaky' && chance < 40)) return DOWN
    if (numbers.some((number) => number % badEvery === badEvery - 1)) return REFUSED
    return DELIVERED
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

async function untilIdle(delivery: ReliableDelivery): Promise<void> {
  const endNs = process.hrtime.bigint() + WAIT_NS
  const isIdle = () => waiting(delivery) === 0 && delivery.stats['inFlight'] === 0
  while (!isIdle() && process.hrtime.bigint() < endNs) {
    vi.advanceTimersByTime(1_000)
    await turns(4)
  }
  expect(isIdle(), JSON.stringify(delivery.stats)).toBe(true)
}

function waiting({ stats }: ReliableDelivery): number {
  const { taken = 0, spoolFound = 0, delivered = 0, refused = 0, lost = 0 } = stats
  const { droppedByQueue = 0, droppedBySpool = 0, spoolDamaged = 0 } = stats
  return taken + spoolFound - delivered - refused - lost - droppedByQueue - droppedBySpool - spoolDamaged
}

async function close(delivery: ReliableDelivery): Promise<void> {
  let isClosed = false
  const closing = delivery.close(5_000).then(() => {
    isClosed = true
  })
  while (!isClosed) {
    vi.advanceTimersByTime(100)
    await turns(2)
  }
  await closing
}

async function play(
  steps: readonly Step[],
  limitsOfRun: Partial<DeliveryLimits>,
  run: { backend: FakeBackend; set: (state: 'up' | 'down' | 'flaky') => void },
  folder: string | undefined,
) {
  const sums = { dropped: 0, refused: 0, lost: 0 }
  const open = () => openDelivery(optionsFor(run.backend, folder, limitsOfRun))
  let delivery = await open()
  let added = 0
  for (const one of steps) {
    if (one.kind === 'add') for (const bytes of one.lengths) delivery.add(parcelOf(added++, bytes))
    else if (one.kind === 'turns') await turns(one.count)
    else if (one.kind === 'pass') vi.advanceTimersByTime(one.ms)
    else if (one.kind === 'backend') run.set(one.is)
    else {
      await end()
      delivery = await open()
    }
    expect(delivery.stats['queueCount']).toBeLessThanOrEqual(limitsOfRun.queueCountMax ?? 0)
    expect(delivery.stats['spoolBytes']).toBeLessThanOrEqual(limitsOfRun.spoolBytesMax ?? 0)
  }
  run.set('up')
  await untilIdle(delivery)
  await end()
  return { added, ...sums }

  async function end(): Promise<void> {
    await close(delivery)
    const { droppedByQueue = 0, droppedBySpool = 0, spoolDamaged = 0, refused = 0, lost = 0 } = delivery.stats
    expect(spoolDamaged).toBe(0)
    if (folder !== undefined) expect(lost).toBe(0)
    sums.dropped += droppedByQueue + droppedBySpool
    sums.refused += refused
    sums.lost += lost
  }
}

test('whatever the backend does, each parcel is delivered once or counted, and none comes twice', async () => {
  const chances = fc.array(fc.nat(99), { minLength: 5, maxLength: 30 })
  const badEvery = fc.constantFrom(13, 1_000_000)
  const steps = fc.array(step, { maxLength: 25 })
  let serial = 0
  await fc.assert(
    fc.asyncProperty(
      steps,
      limits,
      chances,
      badEvery,
      fc.boolean(),
      async (script, limit, some, bad, spools) => {
        serial += 1
        const run = backendOf(some, bad)
        const folder = spools ? join(root, String(serial)) : undefined
        const { added, dropped, refused, lost } = await play(script, limit, run, folder)
        const { received } = run.backend
        expect(new Set(received).size).toBe(received.length)
        expect(received.length + dropped + refused + lost).toBe(added)
      },
    ),
    { numRuns: runs(60) },
  )
})

test('with one batch in flight the order is kept, across outages and restarts', async () => {
  const chances = fc.array(fc.nat(99), { minLength: 5, maxLength: 30 })
  const limit = { batchCountMax: 7, inFlightMax: 1, queueCountMax: 60, spoolBytesMax: 4_000_000 }
  let serial = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), chances, async (script, some) => {
      serial += 1
      const run = backendOf(some, 1_000_000)
      const { added } = await play(script, limit, run, join(root, `o${serial}`))
      expect(run.backend.received).toEqual(countTo(added))
    }),
    { numRuns: runs(60) },
  )
})

/** What a killed agent leaves: its files as they are in this moment, the last one cut anywhere. */
function crash(folder: string, image: string, cutShare: number | undefined): number {
  cpSync(folder, image, { recursive: true, filter: (path) => !/\/lock[-.]/.test(path) })
  if (cutShare === undefined) return 0
  const last = readdirSync(image)
    .filter((name) => name.endsWith('.parcels'))
    .toSorted()
    .at(-1)
  if (last === undefined) return 0
  const size = statSync(join(image, last)).size
  const kept = Math.floor(size * cutShare)
  truncateSync(join(image, last), kept)
  return size - kept
}

test('a crash loses nothing that was taken a turn before while the backend was down', async () => {
  const adds = fc.array(fc.array(length, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 12 })
  const cut = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined })
  const limit = { batchCountMax: 7, inFlightMax: 3, queueCountMax: 1_000 }
  let serial = 0
  await fc.assert(
    fc.asyncProperty(adds, fc.option(fc.nat(30)), cut, async (bursts, answersBefore, cutShare) => {
      serial += 1
      const folder = join(root, `c${serial}`)
      const backend = createFakeBackend()
      let answers = 0
      backend.answer = () => DOWN
      const former = await openDelivery(optionsFor(backend, folder, limit))
      former.add(parcelOf(0))
      vi.advanceTimersByTime(1_000)
      await turns(3)
      const sizes = [20]
      for (const burst of bursts) {
        for (const bytes of burst) {
          former.add(parcelOf(sizes.length, bytes))
          sizes.push(Math.max(8, bytes) + 12)
        }
        await turns(1)
      }
      // Comes back for some batches, so that the crash finds them half delivered.
      if (answersBefore !== null) {
        backend.answer = () => {
          answers += 1
          return answers > answersBefore ? new Promise(() => {}) : DELIVERED
        }
        vi.advanceTimersByTime(250)
        await turns(40)
      }
      const deliveredBefore = [...backend.received]
      const image = `${folder}-image`
      let cutBytes = crash(folder, image, cutShare)
      await close(former)

      // Parcels of which a byte is cut off count as never taken.
      let there = sizes.length
      while (cutBytes > 0 && there > 0) {
        there -= 1
        cutBytes -= sizes[there] ?? 0
      }
      const survivor = createFakeBackend()
      const next = await openDelivery(optionsFor(survivor, image, limit))
      await untilIdle(next)
      await close(next)
      const all = new Set([...deliveredBefore, ...survivor.received])
      for (let number = 0; number < there; number += 1) expect(all).toContain(number)
      expect(survivor.received).toEqual(survivor.received.toSorted((one, other) => one - other))
      // Only those under way when it crashed, and those noted with the cut file, may come again.
      if (cutShare === undefined) expect(survivor.received.length + deliveredBefore.length).toBe(sizes.length)
      expect(next.stats['spoolDamaged']).toBe(0)
    }),
    { numRuns: runs(60) },
  )
})
