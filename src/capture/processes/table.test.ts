import { expect, test } from 'vitest'
import { type Container, type Process, SKIP } from '../events.ts'
import type { ProcessFacts } from './proc.ts'
import { processTable, type Started } from './table.ts'

const SECOND = 1e9
/** Between two of the steps in which `/proc` tells times. */
const EXACT = 7 * SECOND + 123_456

const CURL: Started & ProcessFacts = {
  pid: 7,
  parentPid: 3,
  startedAt: EXACT,
  exe: '/usr/bin/curl',
  args: ['curl', 'x'],
  userId: 33,
  hostname: 'web-1',
  environment: {},
  containerId: '',
  podUid: '',
}

const SHELL: ProcessFacts = {
  ...CURL,
  pid: 3,
  parentPid: 2,
  startedAt: 3 * SECOND,
  exe: '/bin/sh',
  args: ['sh'],
}
const LOGIN: ProcessFacts = { ...CURL, pid: 2, parentPid: 1, startedAt: 2 * SECOND, exe: '/bin/login' }
const INIT: ProcessFacts = { ...CURL, pid: 1, parentPid: 0, startedAt: SECOND, exe: '/sbin/init' }

function inProc(facts: ProcessFacts): ProcessFacts {
  return { ...facts, startedAt: facts.startedAt - (facts.startedAt % (SECOND / 100)) }
}

/** A machine where these processes run, that writes down what it is asked. */
function machine(running: readonly ProcessFacts[] = [], skipsOf: (process: Process) => number = () => 0) {
  const asked: number[] = []
  const reader = {
    read(pid: number) {
      asked.push(pid)
      const facts = running.find((one) => one.pid === pid)
      return facts && inProc(facts)
    },
    userName: (_: number, userId: number) => (userId === 33 ? 'web' : ''),
  }
  const containerOf = (fullId: string): Container => ({ fullId, id: '', state: 'pending', facts: undefined })
  return { asked, table: processTable({ reader, containerOf, skipsOf }) }
}

test('a program that was started is known without asking the machine', () => {
  const { asked, table } = machine()
  table.started({ ...CURL, parentPid: 0 })
  const { containerId: _, ...facts } = CURL
  expect(table.find(7, EXACT)).toEqual({
    ...facts,
    parentPid: 0,
    binary: 'curl',
    userName: 'web',
    ancestors: [],
    strategy: 'observe',
    container: undefined,
    skips: 0,
  })
  expect(asked).toEqual([])
})

test('a process that goes on as another user is that user, and nobody of its number before or behind is', () => {
  const { table } = machine()
  const process = table.started({ ...CURL, userId: 0 })
  expect(process).toMatchObject({ userId: 0, userName: '' })
  for (const startedAt of [EXACT - 1, EXACT + 1]) table.changedUser(7, startedAt, 1)
  table.changedUser(8, EXACT, 1)
  expect(process.userId).toBe(0)
  table.changedUser(7, EXACT, 33)
  expect(process).toMatchObject({ userId: 33, userName: 'web' })
  expect(table.find(7, EXACT)).toBe(process)
})

test('a program whose path was too long for the record is asked for', () => {
  const { table } = machine([{ ...CURL, exe: '/very/long/path' }])
  table.started({ ...CURL, exe: '' })
  expect(table.find(7, EXACT)).toMatchObject({ exe: '/very/long/path', binary: 'path' })
})

test('an environment that the record may not hold is asked for, but never that of another process', () => {
  const environment = { QPOINT_TAGS: 'a:b' }
  const { table } = machine([{ ...CURL, environment }])
  expect(table.started({ ...CURL, environment: undefined }).environment).toEqual(environment)
  const later = EXACT + SECOND
  expect(table.started({ ...CURL, startedAt: later, environment: undefined }).environment).toEqual({})
})

test('what a process asks for itself, and what its secrets are, is read at its start', () => {
  const { table } = machine()
  const environment = { QPOINT_STRATEGY: 'audit,exe.suffix:curl' }
  table.started({ ...CURL, environment, args: ['curl', '--password', 'x'], containerId: 'c'.repeat(64) })
  expect(table.find(7, EXACT)).toMatchObject({
    strategy: 'audit',
    args: ['curl', '--password', '***'],
    container: { fullId: 'c'.repeat(64) },
  })
})

test('a process that was there before is read once, and has the exact time of its records', () => {
  const { asked, table } = machine([CURL])
  const found = table.find(7, EXACT)
  expect(found).toMatchObject({ binary: 'curl', userName: 'web', startedAt: EXACT })
  expect(table.find(7, EXACT)).toBe(found)
  expect(asked.filter((pid) => pid === 7)).toHaveLength(1)
  expect(table.stats.readLater).toBe(1)
})

test('a process nobody can tell of has a number and its time and no more', () => {
  const { asked, table } = machine()
  expect(table.find(9, EXACT)).toEqual({
    pid: 9,
    parentPid: -1,
    startedAt: EXACT,
    exe: '',
    binary: '',
    args: [],
    userId: -1,
    userName: '',
    hostname: '',
    ancestors: [],
    environment: {},
    strategy: 'observe',
    container: undefined,
    podUid: '',
    skips: 0,
  })
  table.find(9, EXACT)
  expect(asked).toEqual([9])
  expect(table.stats.unknown).toBe(1)
})

test('a forked process is its parent until it starts a program of its own', () => {
  const { table } = machine([], () => SKIP.tls)
  table.started(CURL)
  table.forked(8, EXACT + 1, 7, EXACT)
  expect(table.find(8, EXACT + 1)).toMatchObject({
    pid: 8,
    parentPid: 7,
    startedAt: EXACT + 1,
    binary: 'curl',
    userName: 'web',
    skips: SKIP.tls,
  })
  table.started({ ...CURL, pid: 8, parentPid: 7, startedAt: EXACT + 1, exe: '/bin/true' })
  expect(table.find(8, EXACT + 1).binary).toBe('true')
  expect(table.find(7, EXACT).binary).toBe('curl')
})

