import { type ClientHttp2Session, constants } from 'node:http2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, sha256Of } from '../support/captured.ts'
import { type Ask, ask, type Got, openSession } from '../support/http2-client.ts'
import { BROKEN_BYTES, type Http2Origin, type Passed2, startHttp2Origin } from '../support/http2-origin.ts'
import { bytesOf, PAGE } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const NODE = pathOf(process.execPath)
const CURL = pathOf('curl')
const UPLOAD = bytesOf(300_000)
const DOWNLOAD_BYTES = 5 << 20
const AT_ONCE = 100
const PEAK_BYTES_MAX = 200 << 20
const WAYS = ['plain', 'tls'] as const

type Way = (typeof WAYS)[number]

let workshop: Workshop
let certificate: Certificate
let origin: Http2Origin
let agent: WatchingAgent
let sessions: Record<Way, ClientHttp2Session>
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startHttp2Origin(certificate)
  agent = await startWatching(workshop)
  const [plain, tls] = await Promise.all(WAYS.map((way) => openSession(origin[way], certificate)))
  if (!plain || !tls) throw new Error('no connections')
  // The tests of a way share a connection, so that each goes on with the tables of those before it.
  sessions = { plain, tls }
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

test.each(WAYS)('%s: an upload with trailers comes back', async (way) => {
  const path = '/echo/upload'
  const trailers = { 'x-sum': sha256Of(UPLOAD) }
  const { got, both } = await asked(way, { headers: post(path), body: UPLOAD, trailers })
  expect(got.sha256).toBe(sha256Of(UPLOAD))
  for (const captured of both) expect(captured.requestTrailers).toEqual(trailers)
})

test.each(WAYS)('%s: of 5 MiB down the beginning is kept, all is hashed', async (way) => {
  const path = `/bytes/${DOWNLOAD_BYTES}/down`
  const { got } = await asked(way, { headers: get(path) }, 'truncated')
  expect(got.bodyBytes).toBe(DOWNLOAD_BYTES)
})

test.each(WAYS)('%s: 5 MiB to curl', async (way) => {
  const path = `/bytes/${DOWNLOAD_BYTES}/curl`
  const options = way === 'plain' ? ['--http2-prior-knowledge'] : ['--http2']
  const always = ['-sS', '-o', '/dev/null', '--cacert', certificate.certificateFile]
  await workshop.run(CURL, [...always, ...options, origin[way] + path])
  for (const exe of [CURL, NODE]) {
    const [captured] = await agent.exchanges.until((one) => one.exe === exe && one.url === origin[way] + path)
    expect(captured).toMatchObject({ protocol: 'http2', status: 200, completeness: 'truncated' })
    expect(captured?.response.sha256).toBe(sha256Of(bytesOf(DOWNLOAD_BYTES)))
  }
})

test.each(WAYS.flatMap((way) => ['gzip', 'br'].map((coding) => [way, coding] as const)))(
  '%s: content in %s is stored as what it says',
  async (way, coding) => {
    const { both } = await asked(way, { headers: get(`/${coding}/coded`) }, 'complete', PAGE)
    for (const captured of both)
      expect(captured.responseHeaders).toMatchObject({ 'content-encoding': coding })
  },
)

test.each(WAYS)('%s: trailers of an answer, and interim answers before one', async (way) => {
  const { got } = await asked(way, { headers: get('/trailers/one') })
  expect(got.trailers).toMatchObject({ 'x-checksum': sha256Of(PAGE) })
  const hints = await asked(way, { headers: get('/hints/one') })
  expect(hints.got.interim).toEqual([103, 103])
})

test.each(WAYS)('%s: answers without content', async (way) => {
  for (const status of [204, 304, 404]) await asked(way, { headers: get(`/status/${status}/none`) })
  const path = '/page/head'
  const head = await ask(sessions[way], { headers: { ...get(path), ':method': 'HEAD' } })
  expect(head).toMatchObject({ status: 200, bodyBytes: 0 })
  for (const captured of await bothEnds(way, path)) {
    expect(captured).toMatchObject({ method: 'HEAD', status: 200, completeness: 'complete' })
    expect(captured.response.bytes).toHaveLength(0)
  }
})

test.each(WAYS.flatMap((way) => [8_000, 40_000].map((bytes) => [way, bytes] as const)))(
  '%s: a field of %i bytes each way',
  async (way, bytes) => {
    const path = `/fields/${bytes}/long`
    const { both } = await asked(way, {
      headers: { ...get(path), 'x-long': bytesOf(bytes).toString('hex').slice(bytes) },
    })
    for (const { requestHeaders, responseHeaders } of both) {
      expect(requestHeaders['x-long']).toHaveLength(bytes)
      expect(responseHeaders['x-long']).toHaveLength(bytes - 1)
    }
  },
)

test.each(WAYS)('%s: streams that are given up', async (way) => {
  const silent = '/silence/cancelled'
  const { signal, abort } = cancellation()
  const before = origin.passed(silent).length
  const waiting = ask(sessions[way], { headers: get(silent), signal })
  await expect.poll(() => origin.passed(silent).length).toBe(before + 1)
  abort()
  expect((await waiting).resetCode).toBe(constants.NGHTTP2_CANCEL)
  for (const captured of await bothEnds(way, silent))
    expect(captured).toMatchObject({ method: 'GET', status: 499, completeness: 'truncated' })

  const path = `/bytes/${DOWNLOAD_BYTES}/cancelled`
  const got = await ask(sessions[way], { headers: get(path), cutsContent: true })
  expect(got.bodyBytes).toBeLessThan(DOWNLOAD_BYTES)
  for (const captured of await bothEnds(way, path)) {
    expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'truncated' })
    expect(isBeginning(captured.response.bytes, bytesOf(DOWNLOAD_BYTES))).toBe(true)
  }
})

