import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { silentLog } from '../../src/base/index.ts'
import { type Containers, openContainers } from '../../src/capture/containers/containers.ts'
import type { Container, ContainerFacts } from '../../src/capture/events.ts'
import { type ContainerDaemons, IMAGE, startContainerDaemons } from '../support/container-daemons.ts'
import { openWorkshop, type Workshop } from '../support/programs.ts'

const PATIENCE = { timeout: 20_000, interval: 10 }
const MANY = 20
const AT_ONCE = 4
const POD = {
  name: 'web-1',
  namespace: 'shop',
  uid: '7f0e7d6a-0000-4000-8000-000000000001',
  labels: { app: 'web', 'tap.qpoint.io/stack': 'quiet' },
  annotations: { 'example.com/note': 'hello' },
}
const LABELS = {
  'io.kubernetes.container.name': 'front',
  'io.kubernetes.pod.name': POD.name,
  'io.kubernetes.pod.namespace': POD.namespace,
  'io.kubernetes.pod.uid': POD.uid,
}

let workshop: Workshop
let daemons: ContainerDaemons
const opened: Containers[] = []
beforeAll(async () => {
  workshop = openWorkshop()
  daemons = await startContainerDaemons(workshop)
})
afterAll(async () => {
  for (const containers of opened) containers.close()
  try {
    await daemons.close()
  } finally {
    await workshop.close()
  }
})

test('a container of Docker that ran before is listed, and one that is new tells of itself', async () => {
  const labels = { 'com.example.team': 'shop' }
  const before = await daemons.docker.create({
    name: 'before',
    image: IMAGE,
    command: ['sleep', '1000'],
    labels,
  })
  await before.start()
  const { containers, learnt } = open()
  const listed = containers.of(before.id)
  expect(listed.state).toBe('pending')
  await settled(listed)
  const facts = { runtime: 'docker', name: 'before', image: IMAGE, labels, pod: undefined }
  expect(listed.facts).toEqual(facts)

  const short = await daemons.docker.create({
    name: 'short',
    image: IMAGE,
    command: ['usleep', '100000'],
    removed: true,
  })
  await short.start()
  await vi.waitFor(() => expect(containers.stats['containers']).toBe(2), PATIENCE)
  expect(containers.of(short.id)).toMatchObject({ state: 'known', facts: { name: 'short', image: IMAGE } })

  await before.rename('renamed')
  await vi.waitFor(() => expect(listed.facts).toEqual({ ...facts, name: 'renamed' }), PATIENCE)
  expect(learnt.map((one) => one?.name)).toEqual(['before', 'short', 'renamed'])
  await before.remove()
})

test('a container of a pod has its labels and annotations, before and after the agent', async () => {
  const pod = await daemons.cri.runPod(POD)
  const before = await pod.run('front', IMAGE, ['sleep', '1000'])
  const { containers } = open()
  await vi.waitFor(() => expect(containers.stats['runtimeConnections']).toBe(3), PATIENCE)
  const after = await pod.run('sidecar', IMAGE, ['sleep', '1000'])
  const [front, sidecar, sandbox] = [before, after, pod.sandboxId].map(containers.of)
  if (!front || !sidecar || !sandbox) throw new Error('three were asked for')
  await settled(front, sidecar, sandbox)
  const facts = { runtime: 'cri', name: 'front', image: IMAGE, labels: LABELS, pod: POD }
  expect(front.facts).toEqual(facts)
  expect(sidecar.facts).toMatchObject({ name: 'sidecar', pod: POD })
  expect(sandbox.facts).toMatchObject({ name: '', image: 'docker.io/qtap-test/pause:1', pod: POD })
  await pod.remove()
})

test('containerd alone knows the pod by its container’s labels', async () => {
  const pod = await daemons.cri.runPod(POD)
  const fullId = await pod.run('front', IMAGE, ['sleep', '1000'])
  const { containers } = open({ docker: '', cri: '' })
  const container = containers.of(fullId)
  await settled(container)
  expect(container.facts).toMatchObject({
    runtime: 'containerd',
    name: 'front',
    image: `docker.io/${IMAGE}`,
    labels: LABELS,
    pod: { ...POD, labels: {}, annotations: {} },
  })
  await pod.remove()
})

test('Kubernetes alone is asked about a container that it never told of', async () => {
  const { containers } = open({ docker: '', containerd: '' })
  await vi.waitFor(() => expect(containers.stats['runtimeConnections']).toBe(1), PATIENCE)
  const pod = await daemons.cri.runPod(POD)
  const container = containers.of(await pod.run('front', IMAGE, ['sleep', '1000']))
  await settled(container)
  expect(container.facts).toMatchObject({ runtime: 'cri', name: 'front', pod: POD })
  await pod.remove()
})

test('when Docker is started again what it did meanwhile is made up for', async () => {
  const { containers } = open()
  const running = await daemons.docker.create({ name: 'running', image: IMAGE, command: ['sleep', '1000'] })
  await running.start()
  const container = containers.of(running.id)
  await settled(container)
  await daemons.stopDocker()
  expect(container).toMatchObject({ state: 'known', facts: { name: 'running' } })
  await daemons.startDocker()
  const next = await daemons.docker.create({ name: 'next', image: IMAGE, command: ['sleep', '1000'] })
  await next.start()
  const nextContainer = containers.of(next.id)
  await vi.waitFor(() => expect(nextContainer).toMatchObject({ facts: { name: 'next' } }), PATIENCE)
  expect(containers.stats['runtimeConnections']).toBe(4)
  await Promise.all([running.remove(), next.remove()])
})

test('containers that come and go are each known, and leave nothing behind', async () => {
  const { containers } = open({}, 500)
  await vi.waitFor(() => expect(containers.stats['runtimeConnections']).toBe(3), PATIENCE)
  const run = async (index: number) => {
    const name = `one-of-many-${index}`
    const one = await daemons.docker.create({ name, image: IMAGE, command: ['echo'], removed: true })
    await one.start()
    const container = containers.of(one.id)
    await settled(container)
    expect(container.facts?.name).toBe(name)
  }
  for (let done = 0; done < MANY; done += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => run(done + index)))
  await vi.waitFor(() => expect(containers.stats['containers']).toBe(0), PATIENCE)
  expect(containers.stats).toMatchObject({
    containersForgotten: MANY,
    containersTimedOut: 0,
    runtimeCallsFailed: 0,
    containersEvicted: 0,
  })
})

function open(without: { docker?: ''; containerd?: ''; cri?: '' } = {}, forgetAfterMs = 15_000) {
  const learnt: (ContainerFacts | undefined)[] = []
  const { dockerSocket, containerdSocket } = daemons
  const containers = openContainers({
    sockets: { docker: dockerSocket, containerd: containerdSocket, cri: containerdSocket, ...without },
    log: silentLog,
    clock: { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    onLearnt: (_, facts) => learnt.push(facts),
    limits: { forgetAfterMs },
  })
  opened.push(containers)
  return { containers, learnt }
}

function settled(...containers: readonly Container[]): Promise<void> {
  return vi.waitFor(() => {
    for (const { state } of containers) expect(state).not.toBe('pending')
  }, PATIENCE)
}
