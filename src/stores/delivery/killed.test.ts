import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countTo, createFakeBackend, optionsFor } from '../../../test/support/fake-backend.ts'
import { openDelivery } from './delivery.ts'

const BURST = 37

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-killed-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Takes parcels while its backend is down, and says after each turn how many it has taken before it. */
const PROGRAM = `
  import { writeSync } from 'node:fs'
  import { setImmediate as turn } from 'node:timers/promises'
  import { openDelivery } from ${JSON.stringify(join(import.meta.dirname, 'delivery.ts'))}
  const [folder, first] = process.argv.slice(1)
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const delivery = await openDelivery({
    name: 'killed',
    sender: { send: async () => ({ kind: 'again', why: 'down' }), close: async () => {} },
    limits: { batchBytesMax: 4096, batchCountMax: 10, batchWaitMs: 1, inFlightMax: 4, queueBytesMax: 1e7,
      queueCountMax: 1e5, spoolBytesMax: 1e9 },
    spoolFolder: folder,
    clock: { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    log: quiet,
  })
  let taken = Number(first)
  const take = () => {
    const bytes = Buffer.alloc(8 + (taken % 300))
    bytes.writeDoubleLE(taken)
    delivery.add(bytes)
    taken += 1
  }
  take()
  while (delivery.stats.spoolCount === 0) await turn()
  for (;;) {
    for (let count = 0; count < ${BURST}; count += 1) take()
    await turn()
    writeSync(1, taken + '\\n')
  }`

/** Runs it until it has said so many numbers, kills it, and gives the last one. */
async function runAndKill(first: number, lines: number): Promise<number> {
  const args = ['--input-type=module', '-e', PROGRAM, join(folder, 'spool'), String(first)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = 0
  let count = 0
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => {
    said = Number(line)
    count += 1
    if (count === lines) child.kill('SIGKILL')
  })
  await Promise.all([once(child, 'close'), once(output, 'close')])
  return said
}

test('agents that are killed lose nothing that they took before the last turn', {
  timeout: 60_000,
}, async () => {
  const ranges: { from: number; to: number }[] = []
  let from = 0
  for (const lines of [1, 7, 150, 400]) {
    const to = await runAndKill(from, lines)
    expect(to - from).toBeGreaterThanOrEqual(lines * BURST)
    ranges.push({ from, to })
    // What it may have taken after it last said so does not meet the next one's numbers.
    from = to + 1_000_000
  }
  const backend = createFakeBackend()
  const options = optionsFor(backend, join(folder, 'spool'), { batchCountMax: 500, spoolBytesMax: 1e9 })
  const delivery = await openDelivery(options)
  const found = delivery.stats['spoolFound'] ?? 0
  const endNs = process.hrtime.bigint() + 30_000_000_000n
  while (backend.received.length < found && process.hrtime.bigint() < endNs) await new Promise(setImmediate)
  await delivery.close(5_000)
  expect(delivery.stats).toMatchObject({ spoolDamaged: 0, spoolCount: 0, delivered: found })
  for (const { from: first, to } of ranges) {
    const start = backend.received.indexOf(first)
    const expected = countTo(to - first).map((number) => number + first)
    expect(backend.received.slice(start, start + to - first)).toEqual(expected)
  }
})
