import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { runningAgents } from './agents.ts'

/** A process of that name, once it runs; `hears` when it catches the hang-up signal. */
async function started(name: string, hears: boolean, title?: string): Promise<number> {
  const handler = hears ? "process.on('SIGHUP', () => {});" : ''
  const naming = title === undefined ? '' : `process.title = '${title}';`
  const script = `${naming} ${handler} setInterval(() => {}, 1000); console.log('ready')`
  const child = spawn(process.execPath, ['-e', script], { argv0: name })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

test('agents are processes of this name that take the signal', async () => {
  const agent = await started('/opt/bin/qtap', true)
  const renamed = await started('qtap-linux-amd64', true)
  const titled = await started('node', true, 'qtap')
  const deaf = await started('qtap', false)
  const other = await started('/opt/qtap/bin/curl', true)
  const found = runningAgents(process.pid)
  expect(found).toEqual(expect.arrayContaining([agent, renamed, titled]))
  expect(found).not.toContain(deaf)
  expect(found).not.toContain(other)
  expect(runningAgents(agent)).not.toContain(agent)
})
