import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDelivery } from '../../src/stores/index.ts'
import { countTo, createFakeBackend, DELIVERED, DOWN, optionsFor, parcelOf } from '../support/fake-backend.ts'

const MIB = 1024 * 1024

let disk: string
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'qtap-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk])
})
afterEach(() => {
  execFileSync('umount', [disk])
  rmdirSync(disk)
})

async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 40_000
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(condition(), what).toBe(true)
}

test('a full disk is told of once; memory takes over, drops are counted, and the rest is delivered', async () => {
  const backend = createFakeBackend()
  backend.answer = () => DOWN
  const limits = {
    batchCountMax: 100,
    batchBytesMax: MIB,
    batchWaitMs: 10,
    queueBytesMax: 2 * MIB,
    queueCountMax: 100_000,
    spoolBytesMax: 64 * MIB,
  }
  const options = optionsFor(backend, join(disk, 'spool'), limits)
  const delivery = await openDelivery(options)
  const count = 10_000
  for (let number = 0; number < count; number += 100) {
    for (const one of countTo(100)) delivery.add(parcelOf(number + one, 1_000))
    await new Promise(setImmediate)
  }
  const { spoolCount = 0, droppedByQueue = 0, queueCount = 0 } = delivery.stats
  expect(spoolCount).toBeGreaterThan(2_500)
  expect(droppedByQueue).toBeGreaterThan(1_000)
  expect(queueCount).toBeGreaterThan(1_500)
  const told = () => options.said.filter(([message]) => message === 'outputs cannot be kept on disk')
  expect(told()).toEqual([['outputs cannot be kept on disk', { store: 'otel', why: 'ENOSPC' }]])

  backend.answer = () => DELIVERED
  await until(() => (delivery.stats['delivered'] ?? 0) + droppedByQueue === count, 'the rest is delivered')
  expect(delivery.stats).toMatchObject({ spoolCount: 0, spoolDamaged: 0, lost: 0, droppedByQueue })
  expect(new Set(backend.received).size).toBe(count - droppedByQueue)
  expect(told()).toHaveLength(1)
  await delivery.close(5_000)
})

test('a disk that is full from the start is used once there is room', async () => {
  const filler = join(disk, 'filler')
  try {
    writeFileSync(filler, Buffer.alloc(5 * MIB))
  } catch {
    // It has filled what there was.
  }
  const backend = createFakeBackend()
  backend.answer = () => DOWN
  const options = optionsFor(backend, join(disk, 'spool'))
  const delivery = await openDelivery(options)
  for (const number of countTo(50)) delivery.add(parcelOf(number, 500))
  await until(() => options.said.length > 1, 'told')
  expect(options.said.map(([message]) => message)).toContain('outputs cannot be kept on disk')
  expect(delivery.stats).toMatchObject({ spoolCount: 0, droppedByQueue: 0 })
  rmSync(filler)
  await until(() => delivery.stats['spoolCount'] === 50, 'kept')
  backend.answer = () => DELIVERED
  await until(() => backend.received.length === 50, 'delivered')
  expect(backend.received).toEqual(countTo(50))
  await delivery.close(5_000)
})