test('a number that is used again is not taken for its former owner', () => {
  const later = EXACT + 5 * SECOND
  const { table } = machine([{ ...CURL, exe: '/bin/new', startedAt: later }])
  table.started({ ...CURL, exe: '/bin/old' })
  table.ended(7, EXACT)
  expect(table.known(7)).toBeUndefined()
  expect(table.find(7, later).binary).toBe('new')
})

test('a number that is used again is not taken for its former owner even if its end was lost', () => {
  const later = EXACT + 5 * SECOND
  const { table } = machine([{ ...CURL, exe: '/bin/new', startedAt: later }])
  table.started({ ...CURL, exe: '/bin/old' })
  expect(table.find(7, later).binary).toBe('new')
  expect(table.stats.reused).toBe(1)
})

test('what /proc says of another process with this number is not believed', () => {
  const { table } = machine([{ ...CURL, startedAt: EXACT + SECOND / 100 }])
  expect(table.find(7, EXACT)).toMatchObject({ exe: '', startedAt: EXACT })
})

test('a record of a former owner leaves the present one alone', () => {
  const { table } = machine([CURL])
  table.started(CURL)
  expect(table.find(7, EXACT - SECOND)).toMatchObject({ exe: '', startedAt: EXACT - SECOND })
  table.ended(7, EXACT - SECOND)
  expect(table.find(7, EXACT).binary).toBe('curl')
})

test('the fork of an unknown process makes its number nobody, and so does that of a former owner', () => {
  const { table } = machine()
  table.started({ ...CURL, exe: '/bin/old' })
  table.forked(7, EXACT + 9, 99, EXACT)
  expect(table.known(7)).toBeUndefined()
  table.started(CURL)
  table.forked(8, EXACT + 9, 7, EXACT + 1)
  expect(table.known(8)).toBeUndefined()
})

test('ancestors are known by forks, parent first, and stay when a parent ends', () => {
  const { asked, table } = machine()
  table.started({ ...SHELL, parentPid: 0 })
  table.forked(7, EXACT, 3, SHELL.startedAt)
  table.ended(3, SHELL.startedAt)
  table.started({ ...CURL, parentPid: 1 })
  table.forked(8, EXACT + 1, 7, EXACT)
  expect(table.find(8, EXACT + 1).ancestors).toEqual([
    { pid: 7, exe: '/usr/bin/curl' },
    { pid: 3, exe: '/bin/sh' },
  ])
  expect(asked).toEqual([])
})

test('ancestors that were there before are read, once for all their children', () => {
  const { asked, table } = machine([SHELL, LOGIN, INIT])
  table.started(CURL)
  table.started({ ...CURL, pid: 8 })
  for (const pid of [7, 8])
    expect(table.find(pid, EXACT).ancestors.map(({ exe }) => exe)).toEqual([
      '/bin/sh',
      '/bin/login',
      '/sbin/init',
    ])
  expect(asked).toEqual([3, 2, 1])
})

test('who is younger than the process is none of its ancestors', () => {
  const { table } = machine([{ ...SHELL, startedAt: EXACT + SECOND }])
  expect(table.started(CURL).ancestors).toEqual([])
  table.started({ ...LOGIN, startedAt: EXACT + SECOND })
  expect(table.started({ ...CURL, pid: 8, parentPid: 2 }).ancestors).toEqual([])
})

test('ancestors end after sixteen, also where a process is said to be its own parent', () => {
  const { table } = machine(
    Array.from({ length: 40 }, (_, pid) => ({
      ...SHELL,
      pid,
      parentPid: Math.max(1, pid - 1),
      startedAt: pid,
    })),
  )
  expect(table.started({ ...CURL, pid: 50, parentPid: 39 }).ancestors.map(({ pid }) => pid)).toEqual(
    Array.from({ length: 16 }, (_, index) => 39 - index),
  )
  expect(table.started({ ...CURL, pid: 51, parentPid: 5 }).ancestors).toHaveLength(5)
})

test('judging again changes the very objects that were given, both ways', () => {
  let skips: number = SKIP.all
  const { table } = machine([{ ...CURL, environment: { NEW: 'x' } }], () => skips)
  const process = table.started({ ...CURL, environment: { OLD: 'y' } })
  expect(process.skips).toBe(SKIP.all)
  expect(table.judgeAgain(false)).toEqual([])
  skips = 0
  expect(table.judgeAgain(true)).toEqual([process])
  expect(process).toMatchObject({ skips: 0, environment: { NEW: 'x', OLD: 'y' } })
})

test('a process met before any record of it is the one its records name', () => {
  const { table } = machine([CURL])
  const met = table.meet(7)
  expect(table.find(7, EXACT)).toBe(met)
  expect(met?.startedAt).toBe(EXACT)
  expect(table.meet(8)).toBeUndefined()
})

test('of more than 65,536 processes the oldest goes first', () => {
  const { table } = machine()
  for (let pid = 1; pid <= 65_536; pid += 1) table.started({ ...CURL, pid, parentPid: 0 })
  expect(table.known(1)).toBeDefined()
  expect(table.stats.evicted).toBe(0)
  table.started({ ...CURL, pid: 65_537, parentPid: 0 })
  expect(table.known(1)).toBeUndefined()
  expect(table.known(2)).toBeDefined()
  expect(table.stats.evicted).toBe(1)
})
