import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Origin, startOrigin } from '../support/origin.ts'
import { makeCertificate, openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { QTAP, startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const RELOADS = 12
const CONNECTIONS = 8

let workshop: Workshop
let origin: Origin
beforeAll(async () => {
  workshop = openWorkshop()
  origin = await startOrigin(await makeCertificate(workshop))
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

function configuration(level: string, tap = 'direction: all, ignore_loopback: false'): string {
  return `version: 2
services: { object_stores: [{ type: stdout }] }
stacks: { e2e: { plugins: [{ type: http_capture, config: { level: ${level} } }] } }
tap: { ${tap}, http: { stack: e2e } }
`
}

const completed = (agent: WatchingAgent, count: number) =>
  agent.said.until(({ message }) => message === 'config load completed', count)

test('a changed file, SIGHUP and reload-config each bring the new configuration', async () => {
  const agent = await startWatching(workshop, { config: configuration('summary') })
  await curl('/first')
  const [first] = await seen(agent, '/first')
  expect(first?.requestHeaders).toEqual({})

  writeFileSync(agent.configFile, configuration('headers'))
  await completed(agent, 1)
  await curl('/second')
  const [second] = await seen(agent, '/second')
  expect([second?.requestHeaders['user-agent'], second?.response.bytes.length]).toEqual([
    expect.stringContaining('curl'),
    0,
  ])

  process.kill(agent.pid, 'SIGHUP')
  await completed(agent, 2)
  const { stderr } = await workshop.run(QTAP, ['reload-config', '--log-encoding', 'json'])
  expect(stderr).toContain('sending SIGHUP signal to process')
  expect(stderr).toContain(String(agent.pid))
  await completed(agent, 3)
  await agent.stop()
})

test('a bad file changes nothing and says in one line why; the next good one counts', async () => {
  const agent = await startWatching(workshop, { config: configuration('headers') })
  writeFileSync(agent.configFile, 'tap:\n  direction: sideways\n')
  const [refusal] = await agent.said.until(({ message }) => message.includes('the running one stays'))
  expect(refusal?.['why']).toMatch(/:2:14 tap\.direction: .*sideways/)
  await curl('/after-a-bad-file')
  const [kept] = await seen(agent, '/after-a-bad-file')
  expect(kept?.requestHeaders['user-agent']).toContain('curl')
  writeFileSync(agent.configFile, configuration('summary'))
  await completed(agent, 1)
  await curl('/after-a-good-file')
  const [good] = await seen(agent, '/after-a-good-file')
  expect(good?.requestHeaders).toEqual({})
  await agent.stop()
})

test('filters and directions of the new file hold for programs that run already', async () => {
  const agent = await startWatching(workshop, { config: configuration('summary') })
  const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 })
  await request(keepAlive, '/own/before')
  await seen(agent, '/own/before', 2)
  const filtered = `filters: { custom: [{ exe: ${process.execPath}, strategy: exact }] }`
  writeFileSync(agent.configFile, configuration('summary', `direction: all, ${filtered}`))
  await completed(agent, 1)
  await request(keepAlive, '/own/filtered')
  await curl('/of-curl')
  await seen(agent, '/of-curl')
  writeFileSync(agent.configFile, configuration('summary'))
  await completed(agent, 2)
  await request(keepAlive, '/own/after')
  await request(keepAlive, '/own/after')
  await seen(agent, '/own/after')
  expect(agent.exchanges.all.filter(({ url }) => url.endsWith('/own/filtered'))).toEqual([])
  keepAlive.destroy()
  await agent.stop()
})

test(`${RELOADS} reloads under load lose no exchange, and none comes twice`, async () => {
  const agent = await startWatching(workshop, { config: configuration('summary') })
  const keepAlive = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const asked: string[] = []
  let going = true
  const workers = Array.from({ length: CONNECTIONS }, async (_, worker) => {
    for (let index = 0; going; index += 1) {
      const path = `/status/200/load/${worker}/${index}`
      asked.push(path)
      await request(keepAlive, path)
    }
  })
  for (let index = 1; index <= RELOADS; index += 1) {
    writeFileSync(agent.configFile, configuration(index % 2 === 0 ? 'summary' : 'full'))
    process.kill(agent.pid, 'SIGHUP')
    await completed(agent, index)
  }
  going = false
  await Promise.all(workers)
  keepAlive.destroy()
  const { counted } = await agent.stop()
  expect(asked.length).toBeGreaterThan(RELOADS * CONNECTIONS)
  for (const direction of ['egress-external', 'ingress']) {
    const paths = agent.exchanges.all
      .filter((one) => one.direction === direction && one.url.includes('/load/'))
      .map(({ url }) => new URL(url).pathname)
    expect(paths.toSorted()).toEqual(asked.toSorted())
  }
  expect(counted['capture']).toMatchObject({ recordsLost: 0 })
  expect(readFileSync(agent.configFile, 'utf8')).toContain('level: summary')
})

function curl(path: string): Promise<unknown> {
  return workshop.run(CURL, ['-sS', `${origin.plain}${path}`])
}

function seen(agent: WatchingAgent, path: string, count = 1) {
  return agent.exchanges.until(({ url }) => url.endsWith(path), count)
}

/** By this very process, over connections that stay open. */
function request(agent: Agent, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(`${origin.plain}${path}`, { agent }, (response) => {
      response.resume()
      response.once('end', resolve)
    }).once('error', reject)
  })
}
