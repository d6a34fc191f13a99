import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Captured } from '../support/captured.ts'
import { type ContainerDaemons, IMAGE, startContainerDaemons } from '../support/container-daemons.ts'
import type { DockerContainer } from '../support/docker.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { freePort, makeCertificate, openWorkshop, type Workshop } from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const MANY = 100
/** Of the other tests: four of Docker, and three pods of two, of which one is the sandbox. */
const OTHERS = 10
const AT_ONCE = 4
const PATIENCE = { timeout: 40_000, interval: 100 }
const PEAK_BYTES_MAX = 200 << 20
const GROWTH_BYTES_MAX = 40 << 20
/** Sockets of this machine that have nothing to do with these tests come and go as well. */
const STRAY_ENTRIES = 20
const POD = {
  name: 'web-1',
  namespace: 'shop',
  uid: '7f0e7d6a-0000-4000-8000-000000000001',
  labels: { app: 'web' },
  annotations: {},
}
const CONFIG = `version: 2
services: { event_stores: [{ type: stdout }], object_stores: [{ type: stdout }] }
tags:
  - { key: team, source: k8s.label, location: example.com/team }
  - { key: tier, source: k8s.annotation, location: tier }
stacks:
  e2e: { plugins: [{ type: http_capture, config: { level: full, format: json } }] }
  brief:
    plugins:
      - type: http_capture
        config:
          level: none
          rules:
            - { name: mine, level: summary,
                expr: src.pod.labels.app == "web" && src.container.name == "side" }
tap: { direction: all, ignore_loopback: false, http: { stack: e2e } }
`

let workshop: Workshop
let daemons: ContainerDaemons
let origin: Origin
let old: DockerContainer
let agent: WatchingAgent
let metricsAddress: string
beforeAll(async () => {
  workshop = openWorkshop()
  origin = await startOrigin(await makeCertificate(workshop))
  daemons = await startContainerDaemons(workshop)
  old = await daemons.docker.create({ name: 'old', image: IMAGE, command: asking('old', 200) })
  await old.start()
  const { dockerSocket, containerdSocket } = daemons
  const sockets = [
    ['--docker-socket-endpoint', dockerSocket],
    ['--containerd-socket-endpoint', containerdSocket],
    ['--cri-runtime-socket-endpoint', containerdSocket],
  ]
  metricsAddress = `127.0.0.1:${await freePort()}`
  const options = [...sockets.flat(), '--httpd-listen', metricsAddress]
  agent = await startWatching(workshop, { config: CONFIG, options })
})
afterAll(async () => {
  try {
    await daemons.close()
  } finally {
    await workshop.close()
    await origin.close()
  }
})

test('the agent says which runtimes it is connected to', async () => {
  const words = ['docker engine', 'containerd', 'kubernetes runtime service']
  for (const word of words) await agent.said.until(({ message }) => message === `connected to ${word}`)
})

test('what a container of Docker asks carries its id, name and image', async () => {
  const once = await daemons.docker.create({
    name: 'checkout',
    image: IMAGE,
    command: asking('docker', 200, 3),
  })
  await once.start()
  const [captured] = await agent.exchanges.until(isOf('docker'))
  expect(captured?.exe).toBe('/bin/busybox')
  expect(captured?.metadata).toMatchObject({ container_name: 'checkout', container_image: IMAGE })
  expect(captured?.metadata).not.toHaveProperty('pod_name')
  expect(await containerOf(captured)).toEqual({ id: once.id.slice(0, 12), name: 'checkout', image: IMAGE })
  await once.remove()
})

test('what a container of a pod asks carries the pod too', async () => {
  const pod = await daemons.cri.runPod(POD)
  const fullId = await pod.run('front', IMAGE, asking('pod', 200, 3))
  const [captured] = await agent.exchanges.until(isOf('pod'))
  const { name, namespace } = POD
  expect(captured?.metadata).toMatchObject({
    container_name: 'front',
    container_image: IMAGE,
    pod_name: name,
    pod_namespace: namespace,
  })
  const container = { id: fullId.slice(0, 12), name: 'front', image: IMAGE, pod: { name, namespace } }
  expect(await containerOf(captured)).toEqual(container)
  await pod.remove()
})

