import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Captured } from '../support/captured.ts'
import { type OwnNetwork, openNetwork } from '../support/own-network.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const PYTHON = '/usr/bin/python3'
const CONFIG = `version: 2
services: { event_stores: [{ type: stdout }], object_stores: [{ type: stdout }] }
stacks:
  some: { plugins: [{ type: http_capture, config: { level: summary } }] }
  more: { plugins: [{ type: http_capture, config: { level: headers } }] }
tap:
  direction: all
  audit_include_dns: true
  http: { stack: some }
  endpoints:
    - { domain: detailed.names.test, http: { stack: more } }
    - { domain: '*.quiet.names.test', http: { stack: none } }
`

let workshop: Workshop
let network: OwnNetwork
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  network = await openNetwork(workshop)
  agent = await startWatching(workshop, { config: CONFIG })
})
afterAll(async () => {
  await workshop.close()
  network.close()
})

async function captured(path: string, exe = CURL) {
  const isIt = ({ direction, url, ...one }: Captured) =>
    one.exe === exe && direction !== 'ingress' && url.endsWith(path)
  const [one] = await agent.exchanges.until(isIt)
  return one ?? expect.fail()
}

test('the name that was looked up goes before the one that the request names', async () => {
  await network.run(CURL, '-sS', '-H', 'Host: other.example', 'http://api.names.test/udp')
  expect((await captured('/udp')).metadata.endpoint_id).toBe('api.names.test')
})

test('so does one that was looked up by TCP', async () => {
  network.resolveBy('options use-vc\n')
  await network.run(CURL, '-sS', '-H', 'Host: other.example', 'http://tcp.names.test/tcp')
  expect((await captured('/tcp')).metadata.endpoint_id).toBe('tcp.names.test')
  network.resolveBy('')
})

test.each([
  [
    'c-ares of Node.js',
    process.execPath,
    [
      '-e',
      `require('dns').resolve4('cares.names.test', (_, [ip]) =>
        require('http').get({ host: ip, path: '/cares', headers: { host: 'other.example' } }))`,
    ],
    '/cares',
    'cares.names.test',
  ],
  [
    'Python',
    PYTHON,
    [
      '-c',
      `import urllib.request as u
u.urlopen(u.Request('http://python.names.test/python', headers={'Host': 'other.example'})).read()`,
    ],
    '/python',
    'python.names.test',
  ],
])('the resolver of %s is understood', async (_name, program, words, path, name) => {
  await network.run(program, ...words)
  expect((await captured(path, pathOf(program))).metadata.endpoint_id).toBe(name)
})

test('a request by address has the name that it gives, or the address', async () => {
  await network.run(CURL, '-sS', '-H', 'Host: given.example', `http://${network.address}/given`)
  // The address has a name by now: what was looked up in this network last.
  const { endpoint_id } = (await captured('/given')).metadata
  expect(endpoint_id).toMatch(/\.names\.test$/)
})

test('a domain may have a stack of its own, or none', async () => {
  await network.run(CURL, '-sS', 'http://detailed.names.test/detailed')
  await network.run(CURL, '-sS', 'http://a.quiet.names.test/quiet')
  await network.run(CURL, '-sS', 'http://quiet.names.test/loud')
  expect((await captured('/detailed')).requestHeaders['user-agent']).toContain('curl')
  expect((await captured('/loud')).requestHeaders).toEqual({})
  expect(agent.exchanges.all.filter(({ exe, url }) => exe === CURL && url.endsWith('/quiet'))).toEqual([])
})

test('look-ups are told of as connections, since the configuration asks for them', async () => {
  const [lookup] = await agent.events.until(({ item }) => item['socketProtocol'] === 'udp')
  expect(lookup?.item).toMatchObject({
    l7Protocol: 'dns',
    finalized: true,
    destination: { address: { ip: network.address, port: 53 } },
    tags: { protocol: ['dns'] },
  })
  const [byTcp] = await agent.events.until(
    ({ item }) => item['socketProtocol'] === 'tcp' && item['l7Protocol'] === 'dns',
  )
  expect(byTcp?.item).toMatchObject({ finalized: true })
})
