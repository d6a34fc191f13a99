import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, type Headers, sha256Of } from '../support/captured.ts'
import { type Http2Origin, joinedFields, startHttp2Origin } from '../support/http2-origin.ts'
import {
  NGHTTPD,
  NGHTTPX,
  type Nghttpd,
  readNghttp,
  startNghttpd,
  startNghttpx,
  type ToldStream,
} from '../support/nghttp.ts'
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
const NGHTTP = pathOf('nghttp')
const H2LOAD = pathOf('h2load')
const PYTHON = pathOf('/usr/bin/python3')
const NODE = pathOf(process.execPath)
const UPLOAD = bytesOf(300_000)
const DOWNLOAD = bytesOf(5 << 20)
const PAGE = 'A page of nghttpd'
const MULTIPLEXED = 200
const LOAD_REQUESTS = 1_000
const HTTPX_REQUESTS = 20
const FRAME_HEADER_BYTES = 9
const PEAK_BYTES_MAX = 200 << 20
const WAYS = ['plain', 'tls'] as const

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let http2Origin: Http2Origin
let nginx: Nginx
let nghttpd: Nghttpd
let nghttpx: string
let agent: WatchingAgent
let uploadFile: string
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  http2Origin = await startHttp2Origin(certificate)
  nginx = await startNginx(workshop, certificate, origin.ports.plain)
  nginx.publish('download.bin', DOWNLOAD)
  const documents = join(workshop.folder, 'documents')
  mkdirSync(documents)
  writeFileSync(join(documents, 'page.txt'), PAGE)
  writeFileSync(join(documents, 'pushed.txt'), `${PAGE}, pushed`)
  // A small table of each side's, so that entries come and go; padding; trailers behind each answer.
  const options = ['-p/page.txt=/pushed.txt', '--padding=200', '--trailer=x-end: of it', '--echo-upload']
  nghttpd = await startNghttpd(workshop, certificate, documents, [...options, '--header-table-size=300'])
  nghttpx = await startNghttpx(workshop, origin.ports.plain)
  uploadFile = join(workshop.folder, 'upload')
  writeFileSync(uploadFile, UPLOAD)
  agent = await startWatching(workshop)
})
afterAll(async () => {
  await Promise.all([origin.close(), http2Origin.close()])
  await workshop.close()
})

test.each([
  ['prior knowledge', 'plain', ['--http2-prior-knowledge']],
  ['TLS 1.2', 'tls', ['--http2', '--tls-max', '1.2']],
  ['TLS 1.3', 'tls', ['--http2', '--tlsv1.3']],
] as const)('curl and nginx, %s: both ends of a download and an upload', async (name, way, options) => {
  const query = `?${name.replaceAll(/\W/g, '')}=%20`
  const download = `${nginx.http2[way]}/files/download.bin${query}`
  const upload = `${nginx.http2[way]}/echo/up${query}`
  const got = await curl(download, options)
  for (const captured of await bothEnds(download, CURL, NGINX)) {
    expect(captured).toMatchObject({ ...got, method: 'GET', status: 200, completeness: 'truncated' })
    expect(captured.request.bytes).toHaveLength(0)
    expect(captured.response.sha256).toBe(sha256Of(DOWNLOAD))
    expect(captured.response.truncated?.original_bytes).toBe(DOWNLOAD.length)
  }
  const put = await curl(upload, [...options, '--data-binary', `@${uploadFile}`])
  for (const captured of await bothEnds(upload, CURL, NGINX)) {
    expect(captured).toMatchObject({ ...put, method: 'POST', status: 200, completeness: 'complete' })
    expect(captured.request.sha256).toBe(sha256Of(UPLOAD))
    expect(captured.response.sha256).toBe(sha256Of(UPLOAD))
  }
})

