import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openHostnames } from './hostnames.ts'
import { readProcess as readWith, runningProcesses, splitArgs } from './proc.ts'

const readProcess = (pid: number) => readWith(pid, new Set(['QPOINT_TAGS', 'HOME']), openHostnames())

test('of this process everything is known', () => {
  const facts = readProcess(process.pid)
  expect(facts).toMatchObject({
    pid: process.pid,
    parentPid: process.ppid,
    exe: realpathSync(process.execPath),
    userId: process.geteuid?.(),
    hostname: hostname(),
  })
  expect(facts?.args.length).toBeGreaterThan(0)
})

test('a process began when it was started, whatever its name', async () => {
  // The name stands in parentheses in /proc/PID/stat, before the field that is read.
  const child = await sleeperNamed('a) (b 1 2')
  const ours = readProcess(process.pid)
  const facts = readProcess(child.pid ?? 0)
  expect(facts?.parentPid).toBe(process.pid)
  expect(facts?.args.slice(1)).toEqual(['100'])
  expect(facts?.startedAt).toBeGreaterThan(ours?.startedAt ?? Number.POSITIVE_INFINITY)
  expect(facts?.startedAt).toBeLessThan((process.uptime() + 1) * 1e9 + (ours?.startedAt ?? 0))
})

test('of its environment only the wanted variables are read, however large it is', async () => {
  const child = await sleeperNamed('sleeper', {
    LARGE: 'x'.repeat(100_000),
    QPOINT_TAGS: 'a:b=c',
    HOMES: 'no',
  })
  expect(readProcess(child.pid ?? 0)?.environment).toEqual({ QPOINT_TAGS: 'a:b=c' })
})

test('a program whose file was deleted keeps its path', async () => {
  const child = await sleeperNamed('sleeper')
  const before = readProcess(child.pid ?? 0)?.exe ?? ''
  rmSync(before)
  expect(before).toMatch(/\/sleeper$/)
  expect(readProcess(child.pid ?? 0)?.exe).toBe(before)
})

test('of a process that is gone nothing is known', () => {
  expect(readProcess(2 ** 22 + 1)).toBeUndefined()
})

test('this process and its parent are among those that run', () => {
  expect(runningProcesses()).toEqual(expect.arrayContaining([process.pid, process.ppid]))
})

test.for<[bytes: string, args: readonly string[]]>([
  ['', []],
  ['ls\0', ['ls']],
  ['ls\0-l\0', ['ls', '-l']],
  ['printf\0\0x\0', ['printf', '', 'x']],
  ['printf\0\0', ['printf', '']],
  ['cut off', ['cut off']],
  ['é\0', ['é']],
])('arguments %j', ([bytes, args]) => {
  expect(splitArgs(Buffer.from(bytes))).toEqual(args)
})

/** A child that runs a copy of `sleep` with this file name, until the test is over. */
async function sleeperNamed(name: string, env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'qtap-proc-'))
  const file = join(folder, name)
  copyFileSync('/bin/sleep', file)
  const child = spawn(file, ['100'], { env })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })
  await once(child, 'spawn')
  return child
}
