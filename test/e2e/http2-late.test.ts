import type { ClientHttp2Session } from 'node:http2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, type Headers, sha256Of } from '../support/captured.ts'
import { ask, openSession } from '../support/http2-client.ts'
import { type Http2Origin, startHttp2Origin } from '../support/http2-origin.ts'
import { bytesOf, PAGE } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { type Counted, startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const NODE = pathOf(process.execPath)
const DIRECTIONS = ['egress-external', 'ingress'] as const
const AT_ONCE = 6
/** Size of either side's table until the other says otherwise, and what an entry costs (RFC 7541 §4.1). */
const TABLE_BYTES = 4_096
const ENTRY_BYTES = 32
const BURST_BYTES = 5 << 20
const AFTER_BURST = 5
const FRAME_CONTENT_BYTES = 16_384
const PEAK_BYTES_MAX = 200 << 20

let workshop: Workshop
let certificate: Certificate
let origin: Http2Origin
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startHttp2Origin(certificate)
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

test('of a busy connection older than the agent nothing wrong is told, and soon all of it', async () => {
  const session = await openSession(origin.plain, certificate)
  const traffic = keepAsking(session)
  await traffic.until(50)
  const agent = await startWatching(workshop)
  const seenFrom = traffic.asked()
  // So many requests make either table new, and as many again must be told exactly.
  const turnover = Math.ceil(TABLE_BYTES / entryBytes(numbered(0))) + AT_ONCE
  await traffic.until(seenFrom + 3 * turnover)
  const last = await traffic.stop()
  for (const direction of DIRECTIONS) {
    const isOne = (one: Captured) => one.direction === direction && one.url.endsWith(`/late-${last}`)
    await agent.exchanges.until(isOne)
    const exchanges = agent.exchanges.all.filter((one) => one.exe === NODE && one.direction === direction)
    const told = new Set<number>()
    for (const captured of exchanges) {
      const number = numberOf(captured)
      expect(told.has(number)).toBe(false)
      told.add(number)
      expectNothingWrong(captured, number)
      if (number > seenFrom + turnover) expectAllButChained(captured, number)
    }
    // The test shows something only if the first ones named fields that nobody had seen.
    expect(exchanges[0]?.unknownFields.length).toBeGreaterThan(0)
    for (let number = seenFrom + AT_ONCE; number <= last; number += 1) expect(told).toContain(number)
  }
  session.destroy()
  const counted = await expectStopped(agent)
  expect(counted['exchanges']).toMatchObject({ gap: 0 })
})

test('content under way when the agent starts is no exchange, and what follows is', async () => {
  const session = await openSession(origin.plain, certificate)
  const body = bytesOf(3 << 20)
  const upload = session.request({ ':method': 'POST', ':path': '/echo/under-way' })
  upload.on('error', () => {})
  upload.resume()
  await new Promise((resolve) => upload.write(body, resolve))
  const agent = await startWatching(workshop)
  await new Promise((resolve) => upload.write(body, resolve))
  const path = '/bytes/5000/after'
  await ask(session, { headers: { ':path': path, 'x-after': 'yes' } })
  for (const direction of DIRECTIONS) {
    const isOne = (one: Captured) => one.direction === direction && one.url.endsWith(path)
    const [captured] = await agent.exchanges.until(isOne)
    expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
    expect(captured?.response.sha256).toBe(sha256Of(bytesOf(5_000)))
  }
  const done = new Promise((resolve) => upload.once('close', resolve))
  upload.end()
  await done
  expect(agent.exchanges.all.filter((one) => one.url.includes('under-way'))).toEqual([])
  session.destroy()
  await expectStopped(agent)
})

test('a TLS connection older than the agent stays closed, and that is said', async () => {
  const session = await openSession(origin.tls, certificate)
  await ask(session, { headers: { ':path': '/page/before' } })
  const agent = await startWatching(workshop)
  await ask(session, { headers: { ':path': '/page/after' } })
  await agent.said.until((line) => line.message === 'TLS not readable: joined late' && line['exe'] === NODE)
  expect(agent.exchanges.all.filter(({ url }) => url.startsWith(origin.tls))).toEqual([])
  session.destroy()
  await expectStopped(agent)
})

test('what one call sends past 1 MiB is missing on its side, and what follows is not made up', async () => {
  const agent = await startWatching(workshop)
  const session = await openSession(origin.plain, certificate)
  await ask(session, { headers: { ':path': '/page/before', 'x-known': 'before' } })
  const path = `/burst/${BURST_BYTES}/one`
  await ask(session, { headers: { ':path': path } })
  for (let index = 0; index < AFTER_BURST; index += 1)
    await ask(session, { headers: { ':path': `/page/after-burst-${index}`, 'x-known': 'before' } })
  session.destroy()

  const [client] = await agent.exchanges.until((one) => one.url.endsWith(path) && one.direction !== 'ingress')
  const [server] = await agent.exchanges.until((one) => one.url.endsWith(path) && one.direction === 'ingress')
  expect(client).toMatchObject({ status: 200, completeness: 'truncated' })
  expect(client?.response.sha256).toBe(sha256Of(bytesOf(BURST_BYTES)))
  expect(server).toMatchObject({ status: 200, completeness: 'gap' })
  for (let index = 0; index < AFTER_BURST; index += 1) {
    const url = `${origin.plain}/page/after-burst-${index}`
    const both = await agent.exchanges.until((one) => one.url === url, DIRECTIONS.length)
    const answered: Headers = origin.passed(`/page/after-burst-${index}`)[0]?.answer.headers ?? {}
    for (const captured of both) {
      expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
      expect(captured.requestHeaders).toEqual({ 'x-known': 'before' })
      expect(captured.response.bytes.toString()).toBe(PAGE)
      // The server side's table may have changed in the gap.
      const isExact = captured.direction !== 'ingress'
      expect(captured.unknownFields.length === 0).toBe(isExact)
      for (const [name, value] of Object.entries(answered))
        if (isExact || name in captured.responseHeaders) expect(captured.responseHeaders[name]).toBe(value)
    }
  }

  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
  expect(counted['messages']).toMatchObject({ resyncs: 1, gaps: 1, heldBytes: 0, responsesUnpaired: 0 })
  // What the exchange, the gap and the search account for is all that passed. The content that the frame
  // was to bring in which the gap begins, stands in both of the first two.
  const missing = counted['connections']?.['missingBytes'] ?? 0
  const skipped = counted['messages']?.['skippedBytes'] ?? 0
  const twice = (server?.receivedBytes ?? 0) + missing + skipped - (client?.receivedBytes ?? 0)
  expect(missing).toBeGreaterThan(0)
  expect(twice).toBeGreaterThanOrEqual(0)
  expect(twice).toBeLessThanOrEqual(FRAME_CONTENT_BYTES)
})

async function expectStopped(agent: WatchingAgent): Promise<Counted> {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0 })
  expect(counted['messages']).toMatchObject({ heldBytes: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
  return counted
}

/** A few requests open at any time, each with fields that are new and with fields that were there before. */
function keepAsking(session: ClientHttp2Session) {
  let asked = 0
  let stopped = false
  const waiting: { readonly number: number; readonly resolve: () => void }[] = []
  const askers = Array.from({ length: AT_ONCE }, keepOn)
  return { asked: () => asked, until, stop }

  async function keepOn(): Promise<void> {
    while (!stopped) {
      asked += 1
      const number = asked
      const body = Buffer.from(`content of ${number}`)
      await ask(session, { headers: { ...pseudoOf(number), ...sentHeaders(number) }, body })
      for (const { number: wanted, resolve } of waiting) if (number >= wanted) resolve()
    }
  }

  function until(number: number): Promise<void> {
    return new Promise((resolve) => waiting.push({ number, resolve }))
  }

  /** Gives the number of the last request. */
  async function stop(): Promise<number> {
    stopped = true
    await Promise.all(askers)
    return asked
  }
}

function pseudoOf(number: number) {
  return { ':method': number % 2 === 0 ? 'PUT' : 'POST', ':path': pathOfNumber(number) }
}

function pathOfNumber(number: number): string {
  return `/echo/late-${number}`
}

const CHAINED = 'x-chained'
const CONSTANT = { 'user-agent': 'one and the same', 'content-type': 'text/plain', accept: '*/*' }

/** A field whose name no request before had, which the answer has too. */
function numbered(number: number) {
  return { [`x-name-${number}`]: `value ${number % 13}` }
}

/** What such a field adds to a table. */
function entryBytes(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + ENTRY_BYTES + name.length + value.length,
    0,
  )
}

