import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, sha256Of } from '../support/captured.ts'
import { bytesOf, type Origin, PAGE, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const NODE = pathOf(process.execPath)

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  agent = await startWatching(workshop)
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

test.each(['gzip', 'br', 'zstd'])('a body in %s is stored as what it says', async (coding) => {
  const path = `/${coding}/coded`
  await curl(origin.tls + path, ['--compressed'])
  for (const captured of await bothEnds(path, 'GET', 200)) {
    expect(captured.response.bytes.toString()).toBe(PAGE)
    expect(captured.responseHeaders).toMatchObject({ 'content-encoding': coding })
  }
})

test('a chunked body is put together, its trailers are kept', async () => {
  const path = '/chunked/down'
  await curl(origin.tls + path, [])
  for (const captured of await bothEnds(path, 'GET', 200)) {
    expect(captured.response.bytes.toString()).toBe(PAGE)
    expect(captured.responseTrailers).toEqual({ 'x-checksum': sha256Of(PAGE) })
  }
})

test('a chunked upload is put together', async () => {
  const path = '/echo/chunked-up'
  const body = bytesOf(100_000)
  writeFileSync(join(workshop.folder, 'up'), body)
  const options = ['-X', 'POST', '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:']
  await curl(origin.plain + path, [...options, '-T', join(workshop.folder, 'up')])
  for (const captured of await bothEnds(path, 'POST', 200)) {
    expect(captured.request.sha256).toBe(sha256Of(body))
    expect(captured.response.sha256).toBe(sha256Of(body))
  }
})

test('the answer to HEAD has no body, whatever its length says', async () => {
  const path = '/bytes/5000/head'
  await curl(origin.plain + path, ['--head', origin.plain + path])
  const both = await bothEnds(path, 'HEAD', 200, 2)
  for (const captured of both) {
    expect(captured.response.bytes).toHaveLength(0)
    expect(captured.response.truncated).toBeUndefined()
    expect(captured.responseHeaders).toMatchObject({ 'content-length': '5000' })
  }
})

test.each([204, 304])('after %i comes no body, and the next exchange is understood', async (status) => {
  const path = `/status/${status}/none`
  await curl(origin.plain + path, [`${origin.plain}/page/after-${status}`])
  for (const captured of await bothEnds(path, 'GET', status)) expect(captured.response.bytes).toHaveLength(0)
  for (const captured of await bothEnds(`/page/after-${status}`, 'GET', 200))
    expect(captured.response.bytes.toString()).toBe(PAGE)
})

test('interim answers before the final one are passed over', async () => {
  await curl(`${origin.plain}/hints/early`, [])
  for (const captured of await bothEnds('/hints/early', 'GET', 200))
    expect(captured.response.bytes.toString()).toBe(PAGE)
  const body = bytesOf(5_000)
  writeFileSync(join(workshop.folder, 'continued'), body)
  await curl(`${origin.tls}/echo/continued`, [
    '-T',
    join(workshop.folder, 'continued'),
    '-H',
    'Expect: 100-continue',
  ])
  for (const captured of await bothEnds('/echo/continued', 'PUT', 200)) {
    expect(captured.request.sha256).toBe(sha256Of(body))
    expect(captured.requestHeaders).toMatchObject({ expect: '100-continue' })
  }
})

test('a body that ends with its connection is whole', async () => {
  const raw = await startRawOrigin(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${PAGE}`, true)
  const url = `http://localhost:${raw.port}/until-close`
  await curl(url, [])
  for (const exe of [CURL, NODE]) {
    const [captured] = await agent.exchanges.until((one) => one.exe === exe && one.url === url)
    expect(captured).toMatchObject({ status: 200, completeness: 'complete' })
    expect(captured?.response.bytes.toString()).toBe(PAGE)
  }
  await raw.close()
})

test('pipelined requests meet their own answers, and every byte is accounted for', async () => {
  const socket = connect(origin.ports.plain, '127.0.0.1')
  const paths = ['/page/pipelined-1', '/status/404/pipelined-2', '/bytes/3000/pipelined-3']
  const head = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: piped\r\n${more}\r\n`
  const [first = '', second = '', third = ''] = paths
  socket.write(head(first) + head(second) + head(third, 'Connection: close\r\n'))
  socket.resume()
  await once(socket, 'close')
  for (const direction of ['egress-external', 'ingress']) {
    const isOne = (one: Captured) => one.url.startsWith('http://piped/') && one.direction === direction
    const exchanges = await agent.exchanges.until(isOne, paths.length)
    expect(exchanges.map(({ url, status, completeness }) => `${url} ${status} ${completeness}`)).toEqual([
      'http://piped/page/pipelined-1 200 complete',
      'http://piped/status/404/pipelined-2 404 complete',
      'http://piped/bytes/3000/pipelined-3 200 complete',
    ])
    expect(exchanges.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBe(socket.bytesWritten)
    expect(exchanges.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)).toBe(socket.bytesRead)
  }
})

test('nothing was lost and nothing is missing', async () => {
  const { code, counted } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0, strayRecords: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
})

function curl(url: string, options: readonly string[]) {
  const got = join(workshop.folder, 'got')
  const outputs = ['-o', got, '-o', got]
  return workshop.run(CURL, ['-sS', '--cacert', certificate.certificateFile, ...outputs, ...options, url])
}

/** What both ends saw of the requests for a path: `count` at each end. */
async function bothEnds(
  path: string,
  method: string,
  status: number,
  count = 1,
): Promise<readonly Captured[]> {
  const isOne = (captured: Captured) =>
    captured.url === `${origin.plain}${path}` || captured.url === origin.tls + path
  const client = await agent.exchanges.until((one) => one.exe === CURL && isOne(one), count)
  const server = await agent.exchanges.until((one) => one.exe === NODE && isOne(one), count)
  const [passed] = origin.passed(path)
  for (const captured of [...client, ...server]) {
    expect(captured).toMatchObject({ method, status, completeness: 'complete' })
    expect(captured.requestHeaders).toEqual(passed?.headers)
    expect(captured.responseHeaders).toMatchObject(passed?.answer.headers ?? {})
  }
  for (const [index, captured] of client.entries()) {
    const { sentBytes, receivedBytes } = captured
    expect(server[index]).toMatchObject({ sentBytes, receivedBytes, direction: 'ingress' })
  }
  return [...client, ...server]
}
