import { expect, test } from 'vitest'
import { SAMPLE_PROCESS } from '../../test/support/sample-exchange.ts'
import { type Process, SKIP } from './events.ts'
import { chooseSkips } from './skips.ts'

/** A kernel that keeps what it is told, and what was warned of. */
function choosing(exe: string) {
  const list = new Map<number, number>()
  const calls: [pid: number, skips: number][] = []
  const warnings: string[] = []
  const kernel = {
    bootNs: () => 1000,
    skipProcess(pid: number, skips: number) {
      calls.push([pid, skips])
      if (skips === 0) list.delete(pid)
      else list.set(pid, skips)
    },
  }
  const custom = [{ exe, strategy: 'exact', skips: SKIP.all }] as const
  const skips = chooseSkips(kernel, { groups: [], custom }, { warn: (message) => warnings.push(message) })
  return { list, calls, warnings, skips }
}

function processOf(changes: Partial<Process>): Process {
  return { ...SAMPLE_PROCESS, ...changes }
}

test('the kernel is told of a program that is left out, and of one that is not any more', () => {
  const { list, calls, skips } = choosing('/usr/bin/curl')
  skips.started(processOf({ skips: skips.of(SAMPLE_PROCESS) }))
  expect(list).toEqual(new Map([[SAMPLE_PROCESS.pid, SKIP.all]]))
  skips.started(processOf({ exe: '/bin/other', skips: 0 }))
  skips.started(processOf({ pid: 5, exe: '/bin/other', skips: 0 }))
  expect(list.size).toBe(0)
  expect(calls).toHaveLength(2)
})

test('what a child begins with is left to the kernel, unless the filters changed since', () => {
  const { calls, skips } = choosing('/usr/bin/curl')
  skips.forked(processOf({ pid: 8, skips: SKIP.all }), 10)
  expect(calls).toEqual([])
  skips.change({ groups: [], custom: [] })
  skips.forked(processOf({ pid: 9, skips: 0 }), 1000)
  skips.forked(processOf({ pid: 10, skips: 0 }), 1001)
  expect(calls).toEqual([[9, 0]])
})

test('who was judged anew is told in any case: it may have inherited', () => {
  const { list, calls, skips } = choosing('/usr/bin/curl')
  skips.judged(processOf({ pid: 9, skips: 0 }))
  skips.judged(processOf({ pid: 10, skips: SKIP.data }))
  expect(calls).toEqual([
    [9, 0],
    [10, SKIP.data],
  ])
  skips.ended(10)
  expect(list.size).toBe(0)
})

test('of what comes in spite of it the kernel is told once', () => {
  const { calls, skips } = choosing('/usr/bin/curl')
  skips.surprised(processOf({ pid: 9, skips: SKIP.tls }))
  skips.surprised(processOf({ pid: 9, skips: SKIP.tls }))
  expect(calls).toEqual([[9, SKIP.tls]])
})

test('programs that ask for forwarding are warned of once', () => {
  const { warnings, skips } = choosing('x')
  for (const strategy of ['forward', 'proxy', 'forward'] as const)
    expect(skips.of(processOf({ strategy }))).toBe(0)
  expect(warnings).toHaveLength(1)
})
