import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, sha256Of } from '../support/captured.ts'
import { bytesOf } from '../support/origin.ts'
import {
  type Certificate,
  type Ended,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import {
  EVENT_EVERY_MS,
  EVENT_STREAM,
  eventOf,
  LATE_EVENT,
  type SlowOrigin,
  startSlowOrigin,
  THOUGHT,
} from '../support/slow-origin.ts'
import { startWatching, type ToldProgress, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const NODE = pathOf(process.execPath)
const EVENT_BYTES = Buffer.byteLength(eventOf(0))
const PROMPT = bytesOf(20_000)
const PLUGINS = [
  '{ type: access_logs, config: { mode: summary, format: json } }',
  '{ type: http_capture, config: { level: full, format: json } }',
].join()
/** How many events the machine may be late with, or the agent. */
const EVENTS_LATE_MAX = 3
const PEAK_BYTES_MAX = 200 << 20
const PROTOCOLS = { 'HTTP/1.1': 'http1', 'HTTP/1.1 over TLS': 'http1', 'HTTP/2 over TLS': 'http2' } as const
type Name = keyof typeof PROTOCOLS
const KINDS = ['events', 'silence', 'thought'] as const
type Kind = (typeof KINDS)[number]
const NAMES = Object.keys(PROTOCOLS).filter((name): name is Name => name in PROTOCOLS)

let workshop: Workshop
let certificate: Certificate
let origin: SlowOrigin
let agent: WatchingAgent
const asked = new Map<string, Asked>()
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startSlowOrigin(certificate)
  writeFileSync(join(workshop.folder, 'prompt'), PROMPT)
  agent = await startWatching(workshop, { plugins: PLUGINS })
  // All at once: they take their time.
  for (const name of NAMES) for (const kind of KINDS) ask(name, kind)
})
afterAll(async () => {
  origin.close()
  await workshop.close()
})

test('streams of events are told of while they go on', async () => {
  const urls = NAMES.map((name) => askedFor(name, 'events').url)
  const first = await agent.progress.until(({ url }) => urls.includes(url), 2 * urls.length)
  expect(first.map(({ elapsed_ms }) => elapsed_ms)).toEqual(first.map(() => 10_000))
  expect(agent.exchanges.all.filter(({ url }) => urls.includes(url))).toEqual([])
})

test.each(NAMES)('%s: a stream of events is whole at its end', async (name) => {
  const { url, ended } = askedFor(name, 'events')
  expect((await ended).stdout.toString()).toBe(EVENT_STREAM)
  const progress = await agent.progress.until((told) => told.url === url, 6)
  for (const captured of await bothEnds(name, url)) {
    expect(captured.responseHeaders).toMatchObject({ 'content-type': 'text/event-stream' })
    expect(captured.response.bytes.toString()).toBe(EVENT_STREAM)
    const told = progress.filter(({ exe }) => exe === captured.exe)
    expect(told.map(({ elapsed_ms }) => elapsed_ms)).toEqual([10_000, 20_000, 30_000])
    for (const one of told) {
      expectAbout(one, captured, { method: 'GET', status: 200, request_body_bytes: 0 })
      expect(one.response_body_bytes % EVENT_BYTES).toBe(0)
      const events = one.response_body_bytes / EVENT_BYTES
      const expected = one.elapsed_ms / EVENT_EVERY_MS
      expect(events).toBeGreaterThanOrEqual(expected - EVENTS_LATE_MAX)
      expect(events).toBeLessThanOrEqual(expected + EVENTS_LATE_MAX)
    }
  }
})

test.each(NAMES)('%s: a stream that is silent is told of too', async (name) => {
  const { url, ended } = askedFor(name, 'silence')
  expect((await ended).stdout.toString()).toBe(LATE_EVENT)
  const progress = await agent.progress.until((told) => told.url === url, 2)
  for (const captured of await bothEnds(name, url)) {
    expect(captured.response.bytes.toString()).toBe(LATE_EVENT)
    const [told, ...more] = progress.filter(({ exe }) => exe === captured.exe)
    expect(more).toEqual([])
    expectAbout(told, captured, { status: 200, elapsed_ms: 10_000, response_body_bytes: 0 })
  }
})

test.each(NAMES)('%s: an answer that is thought about is told of before it comes', async (name) => {
  const { url, ended } = askedFor(name, 'thought')
  expect((await ended).stdout.toString()).toBe(THOUGHT)
  const progress = await agent.progress.until((told) => told.url === url, 2)
  for (const captured of await bothEnds(name, url)) {
    expect(captured.request.sha256).toBe(sha256Of(PROMPT))
    expect(captured.response.bytes.toString()).toBe(THOUGHT)
    const [told, ...more] = progress.filter(({ exe }) => exe === captured.exe)
    expect(more).toEqual([])
    const bytes = { request_body_bytes: PROMPT.length, response_body_bytes: 0 }
    expectAbout(told, captured, { method: 'POST', elapsed_ms: 10_000, ...bytes })
    expect(told).not.toHaveProperty('status')
  }
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  // 3 streams of events three times, 3 silent ones and 3 answers once, each at both ends.
  expect(agent.progress.all).toHaveLength((3 * 3 + 3 + 3) * 2)
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0, strayRecords: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(counted['exchanges']).toMatchObject({ progressTold: agent.progress.all.length, progressSkipped: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

interface Asked {
  readonly url: string
  readonly ended: Promise<Ended>
}

function ask(name: Name, kind: Kind): void {
  const base = name === 'HTTP/1.1' ? origin.plain : origin.tls
  const url = `${base}/${kind}/${name.replaceAll(/\W/g, '')}`
  const version = PROTOCOLS[name] === 'http2' ? '--http2' : '--http1.1'
  const always = ['-sS', '-N', version, '--cacert', certificate.certificateFile]
  const prompt = ['-H', 'Expect:', '--data-binary', `@${join(workshop.folder, 'prompt')}`]
  const ended = workshop.run(CURL, [...always, ...(kind === 'thought' ? prompt : []), url])
  asked.set(`${name} ${kind}`, { url, ended })
}

function askedFor(name: Name, kind: Kind): Asked {
  const found = asked.get(`${name} ${kind}`)
  if (found === undefined) throw new Error('nobody asked')
  return found
}

async function bothEnds(name: Name, url: string): Promise<readonly Captured[]> {
  const ends = await agent.exchanges.until((captured) => captured.url === url, 2)
  const [one, other] = ends
  expect(ends.map(({ exe }) => exe).sort()).toEqual([CURL, NODE].sort())
  expect(one).toMatchObject({ sentBytes: other?.sentBytes, receivedBytes: other?.receivedBytes })
  for (const captured of ends)
    expect(captured).toMatchObject({ protocol: PROTOCOLS[name], status: 200, completeness: 'complete' })
  return ends
}

function expectAbout(told: ToldProgress | undefined, captured: Captured, facts: Partial<ToldProgress>): void {
  const { direction, method, url, id } = captured
  expect(told).toMatchObject({
    msg: 'HTTP progress',
    direction,
    method,
    url,
    qpoint_request_id: id,
    ...facts,
  })
}
