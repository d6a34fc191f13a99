import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, sha256Of } from '../support/captured.ts'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import { bytesOf, type Origin, startOrigin } from '../support/origin.ts'
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
const LARGE = bytesOf(50 << 20)
const LARGE_SHA256 = sha256Of(LARGE)
/** What is kept of a body unless `--http-buffer-size` says otherwise. */
const KEPT_BYTES = 2 << 20
const KEEP_ALIVE_REQUESTS = 1_000
const PEAK_BYTES_MAX = 200 << 20

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let nginx: Nginx
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  nginx = await startNginx(workshop, certificate, origin.ports.plain)
  agent = await startWatching(workshop)
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

test.each(['plain', 'tls'] as const)(
  '%s: a connection kept alive gives all its exchanges, in order',
  async (way) => {
    const path = `/page/kept-${way}/`
    await curl(`${origin[way]}${path}[1-${KEEP_ALIVE_REQUESTS}]`, ['-o', '/dev/null'])
    for (const [exe, direction] of [
      [CURL, 'egress-external'],
      [NODE, 'ingress'],
    ] as const) {
      const isOne = (captured: Captured) =>
        captured.exe === exe &&
        captured.direction === direction &&
        captured.url.startsWith(origin[way] + path)
      const exchanges = await agent.exchanges.until(isOne, KEEP_ALIVE_REQUESTS)
      expect(exchanges.map(({ url }) => Number(url.split('/').at(-1)))).toEqual(
        Array.from({ length: KEEP_ALIVE_REQUESTS }, (_, index) => index + 1),
      )
      expect(new Set(exchanges.map(({ connection }) => connection)).size).toBe(1)
      expect(new Set(exchanges.map(({ status, completeness }) => `${status} ${completeness}`))).toEqual(
        new Set(['200 complete']),
      )
      expect(new Set(exchanges.map(({ response }) => response.sha256)).size).toBe(1)
    }
  },
)

test.each(['plain', 'tls'] as const)(
  '%s: of 50 MiB down the beginning is kept, all is hashed',
  async (way) => {
    const url = `${origin[way]}/bytes/${LARGE.length}/${way}`
    const { stdout } = await curl(url, ['-o', '/dev/null', '-w', '%{size_header} %{size_download}'])
    const [headBytes = 0, bodyBytes] = stdout.toString().split(' ').map(Number)
    expect(bodyBytes).toBe(LARGE.length)
    for (const captured of await bothEnds(url)) {
      expect(captured).toMatchObject({ status: 200, completeness: 'truncated' })
      expect(captured.receivedBytes).toBe(headBytes + LARGE.length)
      expectBeginning(captured.response)
    }
  },
)

test.each(['plain', 'tls'] as const)('%s: of 50 MiB up the beginning is kept, all is hashed', async (way) => {
  const file = join(workshop.folder, 'large')
  writeFileSync(file, LARGE)
  const url = `${origin[way]}/stored/${way}`
  const sizes = ['-w', ' %{size_request} %{size_upload}']
  const { stdout } = await curl(url, ['-T', file, '-H', 'Expect:', ...sizes])
  const [stored, headBytes, bodyBytes] = stdout.toString().split(' ')
  expect(stored).toBe(LARGE_SHA256)
  for (const captured of await bothEnds(url)) {
    expect(captured).toMatchObject({ method: 'PUT', status: 201, completeness: 'truncated' })
    expect(captured.sentBytes).toBe(Number(headBytes) + Number(bodyBytes))
    expectBeginning(captured.request)
    expect(captured.response.bytes.toString()).toBe(LARGE_SHA256)
  }
})

test('what sendfile sends is missing on its side, its length known; the other side has it', async () => {
  const body = bytesOf(300_000)
  nginx.publish('sent.bin', body)
  const url = `${nginx.plain}/sendfile/sent.bin`
  await curl(url, ['-o', '/dev/null'])
  const { responseBytes } = await nginx.served('/sendfile/sent.bin')
  const [client] = await agent.exchanges.until(({ exe, url: of }) => exe === CURL && of === url)
  const [server] = await agent.exchanges.until(({ exe, url: of }) => exe === NGINX && of === url)
  expect(client).toMatchObject({ status: 200, completeness: 'complete', receivedBytes: responseBytes })
  expect(client?.response.sha256).toBe(sha256Of(body))
  expect(server).toMatchObject({ status: 200, completeness: 'gap', receivedBytes: responseBytes })
  expect(server?.response.bytes).toHaveLength(0)
  expect(server?.response.truncated).toEqual({ kept_bytes: 0, original_bytes: body.length })
})

test('nothing was lost, what is missing is accounted for, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 300_000 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

function curl(url: string, options: readonly string[]) {
  return workshop.run(CURL, ['-sS', '--cacert', certificate.certificateFile, ...options, url])
}

async function bothEnds(url: string): Promise<readonly Captured[]> {
  const client = await agent.exchanges.until((captured) => captured.exe === CURL && captured.url === url)
  const server = await agent.exchanges.until((captured) => captured.exe === NODE && captured.url === url)
  expect(server[0]?.direction).toBe('ingress')
  return [...client, ...server]
}

function expectBeginning({ bytes, sha256, truncated }: Captured['request']): void {
  expect(bytes.equals(LARGE.subarray(0, KEPT_BYTES))).toBe(true)
  expect(truncated).toEqual({ kept_bytes: KEPT_BYTES, original_bytes: LARGE.length })
  expect(sha256).toBe(LARGE_SHA256)
}
