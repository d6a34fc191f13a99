import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ContainerFacts, Pod } from '../events.ts'
import type { Runtime } from './facts.ts'
import { containerTable, RUNTIMES } from './table.ts'

const ID = 'ab'.repeat(32)
const OTHER_ID = 'cd'.repeat(32)
const POD: Pod = { name: 'web-1', namespace: 'shop', uid: 'u-1', labels: {}, annotations: {} }
const DOCKER = factsOf('docker', 'shop-web')
const CONTAINERD = factsOf('containerd', 'front', POD)
const CRI = factsOf('cri', 'front', { ...POD, labels: { app: 'web' } })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('one object a container, whoever asks', () => {
  const { table } = open(['docker'])
  const container = table.of(ID)
  expect(table.of(ID)).toBe(container)
  expect(container).toEqual({ fullId: ID, id: 'abababababab', state: 'pending', facts: undefined })
  expect(table.of(OTHER_ID)).not.toBe(container)
})

test('without a runtime nobody knows it, at once', () => {
  const { table, learnt } = open([])
  expect(table.of(ID).state).toBe('unknown')
  expect(learnt).toEqual([[ID, undefined]])
})

test('pending until the runtime answered', () => {
  const { table, asked, learnt } = open(['docker'])
  const container = table.of(ID)
  expect(asked).toEqual([['docker', ID]])
  expect(learnt).toEqual([])
  table.answered('docker', ID, DOCKER)
  expect(container).toMatchObject({ state: 'known', facts: DOCKER })
  expect(learnt).toEqual([[ID, DOCKER]])
})

test('unknown when each runtime that was asked knows nothing', () => {
  const { table } = open(RUNTIMES)
  const container = table.of(ID)
  table.answered('docker', ID, undefined)
  table.answered('cri', ID, undefined)
  expect(container.state).toBe('pending')
  table.answered('containerd', ID, undefined)
  expect(container.state).toBe('unknown')
})

test('a runtime that does not answer is waited for until the limit, and a later answer still counts', () => {
  const { table, learnt } = open(['docker'])
  const container = table.of(ID)
  vi.advanceTimersByTime(1_900)
  expect(container.state).toBe('pending')
  vi.advanceTimersByTime(600)
  expect(container.state).toBe('unknown')
  table.answered('docker', ID, DOCKER)
  expect(container).toMatchObject({ state: 'known', facts: DOCKER })
  expect(learnt).toEqual([
    [ID, undefined],
    [ID, DOCKER],
  ])
  expect(table.stats).toMatchObject({ containersTimedOut: 1, containersLearnt: 1, containersUnknown: 1 })
})

test('what is known of a container of a pod waits for Kubernetes, as long as the limit', () => {
  const { table } = open(['containerd', 'cri'])
  const [first, second] = [table.of(ID), table.of(OTHER_ID)]
  table.answered('containerd', ID, CONTAINERD)
  table.answered('containerd', OTHER_ID, CONTAINERD)
  expect(first.state).toBe('pending')
  table.answered('cri', ID, CRI)
  expect(first).toMatchObject({ state: 'known', facts: CRI })
  vi.advanceTimersByTime(2_500)
  expect(second).toMatchObject({ state: 'known', facts: CONTAINERD })
})

test('a container of Docker without a pod waits for nobody else', () => {
  const { table } = open(RUNTIMES)
  const container = table.of(ID)
  table.answered('docker', ID, DOCKER)
  expect(container.state).toBe('known')
})

test('a container of Docker that is of a pod waits for Kubernetes', () => {
  const { table } = open(['docker', 'cri'])
  const container = table.of(ID)
  table.answered('docker', ID, { ...DOCKER, pod: POD })
  expect(container.state).toBe('pending')
  table.answered('cri', ID, CRI)
  expect(container).toMatchObject({ state: 'known', facts: CRI })
})

test('what was told before a process was seen is known at once, and only then reported', () => {
  const { table, asked, learnt } = open(['docker'])
  table.told('docker', ID, DOCKER)
  expect([asked, learnt]).toEqual([[], []])
  expect(table.of(ID)).toMatchObject({ state: 'known', facts: DOCKER })
  expect([asked, learnt]).toEqual([[], [[ID, DOCKER]]])
})

test('a container that containerd tells of is asked for at Kubernetes, again when it is told once more', () => {
  const { table, asked } = open(['containerd', 'cri'])
  table.told('containerd', ID, CONTAINERD)
  expect(asked).toEqual([['cri', ID]])
  table.answered('cri', ID, undefined)
  table.told('containerd', ID, CONTAINERD)
  expect(asked).toHaveLength(2)
  table.answered('cri', ID, CRI)
  table.told('containerd', ID, CONTAINERD)
  expect(asked).toHaveLength(2)
  expect(table.of(ID).facts).toEqual(CRI)
})

test('another name is told to everybody who holds the container, once', () => {
  const { table, learnt } = open(['docker'])
  table.told('docker', ID, DOCKER)
  const container = table.of(ID)
  const renamed = { ...DOCKER, name: 'shop-front' }
  table.told('docker', ID, renamed)
  table.told('docker', ID, { ...renamed })
  expect(container.facts).toEqual(renamed)
  expect(learnt).toHaveLength(2)
})

test('one that nobody knew is asked for again when a process appears in it later', () => {
  const { table, asked } = open(['docker'])
  const container = table.of(ID)
  table.answered('docker', ID, undefined)
  table.of(ID)
  expect(asked).toHaveLength(1)
  vi.advanceTimersByTime(10_500)
  table.of(ID)
  expect(asked).toHaveLength(2)
  expect(container.state).toBe('unknown')
  table.answered('docker', ID, DOCKER)
  expect(container.state).toBe('known')
})

