import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from './base/index.ts'
import { askToReload } from './reload-command.ts'

/** A process that says `ready`, and `heard` at each hang-up signal. */
async function listener() {
  const script =
    "process.on('SIGHUP', () => console.log('heard')); setInterval(() => {}, 1000); console.log('ready')"
  const child = spawn(process.execPath, ['-e', script])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test('every running agent is asked, one that has just ended does not matter', async () => {
  const agent = await listener()
  const ended = spawn(process.execPath, ['-e', ''])
  await once(ended, 'exit')
  const said: unknown[] = []
  const heard = once(agent.stdout, 'data')
  const log = { ...silentLog, info: (message: string, fields = {}) => void said.push([message, fields]) }
  askToReload(log, [ended.pid ?? 0, agent.pid ?? 0])
  expect(String(await heard)).toBe('heard\n')
  expect(said.at(-1)).toEqual(['sending SIGHUP signal to process', { pid: agent.pid }])
})

test('nobody to ask is a mistake', () => {
  expect(() => askToReload(silentLog, [])).toThrow('could not find a running qtap process')
})
