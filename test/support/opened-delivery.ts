import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { openDelivery } from '../../src/stores/delivery/delivery.ts'
import type { DeliveryLimits, DeliveryOptions, ReliableDelivery } from '../../src/stores/delivery/parcel.ts'
import { createFakeBackend, DELIVERED, type FakeBackend, optionsFor, parcelOf } from './fake-backend.ts'

export let folder: string
export let backend: FakeBackend
let opened: ReliableDelivery[]

/** To be called once by a file of tests: gives each a folder, a backend, and timers of its own. */
export function eachWithBackend(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qtap-delivery-'))
    backend = createFakeBackend()
    opened = []
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
    vi.spyOn(Math, 'random').mockReturnValue(1)
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    backend.answer = () => DELIVERED
    await Promise.all(opened.map((delivery) => delivery.close(5_000)))
    rmSync(folder, { recursive: true })
  })
}

export async function open(limits: Partial<DeliveryLimits> = {}, more: Partial<DeliveryOptions> = {}) {
  const options = { ...optionsFor(backend, undefined, limits), ...more }
  const delivery = await openDelivery(options)
  opened.push(delivery)
  return { delivery, said: options.said }
}

export function spooled(limits: Partial<DeliveryLimits> = {}, more: Partial<DeliveryOptions> = {}) {
  return open(limits, { spoolFolder: join(folder, 'spool'), ...more })
}

export function addAll(delivery: ReliableDelivery, numbers: readonly number[], length?: number): void {
  for (const number of numbers) delivery.add(parcelOf(number, length))
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
}

/** Lets files be read, and what follows happen. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const endNs = process.hrtime.bigint() + 20_000_000_000n
  while (!condition() && process.hrtime.bigint() < endNs) await new Promise(setImmediate)
  expect(condition(), what).toBe(true)
}

export async function pass(ms: number): Promise<void> {
  await settle()
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

export async function closeNow(delivery: ReliableDelivery): Promise<void> {
  const closing = delivery.close(5_000)
  await pass(5_000)
  await closing
}