test('a pod chooses its stack by a label, rules know its labels, and tags are made of them', async () => {
  const labels = { app: 'web', 'example.com/team': 'Blue', 'tap.qpoint.io/stack': 'brief' }
  const pod = await daemons.cri.runPod({ ...POD, name: 'web-2', labels, annotations: { tier: 'gold' } })
  await pod.run('side', IMAGE, asking('labelled', 200, 3))
  const [captured] = await agent.exchanges.until(isOf('labelled'))
  expect(captured?.requestHeaders).toEqual({})
  expect(captured?.metadata.tags).toEqual(expect.arrayContaining(['team:blue', 'tier:gold']))
  await pod.remove()
})

test('a container that lives 100 ms is named, by Docker and in a pod', async () => {
  const short = { image: IMAGE, command: asking('short', 100, 1), removed: true }
  const container = await daemons.docker.create({ name: 'short', ...short })
  await container.start()
  const pod = await daemons.cri.runPod({ ...POD, name: 'job-1' })
  await pod.run('job', IMAGE, asking('short-pod', 100, 1))
  const [byDocker] = await agent.exchanges.until(isOf('short'))
  expect(byDocker?.metadata).toMatchObject({ container_name: 'short', container_image: IMAGE })
  const [inPod] = await agent.exchanges.until(isOf('short-pod'))
  expect(inPod?.metadata).toMatchObject({ container_name: 'job', pod_name: 'job-1', pod_namespace: 'shop' })
  await pod.remove()
})

test('a container that was there before the agent has its name, and another once it is renamed', async () => {
  const named = (name: string) => (one: Captured) => isOf('old')(one) && one.metadata.container_name === name
  const [captured] = await agent.exchanges.until(isOf('old'))
  expect(captured?.metadata.container_name).toBe('old')
  await old.rename('older')
  await agent.exchanges.until(named('older'))
})

test('when Docker is started again, old and new containers have their names', async () => {
  await daemons.stopDocker()
  const seen = agent.exchanges.all.length
  await agent.exchanges.until((one) => isOf('old')(one) && agent.exchanges.all.indexOf(one) >= seen)
  await daemons.startDocker()
  await agent.said.until(({ message }) => message === 'connected to docker engine', 2)
  const later = await daemons.docker.create({ name: 'later', image: IMAGE, command: asking('later', 100, 1) })
  await later.start()
  const [captured] = await agent.exchanges.until(isOf('later'))
  expect(captured?.metadata).toMatchObject({ container_name: 'later', container_image: IMAGE })
  const old = agent.exchanges.all.filter(isOf('old')).slice(1)
  expect(new Set(old.map(({ metadata }) => metadata.container_name))).toEqual(new Set(['old', 'older']))
})

test('100 containers started and stopped in a row are named, and leave nothing behind', async () => {
  const before = { entries: await kernelEntries(), memory: memoryBytes() }
  for (let done = 0; done < MANY; done += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => runOnce(`many-${done + index}`)))
  const captured = await agent.exchanges.until(
    ({ url, exe }) => /\/many-\d+$/.test(url) && isBusybox(exe),
    MANY,
  )
  for (const { url, metadata } of captured) expect(metadata.container_name).toBe(url.split('/').at(-1))
  await old.remove()
  await vi.waitFor(() => expect(forgotten()).toBe(MANY + OTHERS), PATIENCE)
  const after = await kernelEntries()
  for (const [map, count] of Object.entries(after))
    expect(count, map).toBeLessThanOrEqual((before.entries[map] ?? 0) + STRAY_ENTRIES)
  expect(memoryBytes() - before.memory).toBeLessThan(GROWTH_BYTES_MAX)
})

