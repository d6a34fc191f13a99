import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, sha256Of } from '../support/captured.ts'
import { type Http2Origin, startHttp2Origin } from '../support/http2-origin.ts'
import { type Lines, readLines } from '../support/lines.ts'
import { listen, type Origin, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const NODE = pathOf(process.execPath)
const PROXY = join(import.meta.dirname, 'programs', 'connect-proxy.js')
const PEAK_BYTES_MAX = 200 << 20
const WAYS = ['plain', 'tls'] as const
/** Through a tunnel, whatever the protocol. */
const OPTIONS = ['-sS', '-p', '-o', '/dev/null', '-o', '/dev/null']

/** The four ends of what passes: the origin is in this process. */
const ENDS = {
  curl: ({ exe, direction }) => exe === CURL && direction === 'egress-external',
  proxyIn: ({ pid, direction }) => pid === proxyPid && direction === 'ingress',
  proxyOut: ({ pid, direction }) => pid === proxyPid && direction === 'egress-external',
  origin: ({ pid, direction }) => pid === process.pid && direction === 'ingress',
} as const satisfies Record<string, (captured: Captured) => boolean>

/** What the proxy says of its client's end of a tunnel. */
interface Told {
  readonly to: string
  readonly receivedBytes: number
  readonly sentBytes: number
}

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let http2Origin: Http2Origin
let proxy: string
let tunnels: Lines<Told>
let proxyPid: number
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  http2Origin = await startHttp2Origin(certificate)
  const child = workshop.start(NODE, [PROXY], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('started without a pipe')
  const [port]: string[] = await once(createInterface({ input: child.stdout }), 'line')
  tunnels = readLines(child.stdout, readTold, ({ to }) => to)
  proxy = `http://localhost:${port}`
  proxyPid = child.pid ?? 0
  agent = await startWatching(workshop)
})
afterAll(async () => {
  await Promise.all([origin.close(), http2Origin.close()])
  await workshop.close()
})

test.each(WAYS)('%s: each of four ends has what passes through a tunnel', async (way) => {
  const urls = [`${origin[way]}/page/first-${way}`, `${origin[way]}/bytes/3000/second-${way}`]
  await curl(...urls)
  for (const end of ['curl', 'proxyIn', 'proxyOut', 'origin'] as const) {
    const inside = await seenAt(end, (one) => urls.includes(one.url), urls.length)
    expect(inside.map(({ url }) => url)).toEqual(urls)
    expect(new Set(inside.map(({ connection }) => connection)).size).toBe(1)
    for (const captured of inside) {
      const { pathname, search } = new URL(captured.url)
      const [passed] = origin.passed(pathname + search)
      expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
      expect(captured.requestHeaders).toEqual(passed?.headers)
      expect(captured.responseHeaders).toMatchObject(passed?.answer.headers ?? {})
      expect(captured.response.sha256).toBe(sha256Of(passed?.answer.body ?? ''))
    }
  }
  const { host } = new URL(origin[way])
  for (const end of ['curl', 'proxyIn'] as const) {
    const opening = await opened(end, host)
    const inside = await seenAt(end, (one) => urls.includes(one.url), urls.length)
    const exchanges = [opening, ...inside]
    expect(new Set(exchanges.map(({ connection }) => connection)).size).toBe(1)
    const [told] = await tunnels.until(({ to }) => to === host)
    const sentBytes = exchanges.reduce((sum, one) => sum + one.sentBytes, 0)
    const receivedBytes = exchanges.reduce((sum, one) => sum + one.receivedBytes, 0)
    if (way === 'plain')
      expect({ to: host, receivedBytes: sentBytes, sentBytes: receivedBytes }).toEqual(told)
    // Inside of TLS less passes than outside.
    expect(sentBytes).toBeLessThanOrEqual(told?.receivedBytes ?? 0)
    expect(receivedBytes).toBeLessThanOrEqual(told?.sentBytes ?? 0)
  }
  // What goes from the proxy to the origin begins behind the tunnel's opening.
  expect(agent.exchanges.all.filter((one) => one.method === 'CONNECT' && ENDS.proxyOut(one))).toEqual([])
})

