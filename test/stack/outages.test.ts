import { copyFileSync, readdirSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { listen } from '../support/origin.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'
import { type Arrivals, arrivalsIn } from './support/arrivals.ts'
import { type Collector, type CollectorSettings, startCollector } from './support/collector.ts'
import { type Fault, startFaultyProxy } from './support/faulty-proxy.ts'
import { otelConfig } from './support/otel-config.ts'

const STEADY_LOAD = new URL('programs/steady-load.js', import.meta.url).pathname
const RATE = 500
const CONNECTIONS = 8
/** How long the Collector stays away; by the variable of this name as long as one wants. */
const OUTAGE_S = Number(process.env['OUTAGE_SECONDS'] ?? 20)
const FAULT_S = 6
const AROUND_S = 2
const ARRIVAL_MS_MAX = 90_000
/** What the agent takes without a backlog, and for each of the two stores its queue and its batches. */
const PEAK_BYTES_MAX = (200 + 2 * (32 + 4 * 4)) << 20
/** What may be under way when a connection is cut, of which nobody knows whether it arrived. */
const AMBIGUOUS_MAX = 4_096
const PROTOCOLS = ['grpc', 'http'] as const
const TEST_MS = (OUTAGE_S + AROUND_S) * 1_000 + ARRIVAL_MS_MAX + 60_000

let workshop: Workshop
let origin: Server
let base: string
/** Node.js under another name: programs by its own, this test and its proxies among them, are not watched. */
let loader: string
beforeAll(async () => {
  workshop = openWorkshop()
  loader = join(workshop.folder, 'loader')
  copyFileSync(pathOf(process.execPath), loader)
  origin = createServer((_, response) => response.end('An answer'))
  base = `http://127.0.0.1:${await listen(origin)}`
})
afterAll(async () => {
  origin.closeAllConnections()
  origin.close()
  await workshop.close()
})

test.for(PROTOCOLS)('the Collector is stopped for a while, by %s', { timeout: TEST_MS }, async (protocol) => {
  const collector = await receive()
  const agent = await watch(protocol, collector.ports[protocol])
  const sent = await underLoad(OUTAGE_S + 2 * AROUND_S, async () => {
    await passed(AROUND_S * 1_000)
    await collector.stop()
    await passed(OUTAGE_S * 1_000)
    await collector.startAgain()
  })
  const { duplicates } = await expectEverything(agent, collector, sent)
  expect(duplicates).toBeLessThan(AMBIGUOUS_MAX)
})

test.for(PROTOCOLS)(
  'the Collector is killed again and again, by %s',
  { timeout: TEST_MS },
  async (protocol) => {
    const collector = await receive()
    const agent = await watch(protocol, collector.ports[protocol])
    const kills = 3
    const sent = await underLoad(FAULT_S + 2 * AROUND_S, async () => {
      for (let kill = 0; kill < kills; kill += 1) {
        await passed((FAULT_S * 1_000) / kills)
        await collector.kill()
        await collector.startAgain()
      }
    })
    const { duplicates } = await expectEverything(agent, collector, sent)
    expect(duplicates).toBeLessThan(kills * AMBIGUOUS_MAX)
  },
)

test.for(PROTOCOLS)('the backend of the Collector is down, by %s', { timeout: TEST_MS }, async (protocol) => {
  const backend = await receive()
  await backend.stop()
  const collector = await receive({ passesOnTo: `http://127.0.0.1:${backend.ports.http}` })
  const agent = await watch(protocol, collector.ports[protocol])
  const sent = await underLoad(FAULT_S + AROUND_S, async () => {
    await passed(FAULT_S * 1_000)
    await backend.startAgain()
  })
  const { duplicates } = await expectEverything(agent, backend, sent)
  expect(duplicates).toBe(0)
  await collector.stop()
})

const FAULTS = PROTOCOLS.flatMap((protocol) =>
  (['refuse', 'close', 'hang'] as const satisfies readonly Fault[]).map((fault) => ({ protocol, fault })),
)

test.for(FAULTS)('connections $fault, by $protocol', { timeout: TEST_MS }, async ({ protocol, fault }) => {
  const collector = await receive()
  const proxy = await startFaultyProxy(protocol, collector.ports[protocol], fault)
  const agent = await watch(protocol, proxy.port)
  const sent = await underLoad(FAULT_S + AROUND_S, async () => {
    await passed(FAULT_S * 1_000)
    proxy.become('pass')
  })
  expect(proxy.harmed).toBeGreaterThan(0)
  const { duplicates } = await expectEverything(agent, collector, sent)
  expect(duplicates).toBe(0)
  proxy.close()
})

test.for(PROTOCOLS)(
  'the agent is killed while the Collector is away, by %s',
  { timeout: TEST_MS },
  async (protocol) => {
    const collector = await receive()
    await collector.stop()
    const state = stateFolder()
    const first = await watch(protocol, collector.ports[protocol], state)
    const sent = await underLoad(FAULT_S, async () => {})
    await settled(state)
    expect(first.peakMemoryBytes()).toBeLessThan(PEAK_BYTES_MAX)
    process.kill(first.pid, 'SIGKILL')
    await first.said.ended
    const second = await watch(protocol, collector.ports[protocol], state)
    await collector.startAgain()
    const { paths, unpaired, interrupted } = await arrived(collector, sent)
    expect([...paths].sort()).toEqual(pathsOf(sent))
    expect({ unpaired, interrupted }).toEqual({ unpaired: [], interrupted: [] })
    await second.stop()
    // Nothing of it is sent once more when the agent starts again.
    const before = arrivalsIn(collector.records()).duplicates
    expect(before).toBeLessThan(AMBIGUOUS_MAX)
    const third = await watch(protocol, collector.ports[protocol], state)
    await passed(AROUND_S * 1_000)
    await third.stop()
    expect(arrivalsIn(collector.records()).duplicates).toBe(before)
    await collector.stop()
  },
)

let states = 0
function stateFolder(): string {
  states += 1
  return join(workshop.folder, `state-${states}`)
}

/** A test that fails leaves nothing running that takes time from the next. */
async function watch(protocol: 'grpc' | 'http', port: number, state = stateFolder()): Promise<WatchingAgent> {
  const agent = await startWatching(workshop, {
    config: otelConfig({
      protocol,
      endpoint: `127.0.0.1:${port}`,
      level: 'full',
    }),
    environment: { DATA_DIR: state },
  })
  let runs = true
  void agent.said.ended.then(() => (runs = false))
  onTestFinished(async () => {
    if (runs) process.kill(agent.pid, 'SIGKILL')
    await agent.said.ended
  })
  return agent
}

async function receive(settings: CollectorSettings = {}): Promise<Collector> {
  const collector = await startCollector(workshop, settings)
  onTestFinished(() => collector.kill())
  return collector
}

/** Gives the number of exchanges, all of which went well for the program that had them. */
async function underLoad(seconds: number, disturb: () => Promise<void>): Promise<number> {
  const words = [base, String(RATE), String(seconds), String(CONNECTIONS)]
  const [{ stdout }] = await Promise.all([workshop.run(loader, [STEADY_LOAD, ...words]), disturb()])
  const { sent, answered }: { readonly sent: number; readonly answered: number } = JSON.parse(String(stdout))
  expect({ sent, answered }).toEqual({ sent: RATE * seconds, answered: RATE * seconds })
  return sent
}

/** Also that the agent saw everything, so that what is compared is all there was. */
async function expectEverything(
  agent: WatchingAgent,
  collector: Collector,
  sent: number,
): Promise<Pick<Arrivals, 'duplicates'>> {
  await arrived(collector, sent)
  const { counted, peakMemoryBytes } = await agent.stop()
  await collector.stop()
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
  const { paths, unpaired, interrupted, unfinished, duplicates } = arrivalsIn(collector.records())
  expect([...paths].sort()).toEqual(pathsOf(sent))
  expect({ unpaired, interrupted, unfinished }).toEqual({ unpaired: [], interrupted: [], unfinished: [] })
  return { duplicates }
}

async function arrived(collector: Collector, sent: number): Promise<Arrivals> {
  const now = () => arrivalsIn(collector.records())
  await expect
    .poll(
      () => {
        const { paths, unpaired } = now()
        return { paths: paths.length, unpaired: unpaired.length }
      },
      { timeout: ARRIVAL_MS_MAX, interval: 1_000 },
    )
    .toEqual({ paths: sent, unpaired: 0 })
  return now()
}

function pathsOf(sent: number): readonly string[] {
  return Array.from({ length: sent }, (_, number) => `/load/${number}`).sort()
}

/** Waits until the agent has put on disk what it has. */
async function settled(folder: string): Promise<void> {
  for (let before = -1, now = bytesIn(folder); now !== before; now = bytesIn(folder)) {
    before = now
    await passed(AROUND_S * 1_000)
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
