import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import { listen, type Origin, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { type Reported, startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const NODE = pathOf(process.execPath)
const CURL = pathOf('curl')
const CONFIG = `version: 2
services: { event_stores: [{ type: stdout }], object_stores: [{ type: stdout }] }
tags: [{ key: Team, source: env, location: QTAP_TEST_TEAM }]
stacks: { e2e: { plugins: [{ type: http_capture, config: { level: summary } }] } }
tap: { direction: all, http: { stack: e2e } }
`

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let nginx: Nginx
let agent: WatchingAgent
let other: Server
let otherPort: number
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  nginx = await startNginx(workshop, certificate, origin.ports.plain)
  nginx.publish('page.txt', 'A page')
  other = createServer((socket) => socket.on('data', () => socket.write('+PONG\r\n')))
  otherPort = await listen(other)
  agent = await startWatching(workshop, { config: CONFIG, options: ['--tags', 'Region:EU West'] })
})
afterAll(async () => {
  other.close()
  await origin.close()
  await workshop.close()
})

interface Side {
  readonly address: { readonly family: string; readonly ip: string; readonly port: number }
  readonly exe?: string
  readonly pid?: number
}

interface ConnectionItem {
  readonly meta: { readonly connectionId: string; readonly endpointId: string }
  readonly source: Side
  readonly destination: Side
  readonly part?: number
  readonly finalized?: boolean
}

function itemOf({ item }: Reported): ConnectionItem {
  return item as unknown as ConnectionItem
}

function isConnection(wanted: (item: ConnectionItem) => boolean) {
  return (event: Reported) => event.type === '*eventstore.Connection' && wanted(itemOf(event))
}

test('a TLS request gives one event at each end, with everything that is known', async () => {
  const environment = { ...process.env, QTAP_TEST_TEAM: 'Core Payments', QPOINT_TAGS: 'tier:gold' }
  const options = ['-sS', '--http1.1', '--tlsv1.3', '--cacert', certificate.certificateFile]
  await workshop.run(CURL, [...options, `${nginx.tls}/files/page.txt?events`], { env: environment })
  const [exchange] = await agent.exchanges.until((one) => one.exe === CURL && one.url.endsWith('?events'))
  const [event] = await agent.events.until(
    isConnection(({ meta, finalized }) => meta.connectionId === exchange?.connection && finalized === true),
  )
  expect(event?.item).toEqual({
    meta: {
      connectionId: exchange?.connection,
      endpointId: 'localhost',
      tlsProbeIntrospected: true,
    },
    tags: {
      ip: ['127.0.0.1'],
      bin: ['curl'],
      strategy: ['observe'],
      host: [hostname().toLowerCase()],
      protocol: ['http1'],
      region: ['eu-west'],
      tier: ['gold'],
      team: ['core-payments'],
    },
    finalized: true,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
    createdAt: expect.any(String),
    closedAt: expect.stringMatching(/\.\d{9}Z$/),
    direction: 'egress-external',
    socketProtocol: 'tcp',
    l7Protocol: 'http1',
    tlsVersion: 772,
    system: { hostname: hostname(), agent: 'tap', agentInstance: expect.stringMatching(/^[0-9a-v]{20}$/) },
    source: {
      address: { family: 'ipv4', ip: '127.0.0.1', port: expect.any(Number) },
      hostname: hostname(),
      exe: CURL,
      user: 'root',
      userId: 0,
      pid: exchange?.pid,
      parents: expect.arrayContaining([{ pid: process.pid, exe: NODE }]),
    },
    destination: { address: { family: 'ipv4', ip: '127.0.0.1', port: nginx.ports.tls } },
    bytesReceived: expect.any(Number),
    bytesSent: expect.any(Number),
  })
  const [served] = await agent.exchanges.until((one) => one.exe === NGINX && one.url.endsWith('?events'))
  const [ingress] = await agent.events.until(
    isConnection(({ meta, finalized }) => meta.connectionId === served?.connection && finalized === true),
  )
  expect(ingress?.item).toMatchObject({
    direction: 'ingress',
    source: { address: { port: itemOf(event ?? expect.fail()).source.address.port } },
    destination: { address: { port: nginx.ports.tls }, exe: NGINX },
    bytesSent: event?.item['bytesReceived'],
    bytesReceived: event?.item['bytesSent'],
  })
  const reports = agent.events.all.filter(
    isConnection(({ meta }) => meta.connectionId === exchange?.connection),
  )
  expect(reports).toHaveLength(1)
})

test('another protocol gives a first report, one every 10 s, and a last one with the bytes', async () => {
  const socket = connect(otherPort, '127.0.0.1')
  await once(socket, 'connect')
  const { localPort } = socket
  const isIt = (finalized: boolean) =>
    isConnection(
      ({ source, destination, ...item }) =>
        source.address.port === localPort &&
        destination.address.port === otherPort &&
        source.pid === process.pid &&
        (item.finalized ?? false) === finalized,
    )
  socket.write('PING\r\n')
  const open = await agent.events.until(isIt(false), 2)
  socket.destroy()
  const [last] = await agent.events.until(isIt(true))
  expect(open.map(itemOf).map(({ part }) => part ?? 0)).toEqual([0, 1])
  expect(last?.item).toMatchObject({
    part: 2,
    l7Protocol: 'other',
    bytesSent: 6,
    bytesReceived: 7,
    meta: { endpointId: '127.0.0.1' },
  })
  expect(open[0]?.item).not.toHaveProperty('bytesSent')
  expect(open[0]?.item).not.toHaveProperty('closedAt')
})

test('a connection on which nothing is said is told of too, by both programs', async () => {
  const socket = connect(nginx.ports.plain, '127.0.0.1')
  await once(socket, 'connect')
  const { localPort } = socket
  socket.destroy()
  const ends = await agent.events.until(
    isConnection(({ source, finalized }) => source.address.port === localPort && finalized === true),
    2,
  )
  const programs = ends.map(itemOf).map(({ source, destination }) => source.exe ?? destination.exe)
  expect(new Set(programs)).toEqual(new Set([NODE, NGINX]))
})