test('HTTP/2 in a tunnel is read', async () => {
  const url = `${http2Origin.tls}/page/tunnelled`
  await curl(url)
  const { host } = new URL(url)
  for (const end of ['curl', 'proxyIn', 'proxyOut', 'origin'] as const) {
    const [captured] = await seenAt(end, (one) => one.url === url)
    expect(captured).toMatchObject({ protocol: 'http2', status: 200, completeness: 'complete' })
    const [passed] = http2Origin.passed('/page/tunnelled')
    expect(captured?.response.sha256).toBe(sha256Of(passed?.answer.body ?? ''))
  }
  for (const end of ['curl', 'proxyIn'] as const) expect((await opened(end, host)).protocol).toBe('http1')
})

test('a tunnel that is refused is an exchange like any other', async () => {
  const { code } = await workshop.runAnyhow(CURL, [...OPTIONS, '-x', proxy, 'http://localhost:9/refused'])
  expect(code).not.toBe(0)
  const isRefused = ({ url }: Captured) => url === 'http://localhost:9'
  const [client] = await seenAt('curl', isRefused)
  const [server] = await seenAt('proxyIn', isRefused)
  expect(server).toMatchObject({ method: 'CONNECT', status: 403, completeness: 'complete' })
  expect(server?.response.bytes.toString()).toBe('Refused')
  // curl does not read the content: what nobody read did not reach it.
  expect(client).toMatchObject({ method: 'CONNECT', status: 403, completeness: 'truncated' })
  expect(client?.response.bytes).toHaveLength(0)
})

test('a tunnel that carries another protocol is told of, and what it carries is left alone', async () => {
  const server = createServer((socket) => socket.end('220 dictionary\r\n250 ok\r\n221 bye\r\n'))
  const to = `localhost:${await listen(server)}`
  await workshop.runAnyhow(CURL, [...OPTIONS, '-x', proxy, `dict://${to}/d:word`])
  const [told] = await tunnels.until((tunnel) => tunnel.to === to)
  for (const end of ['curl', 'proxyIn'] as const) {
    const { connection, sentBytes } = await opened(end, to)
    expect(sentBytes).toBeLessThan(told?.receivedBytes ?? 0)
    expect(agent.exchanges.all.filter((one) => one.connection === connection)).toHaveLength(1)
  }
  server.close()
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0, strayRecords: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0, unreadableNoSecret: 0 })
  // Each at curl's end and at the proxy's.
  expect(counted['messages']).toMatchObject({ tunnels: 2 * 4 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

function curl(...urls: readonly string[]) {
  return workshop.run(CURL, [...OPTIONS, '--cacert', certificate.certificateFile, '-x', proxy, ...urls])
}

/** The exchange that opened a tunnel to `HOST:PORT`. */
async function opened(end: keyof typeof ENDS, to: string): Promise<Captured> {
  const [captured] = await seenAt(end, ({ method, url }) => method === 'CONNECT' && url === `http://${to}`)
  if (captured === undefined) throw new Error('no tunnel')
  expect(captured).toMatchObject({ status: 200, completeness: 'complete', protocol: 'http1' })
  expect(captured.requestHeaders).toMatchObject({ host: to })
  expect(captured.responseHeaders).toEqual({ 'proxy-agent': 'tunnels' })
  expect(captured.response.bytes).toHaveLength(0)
  return captured
}

function seenAt(end: keyof typeof ENDS, isWanted: (captured: Captured) => boolean, count = 1) {
  return agent.exchanges.until((captured) => ENDS[end](captured) && isWanted(captured), count)
}

function readTold(line: string): Told {
  const told: Told = JSON.parse(line)
  return told
}