test('every container was counted as it came and as it went', async () => {
  const page = await (await fetch(`http://${metricsAddress}/metrics`)).text()
  const [opened, closed, active] = ['open', 'close', 'active'].map((name) => containersIn(page, name))
  const docker = `runtime="docker",image="${IMAGE}",pod_name="unknown",pod_namespace="unknown"`
  expect(opened?.get(docker)).toBeGreaterThanOrEqual(MANY)
  expect([...(opened?.keys() ?? [])].join('\n')).toMatch(
    /^runtime="cri",.*,pod_name="web-1",pod_namespace="shop"$/m,
  )
  expect(closed).toEqual(opened)
  expect([...(active?.values() ?? [])].filter((count) => count !== 0)).toEqual([])
  const pods = page.match(/^qtap_container_pod_container_count\{.*$/gm) ?? []
  expect(pods.length).toBeGreaterThan(0)
  expect(pods.filter((line) => !line.endsWith(' 0'))).toEqual([])
})

test('nothing was lost, every container was known, and none is kept', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  // These tests may run in a container themselves, which none of these runtimes knows.
  const around = /[0-9a-f]{64}/.test(readFileSync('/proc/self/cgroup', 'utf8')) ? 1 : 0
  expect(counted['capture']).toMatchObject({
    containers: around,
    containersUnknown: around,
    containersTimedOut: 0,
    containersEvicted: 0,
    runtimeCallsFailed: 0,
    runtimeAsksDropped: 0,
    recordsLost: 0,
  })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

/** A command for a container: asks the origin again and again, or so many times, and sleeps each time. */
function asking(name: string, pauseMs: number, times?: number): readonly string[] {
  const url = `http://127.0.0.1:${origin.ports.plain}/bytes/100/${name}`
  const once = `wget -q -O /dev/null ${url}; usleep ${pauseMs * 1000}`
  const script = times === undefined ? `while true; do ${once}; done` : `${once};`.repeat(times)
  return ['sh', '-c', script]
}

async function runOnce(name: string): Promise<void> {
  const one = await daemons.docker.create({ name, image: IMAGE, command: asking(name, 0, 1), removed: true })
  await one.start()
}

/** As the client saw it: the origin is in no container. */
function isOf(name: string): (captured: Captured) => boolean {
  return ({ url, exe }) => url.endsWith(`/${name}`) && isBusybox(exe)
}

function isBusybox(exe: string): boolean {
  return exe.endsWith('/busybox')
}

/** What the last event of its connection says of the container of an exchange. */
async function containerOf(captured: Captured | undefined): Promise<unknown> {
  const [reported] = await agent.events.until(
    ({ type, item }) =>
      type === '*eventstore.Connection' &&
      item['finalized'] === true &&
      Object(item['meta']).connectionId === captured?.connection,
  )
  return Object(reported?.item['source']).container
}

/** Of one metric of containers: the numbers by labels. */
function containersIn(page: string, name: string): ReadonlyMap<string, number> {
  const lines = page.matchAll(new RegExp(`^qtap_container_${name}_total\\{(.*)\\} (\\d+)$`, 'gm'))
  return new Map(Array.from(lines, ([, labels = '', count]) => [labels, Number(count)]))
}

function forgotten(): number {
  const lines = agent.said.all.filter(({ message }) => message === 'forgot containers that are gone')
  return lines.reduce((sum, line) => sum + Number(line['count']), 0)
}

/** Entries of the agent's hash maps in the kernel. */
async function kernelEntries(): Promise<Readonly<Record<string, number>>> {
  const shown = await workshop.run('bpftool', ['-j', 'map', 'show'])
  const maps: KernelMap[] = JSON.parse(shown.stdout.toString())
  const ids = mapsOf(agent.pid)
  const own = maps.filter(({ type, id }) => type === 'hash' && ids.has(id))
  expect(own.map(({ name }) => name)).toContain('sockets')
  const counts = own.map(async ({ id, name }) => {
    const { stdout } = await workshop.run('bpftool', ['-j', 'map', 'dump', 'id', String(id)])
    const entries: unknown[] = JSON.parse(stdout.toString())
    return [name, entries.length] as const
  })
  return Object.fromEntries(await Promise.all(counts))
}

interface KernelMap {
  readonly id: number
  readonly name: string
  readonly type: string
}

/** Numbers of the maps that a process holds open. */
function mapsOf(pid: number): ReadonlySet<number> {
  const folder = `/proc/${pid}/fdinfo`
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return new Set(texts.flatMap((text) => /^map_id:\s+(\d+)$/m.exec(text)?.[1] ?? []).map(Number))
}

function memoryBytes(): number {
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