function numberOf(captured: Captured): number {
  const number = Number(/\/echo\/late-(\d+)$/.exec(captured.url)?.[1])
  expect(number, captured.url).toBeGreaterThan(0)
  return number
}

/** What is told is what was sent, and where something is left out, that is said. */
function expectNothingWrong(captured: Captured, number: number): void {
  const { requestHeaders, responseHeaders, unknownFields, method } = captured
  const sent = sentHeaders(number)
  for (const [name, value] of Object.entries(requestHeaders))
    expect([name, value]).toEqual([name, sent[name]])
  const answered = answeredHeaders(number)
  for (const [name, value] of Object.entries(answered))
    if (name in responseHeaders) expect(responseHeaders[name]).toBe(value)
  const leftOut = [
    ...Object.keys(sent).filter((name) => !(name in requestHeaders)),
    ...Object.keys(answered).filter((name) => !(name in responseHeaders)),
  ]
  if (leftOut.length > 0) expect(unknownFields).not.toEqual([])
  const content = `content of ${number}`
  expect([captured.request.bytes.toString(), captured.response.bytes.toString()]).toEqual([content, content])
  if (method !== '') expect(method).toBe(pseudoOf(number)[':method'])
}

/**
 * With new tables all is known again but for a field with a new value each time: in each entry its name is
 * that of the entry before (RFC 7541 §6.2.1), and so on back to what nobody saw.
 */
function expectAllButChained(captured: Captured, number: number): void {
  expect(captured).toMatchObject({
    url: origin.plain + pathOfNumber(number),
    method: pseudoOf(number)[':method'],
    status: 200,
    completeness: 'complete',
    unknownFields: [expect.stringMatching(/^dynamic index \d+ \(name\)$/)],
  })
  const { [CHAINED]: _chained, ...others } = sentHeaders(number)
  expect(captured.requestHeaders).toEqual(others)
  expect(captured.responseHeaders).toMatchObject(answeredHeaders(number))
}

function sentHeaders(number: number): Readonly<Record<string, string>> {
  return { ...CONSTANT, ...numbered(number), [CHAINED]: `value of ${number}` }
}

function answeredHeaders(number: number): Headers {
  const [passed] = origin.passed(pathOfNumber(number))
  if (passed === undefined) throw new Error(`request ${number} did not reach the origin`)
  return passed.answer.headers
}
