import { expect, test } from 'vitest'
import type { ProcessFacts, ProcessReader } from './proc.ts'
import { processTable, type Started } from './table.ts'

const CURL: Started = {
  pid: 7,
  parentPid: 1,
  startedAt: 700,
  exe: '/usr/bin/curl',
  args: ['curl', 'x'],
  userId: 33,
  containerId: '0123456789ab',
}

/** A machine where these processes run, that writes down what it is asked. */
function machine(...running: readonly ProcessFacts[]) {
  const asked: number[] = []
  const reader: ProcessReader = {
    read(pid) {
      asked.push(pid)
      return running.find((facts) => facts.pid === pid)
    },
    userName: (_, userId) => (userId === 33 ? 'web' : ''),
  }
  return { asked, table: processTable(reader) }
}

test('a program that was started is known without asking the machine', () => {
  const { asked, table } = machine()
  table.started(CURL)
  expect(table.find(7)).toEqual({ ...CURL, binary: 'curl', userName: 'web' })
  expect(asked).toEqual([])
})

test('a program whose path was too long for the record is asked for', () => {
  const { table } = machine({ ...CURL, exe: '/very/long/path' })
  table.started({ ...CURL, exe: '' })
  expect(table.find(7)).toMatchObject({ exe: '/very/long/path', binary: 'path' })
})

test('a process that was there before is read once', () => {
  const { asked, table } = machine(CURL)
  expect(table.find(7)).toMatchObject({ binary: 'curl', userName: 'web' })
  expect(table.find(7)).toBe(table.find(7))
  expect(asked).toEqual([7])
  expect(table.stats.readLater).toBe(1)
})

test('a process nobody can tell of has a number and no more', () => {
  const { asked, table } = machine()
  expect(table.find(9)).toEqual({
    pid: 9,
    parentPid: -1,
    startedAt: -1,
    exe: '',
    binary: '',
    args: [],
    userId: -1,
    userName: '',
    containerId: '',
  })
  table.find(9)
  expect(asked).toEqual([9])
  expect(table.stats.unknown).toBe(1)
})

test('a forked process is its parent until it starts a program of its own', () => {
  const { table } = machine()
  table.started(CURL)
  table.forked(8, 7, 800)
  expect(table.find(8)).toMatchObject({
    pid: 8,
    parentPid: 7,
    startedAt: 800,
    binary: 'curl',
    userName: 'web',
  })
  table.started({ ...CURL, pid: 8, parentPid: 7, exe: '/bin/true' })
  expect(table.find(8).binary).toBe('true')
  expect(table.find(7).binary).toBe('curl')
})

test('a number that is used again is not taken for its former owner', () => {
  const { table } = machine({ ...CURL, exe: '/bin/new' })
  table.started({ ...CURL, exe: '/bin/old' })
  table.ended(7)
  expect(table.known(7)).toBeUndefined()
  expect(table.find(7).binary).toBe('new')
})

test('a number that is used again by the fork of an unknown process is asked for, even if its end was lost', () => {
  const { table } = machine({ ...CURL, exe: '/bin/new' })
  table.started({ ...CURL, exe: '/bin/old' })
  table.forked(7, 99, 900)
  expect(table.find(7).binary).toBe('new')
})

test('of more than 65,536 processes the oldest goes first', () => {
  const { table } = machine()
  for (let pid = 1; pid <= 65_536; pid += 1) table.started({ ...CURL, pid })
  expect(table.known(1)).toBeDefined()
  expect(table.stats.evicted).toBe(0)
  table.started({ ...CURL, pid: 65_537 })
  expect(table.known(1)).toBeUndefined()
  expect(table.known(2)).toBeDefined()
  expect(table.stats.evicted).toBe(1)
})