// Of a longer answer right behind the 101, curl 7.88 takes too little.
test('curl asks nghttpx to go over: the one protocol has the yes, the other the answer', async () => {
  const url = `${nghttpx}/bytes/20001/upgraded`
  await curl(url, ['--http2'])
  for (const exe of [CURL, NGHTTPX]) {
    const isFirst = (one: Captured) => one.exe === exe && one.url === url && one.status === 101
    const [first] = await agent.exchanges.until(isFirst)
    expect(first).toMatchObject({ method: 'GET', protocol: 'http1', completeness: 'complete' })
    expect(first?.requestHeaders).toMatchObject({ upgrade: 'h2c' })
  }
  for (const captured of await bothEnds(url, CURL, NGHTTPX)) {
    expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
    expect(captured.responseHeaders).toMatchObject({ 'x-answer': 'bytes', 'content-length': '20001' })
    expect(captured.response.sha256).toBe(sha256Of(bytesOf(20_001)))
  }
})

test.each(WAYS)('%s: nghttp has many streams open at once, and each is its own exchange', async (way) => {
  const urls = Array.from({ length: MULTIPLEXED }, (_, index) => `${nghttpd[way]}/pushed.txt?many=${index}`)
  const told = await nghttp([...urls, '-H', 'x-odd: a,  b', '--header-table-size=100', '--padding=30'])
  expect(told).toHaveLength(MULTIPLEXED)
  for (const stream of told) await expectTold(way, stream, 'GET', Buffer.from(`${PAGE}, pushed`))
})

test.each(WAYS)('%s: what nghttpd pushes is an exchange that the server began', async (way) => {
  const told = await nghttp([`${nghttpd[way]}/page.txt`])
  expect(told.map(({ path }) => path)).toEqual(expect.arrayContaining(['/page.txt', '/pushed.txt']))
  for (const stream of told)
    await expectTold(way, stream, 'GET', Buffer.from(stream.path === '/page.txt' ? PAGE : `${PAGE}, pushed`))
})

test.each(WAYS)('%s: a head of several frames, an upload with trailers, padding everywhere', async (way) => {
  const path = `/upload?${way}`
  const options = ['--continuation', '--padding=255', '--trailer=x-sum: 1', '-d', uploadFile]
  const [told] = await nghttp([...options, nghttpd[way] + path])
  expect(told?.request['continuation-test-1']?.length).toBeGreaterThan(1_000)
  const url = nghttpd[way] + path
  for (const captured of await bothEnds(url, NGHTTP, NGHTTPD)) {
    expect(captured).toMatchObject({ method: 'POST', status: 200, completeness: 'complete' })
    expect(captured.requestHeaders).toEqual(told?.request)
    expect(captured.requestTrailers).toEqual({ 'x-sum': '1' })
    expect(captured.responseTrailers).toEqual({ 'x-end': 'of it' })
    expect(captured.request.sha256).toBe(sha256Of(UPLOAD))
    expect(captured.response.sha256).toBe(sha256Of(UPLOAD))
    expect(captured.receivedBytes).toBe(told?.receivedBytes)
  }
})

test.each(WAYS)('%s: of a thousand streams on one connection none is lost or mixed up', async (way) => {
  const url = `${nghttpd[way]}/pushed.txt?load=${way}`
  const streams = `${LOAD_REQUESTS}`
  const { stdout } = await workshop.run(H2LOAD, ['-n', streams, '-c', '1', '-m', streams, url])
  const total = Number(/^traffic: \S+ \((\d+)\) total/m.exec(stdout.toString())?.[1])
  const client = await agent.exchanges.until((one) => one.exe === H2LOAD && one.url === url, LOAD_REQUESTS)
  const server = await agent.exchanges.until((one) => one.exe === NGHTTPD && one.url === url, LOAD_REQUESTS)
  for (const exchanges of [client, server]) {
    expect(exchanges).toHaveLength(LOAD_REQUESTS)
    expect(new Set(exchanges.map(({ connection }) => connection)).size).toBe(1)
    for (const captured of exchanges) {
      expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
      expect(captured.response.bytes.toString()).toBe(`${PAGE}, pushed`)
      expect(captured.unknownFields).toEqual([])
    }
    // What is not of a stream is a few frames of the connection.
    const received = exchanges.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)
    expect(total - received).toBeGreaterThanOrEqual(0)
    expect(total - received).toBeLessThan(200)
  }
})