test.each(WAYS)('%s: streams that the server gives up', async (way) => {
  const refused = await ask(sessions[way], { headers: get('/refused/one') })
  expect(refused.resetCode).toBe(constants.NGHTTP2_REFUSED_STREAM)
  for (const captured of await bothEnds(way, '/refused/one'))
    expect(captured).toMatchObject({ method: 'GET', status: 499, completeness: 'truncated' })

  const broken = await ask(sessions[way], { headers: get('/breaks/one') })
  expect(broken).toMatchObject({ resetCode: constants.NGHTTP2_INTERNAL_ERROR, bodyBytes: BROKEN_BYTES })
  for (const captured of await bothEnds(way, '/breaks/one')) {
    expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'truncated' })
    expect(captured.response.bytes.equals(bytesOf(BROKEN_BYTES))).toBe(true)
  }
})

test.each(WAYS)('%s: a hundred exchanges at once are told apart', async (way) => {
  const asking = Array.from({ length: AT_ONCE }, (_, index) => {
    if (index % 3 === 0) return { headers: post(`/echo/${index}`), body: UPLOAD.subarray(0, index * 200) }
    return { headers: { ...get(`/bytes/${index * 300 + 1}/at-once`), 'x-number': `${index}` } }
  })
  await Promise.all(asking.map((one) => asked(way, one)))
})

test.each(WAYS)('%s: all was on one connection, which ends in order', async (way) => {
  const exchanges = agent.exchanges.all.filter(
    ({ url, exe }) => url.startsWith(origin[way]) && exe === NODE && !url.endsWith('/curl'),
  )
  for (const direction of ['egress-external', 'ingress']) {
    const ofOne = exchanges.filter((one) => one.direction === direction)
    expect(ofOne.length).toBeGreaterThan(AT_ONCE)
    expect(new Set(ofOne.map(({ connection }) => connection)).size).toBe(1)
    expect(ofOne.flatMap(({ unknownFields }) => unknownFields)).toEqual([])
  }
  await new Promise<void>((resolve) => sessions[way].close(resolve))
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0 })
  expect(counted['messages']).toMatchObject({
    resyncs: 0,
    skippedBytes: 0,
    headerBlocksLost: 0,
    heldBytes: 0,
  })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

function cancellation() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

function get(path: string) {
  return { ':path': path, 'x-odd': 'a,  b', accept: '*/*' }
}

function post(path: string) {
  return { ':method': 'POST', ':path': path, 'content-type': 'application/octet-stream' }
}

/** Both ends saw what the origin says that it got and gave; `text` is what its content says. */
async function asked(
  way: Way,
  one: Ask,
  completeness = 'complete',
  text?: string,
): Promise<{ readonly got: Got; readonly both: readonly Captured[] }> {
  const path = String(one.headers[':path'])
  const got = await ask(sessions[way], one)
  const passed = origin.passed(path).at(-1)
  if (passed === undefined) throw new Error(`${path} did not reach the origin`)
  expect(got).toMatchObject({ status: passed.answer.status, sha256: sha256Of(passed.answer.body) })
  const both = await bothEnds(way, path)
  for (const captured of both) expectPassed(captured, passed, completeness, text)
  return { got, both }
}

function expectPassed(captured: Captured, passed: Passed2, completeness: string, text?: string): void {
  const { method, answer } = passed
  expect(captured).toMatchObject({ method, status: answer.status, completeness, unknownFields: [] })
  expect(captured.requestHeaders).toEqual(passed.headers)
  expect(captured.requestTrailers).toEqual(passed.trailers)
  expect(captured.responseHeaders).toMatchObject(answer.headers)
  expect(captured.responseTrailers).toEqual(answer.trailers)
  expect(captured.request.sha256).toBe(passed.bodySha256)
  expect(captured.response.sha256).toBe(sha256Of(text ?? answer.body))
}

/** What either end saw of the one request for this path; both saw the same bytes of it. */
async function bothEnds(way: Way, path: string): Promise<readonly Captured[]> {
  const isOne = (direction: string) => (one: Captured) =>
    one.exe === NODE && one.direction === direction && one.url === origin[way] + path
  const ours = await agent.exchanges.until(isOne('egress-external'))
  const theirs = await agent.exchanges.until(isOne('ingress'))
  for (const ends of [ours, theirs]) expect(ends.map(({ protocol }) => protocol)).toEqual(['http2'])
  const isWhole = ours[0]?.completeness === 'complete'
  if (isWhole) {
    const { sentBytes, receivedBytes } = ours[0] ?? {}
    expect(theirs[0]).toMatchObject({ sentBytes, receivedBytes })
  }
  return [...ours, ...theirs]
}

function isBeginning(bytes: Buffer, whole: Buffer): boolean {
  return whole.subarray(0, bytes.length).equals(bytes)
}