test('one that is gone is forgotten after a while, unless it comes back', () => {
  const { table, forgotten } = open(['docker'])
  table.told('docker', ID, DOCKER)
  table.told('docker', OTHER_ID, DOCKER)
  const container = table.of(ID)
  table.ended('docker', ID)
  table.ended('docker', ID)
  table.ended('docker', OTHER_ID)
  vi.advanceTimersByTime(14_000)
  expect(table.of(ID)).toBe(container)
  table.told('docker', OTHER_ID, DOCKER)
  vi.advanceTimersByTime(2_000)
  expect(forgotten).toEqual([1])
  expect(table.stats).toMatchObject({ containers: 1, containersForgotten: 1 })
  expect(table.of(ID)).not.toBe(container)
})

test('of those that are gone at most 1,000 are still known', () => {
  const { table, forgotten } = open(['docker'])
  for (let index = 0; index < 1_500; index += 1) {
    const id = index.toString(16).padStart(64, '0')
    table.told('docker', id, DOCKER)
    table.ended('docker', id)
  }
  vi.advanceTimersByTime(250)
  expect(forgotten).toEqual([500])
  expect(table.stats.containers).toBe(1_000)
})

test('those that a runtime does not list any more are gone', () => {
  const { table } = open(['docker', 'containerd'])
  table.told('docker', ID, DOCKER)
  table.told('containerd', OTHER_ID, CONTAINERD)
  table.listed('docker', new Set())
  vi.advanceTimersByTime(15_500)
  expect(table.stats).toMatchObject({ containers: 1, containersForgotten: 1 })
})

test('at most 10,000 are kept: those that are gone leave first, then the oldest', () => {
  const { table } = open(['docker'])
  const first = table.of(ID)
  table.told('docker', OTHER_ID, DOCKER)
  for (let index = 0; index < 9_998; index += 1) table.of(index.toString(16).padStart(64, '0'))
  table.ended('docker', OTHER_ID)
  table.of('1'.repeat(64))
  expect(table.of(ID)).toBe(first)
  table.of('2'.repeat(64))
  expect(table.of(ID)).not.toBe(first)
  expect(table.stats).toMatchObject({ containers: 10_000, containersEvicted: 3 })
})

test('in a replay nobody is asked, and what the recording says is all', () => {
  const { table, asked, learnt } = open(RUNTIMES, true)
  const container = table.of(ID)
  vi.advanceTimersByTime(10_000)
  expect(container.state).toBe('pending')
  table.learnt(ID, DOCKER)
  expect(container).toMatchObject({ state: 'known', facts: DOCKER })
  table.learnt(OTHER_ID, undefined)
  expect(table.of(OTHER_ID).state).toBe('unknown')
  expect([asked, learnt]).toEqual([[], []])
})

test('lives are told of: begun, gone, begun again, and how long of those whose begin was seen', () => {
  const { table, lives } = open(['docker'])
  table.told('docker', ID, DOCKER)
  table.told('docker', ID, DOCKER)
  vi.advanceTimersByTime(1_000)
  table.ended('docker', ID)
  table.ended('docker', ID)
  table.told('docker', ID, DOCKER)
  vi.advanceTimersByTime(500)
  table.listed('docker', new Set())
  expect(lives).toEqual([
    'opened shop-web undefined',
    'closed shop-web 1000',
    'restarted shop-web undefined',
    'closed shop-web 500',
  ])
})

test('nobody knows how long a container ran that was there before, or was only asked about', () => {
  const { table, lives } = open(['docker'])
  table.told('docker', ID, DOCKER, true)
  vi.advanceTimersByTime(1_000)
  table.ended('docker', ID)
  table.of(OTHER_ID)
  table.answered('docker', OTHER_ID, DOCKER)
  table.ended('docker', OTHER_ID)
  expect(lives).toEqual(['opened shop-web undefined', 'closed shop-web undefined'])
})

test('a life that began ends, also when the container is forgotten because there are too many', () => {
  const { table, lives } = open(['docker'])
  for (let count = 0; count <= 10_000; count += 1)
    table.told('docker', count.toString(16).padStart(64, '0'), DOCKER)
  expect(lives).toHaveLength(10_002)
  expect(lives.at(-2)).toBe('closed shop-web 0')
})

function open(reachable: readonly Runtime[], replay = false) {
  const asked: [Runtime, string][] = []
  const learnt: [string, ContainerFacts | undefined][] = []
  const forgotten: number[] = []
  const lives: string[] = []
  const table = containerTable({
    clock: { bootEpochMs: 0, nowMs: () => 0, elapsedMs: () => performance.now() },
    limits: { pendingMs: 2_000, forgetAfterMs: 15_000 },
    replay,
    onLearnt: (fullId, facts) => learnt.push([fullId, facts]),
    onForgotten: (count) => forgotten.push(count),
    onLife: ({ kind, container, ranMs }) => lives.push(`${kind} ${container.facts?.name} ${ranMs}`),
    reachable: (runtime) => reachable.includes(runtime),
    ask: (runtime, fullId) => asked.push([runtime, fullId]),
  })
  return { table, asked, learnt, forgotten, lives }
}

function factsOf(runtime: Runtime, name: string, pod?: Pod): ContainerFacts {
  return { runtime, name, image: 'shop/web:1', labels: {}, pod }
}