test.each(WAYS)('%s: httpx uploads several bodies at once to Node.js', async (way) => {
  const script = join(import.meta.dirname, 'clients', 'with-httpx.py')
  const body = UPLOAD.subarray(0, 30_000)
  const bodyFile = join(workshop.folder, 'small')
  writeFileSync(bodyFile, body)
  const name = `httpx-${way}`
  const { certificateFile } = certificate
  const words = [script, http2Origin[way], name, certificateFile, bodyFile, `${HTTPX_REQUESTS}`]
  const { stdout } = await workshop.run(PYTHON, words)
  const told: readonly object[] = JSON.parse(stdout.toString())
  for (let index = 0; index < HTTPX_REQUESTS; index += 1) {
    const path = `/echo/${name}-${index}?q=${index}`
    const sha256 = sha256Of(body.subarray(index))
    expect(told[index]).toEqual({ protocol: 'HTTP/2', status: 200, sha256 })
    const [passed] = http2Origin.passed(path)
    for (const captured of await bothEnds(http2Origin[way] + path, PYTHON, NODE)) {
      expect(captured).toMatchObject({ method: 'POST', status: 200, completeness: 'complete' })
      expect(captured.requestHeaders).toEqual(passed?.headers)
      expect(captured.responseHeaders).toMatchObject(passed?.answer.headers ?? {})
      expect(captured.request.sha256).toBe(sha256)
      expect(captured.response.sha256).toBe(sha256)
    }
  }
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0 })
  expect(counted['messages']).toMatchObject({ resyncs: 0, headerBlocksLost: 0, responsesUnpaired: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

/** The fields that curl says it sent and received. */
async function curl(
  url: string,
  options: readonly string[],
): Promise<{ readonly requestHeaders: Headers; readonly responseHeaders: Headers }> {
  const always = ['-sS', '-v', '-o', '/dev/null', '--cacert', certificate.certificateFile]
  const { stderr } = await workshop.run(CURL, [...always, '-H', 'X-Odd: a,  b', ...options, url])
  const sent = [...stderr.matchAll(/^\* h2h3 \[([\w-]+): (.*)\]\r?$/gm)]
  const received = [...stderr.matchAll(/^< ([\w-]+): (.*?)\r?$/gm)]
  const fields = (found: readonly (readonly string[])[]) =>
    joinedFields(found.flatMap(([, name = '', value = '']) => [name, value]))
  return { requestHeaders: fields(sent), responseHeaders: fields(received) }
}

async function nghttp(options: readonly string[]): Promise<readonly ToldStream[]> {
  const { stdout } = await workshop.run(NGHTTP, ['-v', '-n', '-y', ...options])
  return readNghttp(stdout.toString())
}

/** Both ends saw of a stream what nghttp says of it, to the byte. */
async function expectTold(
  way: 'plain' | 'tls',
  told: ToldStream,
  method: string,
  response: Buffer,
): Promise<void> {
  const url = nghttpd[way] + told.path
  const { status, sentBytes, receivedBytes } = told
  for (const captured of await bothEnds(url, NGHTTP, NGHTTPD)) {
    expect(captured).toMatchObject({ method, status, completeness: 'complete', sentBytes, receivedBytes })
    expect(captured.requestHeaders).toEqual(told.request)
    expect(captured.responseHeaders).toEqual(told.response)
    expect(captured.responseTrailers).toEqual(told.responseTrailers)
    expect(captured.response.bytes.equals(response)).toBe(true)
  }
}

/** What either end saw of the one request for this URL, by HTTP/2. */
async function bothEnds(url: string, client: string, server: string): Promise<readonly Captured[]> {
  const isOne = (exe: string, direction: string) => (one: Captured) =>
    one.exe === exe && one.direction === direction && one.url === url && one.protocol === 'http2'
  const ours = await agent.exchanges.until(isOne(client, 'egress-external'))
  const theirs = await agent.exchanges.until(isOne(server, 'ingress'))
  expect([ours.length, theirs.length]).toEqual([1, 1])
  const [{ sentBytes, receivedBytes } = { sentBytes: 0, receivedBytes: 0 }] = ours
  expect(theirs[0]?.sentBytes).toBe(sentBytes)
  // With all content there, curl leaves an empty frame unread that says so.
  const unread = client === CURL && theirs[0]?.receivedBytes === receivedBytes + FRAME_HEADER_BYTES
  if (!unread) expect(theirs[0]?.receivedBytes).toBe(receivedBytes)
  return [...ours, ...theirs]
}
