import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get as getPlain, Agent as PlainAgent, request } from 'node:http'
import { get as getTls, Agent as TlsAgent } from 'node:https'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import { makeCertificate, openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { type Counted, startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const NODE = pathOf(process.execPath)

let workshop: Workshop
let nginx: Nginx
let ca: Buffer
beforeAll(async () => {
  workshop = openWorkshop()
  const certificate = await makeCertificate(workshop)
  ca = readFileSync(certificate.certificateFile)
  nginx = await startNginx(workshop, certificate, 9)
  nginx.publish('page.txt', 'A page')
})
afterAll(() => workshop.close())

test('of a plain connection older than the agent the later exchanges are seen', async () => {
  const connection = new PlainAgent({ keepAlive: true, maxSockets: 1 })
  await askPlain(connection, 'before')
  const agent = await startWatching(workshop)
  await askPlain(connection, 'after-1')
  await askPlain(connection, 'after-2')
  for (const exe of [NODE, NGINX]) {
    const isOne = (one: { exe: string; url: string }) => one.exe === exe && one.url.startsWith(nginx.plain)
    const exchanges = await agent.exchanges.until(isOne, 2)
    expect(exchanges.map(({ url }) => url)).toEqual(
      ['after-1', 'after-2'].map((name) => `${nginx.plain}/files/page.txt?${name}`),
    )
    for (const captured of exchanges) {
      expect(captured).toMatchObject({ method: 'GET', status: 200 })
      expect(captured.response.bytes.toString()).toBe('A page')
    }
  }
  connection.destroy()
  await expectStopped(agent)
})

test('an exchange under way when the agent starts is counted and not made up, and the next one is seen', async () => {
  const connection = new PlainAgent({ keepAlive: true, maxSockets: 1 })
  const headers = { 'content-length': 6 }
  const waits = request(`${nginx.plain}/slow`, { agent: connection, method: 'PUT', headers })
  await new Promise((resolve) => waits.write('one', resolve))
  const agent = await startWatching(workshop)
  waits.end('two')
  const [response] = await once(waits, 'response')
  expect(response.statusCode).toBe(502)
  await once(response.resume(), 'end')
  await askPlain(connection, 'after-slow')
  const url = `${nginx.plain}/files/page.txt?after-slow`
  for (const exe of [NODE, NGINX]) await agent.exchanges.until((one) => one.exe === exe && one.url === url)
  // Of the other exchange the request was not seen: it is counted, not made up.
  expect(agent.exchanges.all.filter((one) => one.url.startsWith(nginx.plain) && one.url !== url)).toEqual([])
  connection.destroy()
  const counted = await expectStopped(agent)
  // At each of both ends: three bytes of the request, and an answer to a request that was not seen.
  expect(counted['messages']?.['skippedBytes']).toBeGreaterThanOrEqual(2 * 'two'.length)
  expect(counted['messages']?.['responsesUnpaired']).toBeGreaterThanOrEqual(2)
})

test('a TLS connection older than the agent stays closed, and that is said', async () => {
  const connection = new TlsAgent({ keepAlive: true, maxSockets: 1, ca })
  await askTls(connection, 'before')
  const agent = await startWatching(workshop)
  await askTls(connection, 'after')
  for (const exe of [NODE, NGINX])
    await agent.said.until((line) => line.message === 'TLS not readable: joined late' && line['exe'] === exe)
  expect(agent.exchanges.all.filter(({ url }) => url.startsWith(nginx.tls))).toEqual([])
  connection.destroy()
  await expectStopped(agent)
})

async function expectStopped(agent: WatchingAgent): Promise<Counted> {
  const { code, counted } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0 })
  return counted
}

async function askPlain(agent: PlainAgent, name: string): Promise<void> {
  const [response] = await once(getPlain(`${nginx.plain}/files/page.txt?${name}`, { agent }), 'response')
  await once(response.resume(), 'end')
}

async function askTls(agent: TlsAgent, name: string): Promise<void> {
  const [response] = await once(getTls(`${nginx.tls}/files/page.txt?${name}`, { agent }), 'response')
  await once(response.resume(), 'end')
}
