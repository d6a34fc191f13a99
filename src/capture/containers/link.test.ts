import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../base/index.ts'
import type { ContainerFacts } from '../events.ts'
import { type LinkStats, openLink } from './link.ts'
import { type Connect, type Hearing, NotOffered, type Session } from './session.ts'
import { containerTable } from './table.ts'

const ID = 'ab'.repeat(32)
const OTHER_ID = 'cd'.repeat(32)
const ENDED_ID = 'ef'.repeat(32)
const FACTS: ContainerFacts = { runtime: 'docker', name: 'web', image: 'web:1', labels: {}, pod: undefined }

let folder: string
let path: string
let server: Server
let closeLink: () => void
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-link-'))
  path = join(folder, 'runtime.sock')
  await listen()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  closeLink()
  vi.useRealTimers()
  server.close()
  rmSync(folder, { recursive: true })
})

test('after failures the pauses grow to half a minute', async () => {
  const { tries } = open(async () => {
    throw new Error('refused')
  })
  await vi.advanceTimersByTimeAsync(60_000)
  // At 0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75 and 31.75 s; the next would be after a minute.
  expect(tries()).toBe(8)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(tries()).toBe(28)
})

test('what is not offered is asked for again every ten minutes, and at once at another socket', async () => {
  const { tries } = open(async () => {
    throw new NotOffered('unknown method')
  })
  await vi.advanceTimersByTimeAsync(590_000)
  expect(tries()).toBe(1)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(tries()).toBe(2)
  const closed = once(server, 'close')
  server.close()
  await closed
  await listen()
  await vi.advanceTimersByTimeAsync(3_000)
  expect(tries()).toBe(3)
})

test('questions wait for the list, and those that it answers are not put', async () => {
  let give: (list: ReadonlyMap<string, ContainerFacts>) => void = () => {}
  const list = new Promise<ReadonlyMap<string, ContainerFacts>>((resolve) => (give = resolve))
  const { table, asked } = open(async () => sessionOf({ list: () => list }))
  const [one, other] = [table.of(ID), table.of(OTHER_ID)]
  await vi.advanceTimersByTimeAsync(100)
  expect([one.state, asked]).toEqual(['pending', []])
  give(new Map([[ID, FACTS]]))
  await vi.advanceTimersByTimeAsync(0)
  expect([one.state, other.state, asked]).toEqual(['known', 'unknown', [OTHER_ID]])
})

test('what is told while the list is made is newer than the list', async () => {
  let hearing: Hearing | undefined
  const list = new Map([ID, ENDED_ID].map((id) => [id, FACTS]))
  const { table } = open(async (_, heard) => {
    hearing = heard
    return sessionOf({
      list: async () => {
        hearing?.told(ID, { ...FACTS, name: 'renamed' })
        hearing?.told(OTHER_ID, FACTS)
        hearing?.told(ENDED_ID, FACTS)
        hearing?.ended(ENDED_ID)
        return list
      },
    })
  })
  await vi.advanceTimersByTimeAsync(0)
  expect(table.of(ID).facts?.name).toBe('renamed')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(table.stats).toMatchObject({ containers: 2, containersForgotten: 1 })
})

test('at most eight questions are under way, and past 10,000 that wait they are dropped', async () => {
  const { table, asked, stats } = open(async () => sessionOf({ ask: () => new Promise(() => {}) }))
  await vi.advanceTimersByTimeAsync(0)
  const containers = Array.from({ length: 10_000 }, (_, index) =>
    table.of(index.toString(16).padStart(64, '0')),
  )
  expect(asked).toHaveLength(8)
  expect(stats.runtimeAsksDropped).toBe(0)
  const more = Array.from({ length: 20 }, (_, index) =>
    table.of((index + 20_000).toString(16).padStart(64, '0')),
  )
  expect(stats.runtimeAsksDropped).toBe(12)
  expect(more.filter(({ state }) => state === 'unknown')).toHaveLength(12)
  expect(containers.every(({ state }) => state === 'pending')).toBe(true)
})

test('a runtime that hangs up leaves no question open', async () => {
  let hangUp: () => void = () => {}
  const over = new Promise<void>((resolve) => (hangUp = resolve))
  const { table } = open(async () => sessionOf({ over, list: () => new Promise(() => {}) }))
  await vi.advanceTimersByTimeAsync(0)
  const container = table.of(ID)
  hangUp()
  await vi.advanceTimersByTimeAsync(0)
  expect(container.state).toBe('unknown')
})

function open(connect: Connect) {
  const asked: string[] = []
  let tried = 0
  const clock = { bootEpochMs: 0, nowMs: () => 0, elapsedMs: () => performance.now() }
  const stats: LinkStats = {
    runtimeConnections: 0,
    runtimeCallsFailed: 0,
    runtimeAsksDropped: 0,
    containerLabelsLeftOut: 0,
    runtimeMessagesRefused: 0,
  }
  const table = containerTable({
    clock,
    limits: { pendingMs: 2_000, forgetAfterMs: 15_000 },
    replay: false,
    onLearnt: () => {},
    onForgotten: () => {},
    reachable: (runtime) => runtime === 'docker' && link.reachable(),
    ask: (_, fullId) => link.ask(fullId),
  })
  const link = openLink({
    runtime: 'docker',
    title: 'docker engine',
    paths: [path],
    connect: async (at, hearing) => {
      tried += 1
      const session = await connect(at, hearing)
      return {
        ...session,
        ask: (fullId, hint) => {
          asked.push(fullId)
          return session.ask(fullId, hint)
        },
      }
    },
    table,
    stats,
    log: silentLog,
    clock,
    lookMs: 3_000,
  })
  closeLink = () => {
    link.close()
    table.close()
  }
  return { table, asked, stats, tries: () => tried }
}

function sessionOf(changes: Partial<Session>): Session {
  return {
    list: async () => new Map(),
    ask: async () => undefined,
    over: new Promise(() => {}),
    close: () => {},
    ...changes,
  }
}

async function listen(): Promise<void> {
  server = createServer()
  server.listen(path)
  await once(server, 'listening')
}
