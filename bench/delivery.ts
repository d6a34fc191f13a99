import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { silentLog } from '../src/base/index.ts'
import { type DeliveryLimits, openDelivery } from '../src/stores/index.ts'

/**
 * What taking a parcel costs the pipeline; what the spool costs, written while the backend is down and then
 * read back and delivered; and for how long any of it keeps the event loop busy, in time of the processor.
 *
 *   npm run bench:delivery [-- --short]
 */
const isShort = process.argv.includes('--short')
const MIB = 1024 * 1024
const LENGTH = 700
const SPOOL_BYTES = (isShort ? 64 : 1024) * MIB
const BURST = 200

const limits: DeliveryLimits = {
  batchBytesMax: 4 * MIB,
  batchCountMax: 8192,
  batchWaitMs: 1_000,
  inFlightMax: 4,
  queueBytesMax: 64 * MIB,
  queueCountMax: 100_000,
  spoolBytesMax: 2 * SPOOL_BYTES,
}
const clock = { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() }
const parcels = Array.from({ length: 1_000 }, (_, index) => Buffer.alloc(LENGTH, index))
const folder = mkdtempSync(join(tmpdir(), 'qtap-bench-'))
let isDown = false
const sender = {
  send: async () => (isDown ? ({ kind: 'again', why: 'down' } as const) : ({ kind: 'delivered' } as const)),
  close: async () => {},
}

function open(spoolFolder: string | undefined) {
  return openDelivery({ name: 'bench', sender, limits, spoolFolder, clock, log: silentLog })
}

type Opened = Awaited<ReturnType<typeof open>>

/** Adds by bursts with a turn of the event loop after each, and gives the nanoseconds that one `add` took. */
async function addMany(delivery: Opened, count: number): Promise<number> {
  let addingMs = 0
  for (let added = 0; added < count; added += BURST) {
    const beganMs = performance.now()
    for (let index = 0; index < BURST; index += 1) {
      delivery.add(parcels[(added + index) % parcels.length] ?? Buffer.alloc(LENGTH))
    }
    addingMs += performance.now() - beganMs
    await turn()
  }
  return (addingMs * 1e6) / count
}

/** Runs it and says its pace, its longest turns of the event loop, and the memory it grew by. */
async function measure<Result>(what: string, bytes: number, run: () => Promise<Result>): Promise<Result> {
  const rssBefore = process.memoryUsage.rss()
  let rssMax = rssBefore
  let isOver = false
  const turnMs: number[] = []
  void watch()
  const beganMs = performance.now()
  const before = process.cpuUsage()
  const result = await run()
  isOver = true
  const tookMs = performance.now() - beganMs
  const { user, system } = process.cpuUsage(before)
  turnMs.sort((one, other) => one - other)
  const pace = `${Math.round(bytes / MIB / (tookMs / 1e3))} MiB/s`
  const perCpu = `${Math.round(bytes / MIB / ((user + system) / 1e6))} MiB per second of one core`
  const p999 = `p99.9 ${(turnMs[Math.floor(turnMs.length * 0.999)] ?? 0).toFixed(1)} ms`
  const turns = `turns ${p999}, longest ${(turnMs.at(-1) ?? 0).toFixed(1)} ms`
  console.log(`${what}: ${pace}, ${perCpu}; ${turns}; memory +${Math.round((rssMax - rssBefore) / MIB)} MiB`)
  return result

  async function watch(): Promise<void> {
    while (!isOver) {
      const { user: userUs, system: systemUs } = process.threadCpuUsage()
      await turn()
      const after = process.threadCpuUsage()
      turnMs.push((after.user + after.system - userUs - systemUs) / 1e3)
      if (turnMs.length % 20 === 0) rssMax = Math.max(rssMax, process.memoryUsage.rss())
    }
  }
}

try {
  const direct = await open(undefined)
  await addMany(direct, 100_000)
  const count = isShort ? 300_000 : 2_000_000
  console.log(`add, backend up: ${(await addMany(direct, count)).toFixed(0)} ns`)
  await direct.close(5_000)

  const spooling = await open(join(folder, 'spool'))
  isDown = true
  const spooledCount = Math.floor(SPOOL_BYTES / (LENGTH + 12))
  const ns = await measure('to the spool', SPOOL_BYTES, () => addMany(spooling, spooledCount))
  console.log(`add, backend down: ${ns.toFixed(0)} ns`)
  while ((spooling.stats['queueCount'] ?? 0) > 0) await turn()
  isDown = false
  // The probe may wait for half a minute; a new start does not.
  await spooling.close(5_000)
  const reopened = await measure('opening', SPOOL_BYTES, () => open(join(folder, 'spool')))
  await measure('from the spool', SPOOL_BYTES, async () => {
    while ((reopened.stats['spoolCount'] ?? 0) > 0) await turn()
  })
  await reopened.close(5_000)
} finally {
  rmSync(folder, { recursive: true })
}
