import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { connect, createServer as createTcpServer } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSession } from '../support/http2-client.ts'
import { listen } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { type ReceivedSpan, type SpanReceiver, startSpanReceiver } from '../support/span-receiver.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const DELAY_MS = 2_000
/** Of the client's own clock, on a machine that is busy. */
const NEAR_MS = 60
const CONNECTION_SCOPE = 'github.com/qpoint-io/qtap/pkg/connection'
const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)
const BODY = Buffer.alloc(300, 'x')

let workshop: Workshop
let certificate: Certificate
let receiver: SpanReceiver
const server = { tls: '', port: 0, closes: [] as (() => void)[] }

beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  receiver = await startSpanReceiver()
  const origin = createSecureServer(
    { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certificateFile) },
    (_asked, response) => void passed(DELAY_MS).then(() => response.end(BODY)),
  )
  server.tls = `https://localhost:${await listen(origin)}`
  const other = createTcpServer((socket) => socket.on('data', () => socket.write('+PONG\r\n')))
  server.port = await listen(other)
  server.closes = [() => origin.close(), () => other.close()]
})
afterAll(async () => {
  for (const close of server.closes) close()
  receiver.close()
  await workshop.close()
})

function watching(environment: Readonly<Record<string, string>>): Promise<WatchingAgent> {
  return startWatching(workshop, { environment, keepsWritten: true })
}

function tracing(protocol: 'grpc' | 'http'): Readonly<Record<string, string>> {
  return {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.ports[protocol]}`,
  }
}

function spanOf(id: string | undefined): ReceivedSpan {
  const found = receiver.spans.filter(
    ({ scope, attributes }) => scope === CONNECTION_SCOPE && attributes['connection.id'] === id,
  )
  expect(found, `spans of ${id}`).toHaveLength(1)
  return found[0] ?? expect.fail()
}

/** Wall-clock milliseconds, with fraction. */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

test.for(['grpc', 'http'] as const)('a 2-second request over TLS and HTTP/2, by %s', async (protocol) => {
  const agent = await watching(tracing(protocol))
  const url = `${server.tls}/slow?${protocol}`
  const startedMs = nowMs()
  await workshop.run(CURL, ['-sS', '--http2', '--cacert', certificate.certificateFile, url])
  const endedMs = nowMs()
  const [exchange] = await agent.exchanges.until(
    (one) => one.exe === CURL && one.url.endsWith(`?${protocol}`),
  )
  const { counted } = await agent.stop()
  const span = spanOf(exchange?.connection)
  expect(span).toMatchObject({
    by: protocol,
    scope: CONNECTION_SCOPE,
    name: 'Connection',
    kind: 1,
    resource: {
      'service.name': 'tap',
      'service.namespace': 'qpoint',
      'service.version': version,
      'service.instance.id': hostname(),
    },
    attributes: {
      'connection.id': exchange?.connection,
      'connection.cookie': { int: expect.stringMatching(/^\d+$/) },
      'connection.handler': 'raw',
      'connection.strategy': 'observe',
    },
    events: [
      { name: 'OpenEvent', attributes: {} },
      { name: 'TLSClientHelloEvent', attributes: {} },
      { name: 'ProtocolEvent', attributes: { protocol: 'http2' } },
      { name: 'DataEvent', attributes: { bytes: { int: expect.stringMatching(/^\d{2,3}$/) } } },
      { name: 'DataEvent', attributes: { bytes: { int: expect.stringMatching(/^[3-9]\d\d$/) } } },
      { name: 'CloseEvent', attributes: {} },
    ],
  })
  expect(Object.keys(span.attributes)).toHaveLength(4)
  const times = span.events.map(({ time }) => Number(time - span.start) / 1e6)
  expect(times).toEqual(times.toSorted((one, next) => one - next))
  const [, , , asked = 0, answered = 0, closed = 0] = times
  expect(asked).toBeLessThan(1_000)
  expect(answered - asked).toBeGreaterThanOrEqual(DELAY_MS - 1)
  expect(closed - answered).toBeLessThan(1_000)
  const start = Number(span.start) / 1e6
  const end = Number(span.end) / 1e6
  expect(start).toBeGreaterThan(startedMs - 1)
  expect(end).toBeLessThan(endedMs + 1)
  expect(counted['traces']).toMatchObject({ turns: 0 })
})

test("times are those of the client's own clock", async () => {
  const agent = await watching(tracing('grpc'))
  const session = await openSession(server.tls, certificate)
  const askedMs = nowMs()
  const stream = session.request({ ':path': '/clock' })
  await once(stream, 'response')
  const answeredMs = nowMs()
  stream.resume()
  await once(stream, 'close')
  session.close()
  await once(session, 'close')
  const closedMs = nowMs()
  const [exchange] = await agent.exchanges.until(
    (one) => one.direction.startsWith('egress') && one.url.endsWith('/clock'),
  )
  await agent.stop()
  const { events } = spanOf(exchange?.connection)
  const data = events.filter(({ name }) => name === 'DataEvent').map(({ time }) => Number(time) / 1e6)
  expect(data[0]).toBeGreaterThan(askedMs - 1)
  expect(data[0]).toBeLessThan(askedMs + NEAR_MS)
  const answered = data.find((at) => at > askedMs + DELAY_MS / 2) ?? 0
  expect(answered).toBeLessThan(answeredMs + 1)
  expect(answered).toBeGreaterThan(answeredMs - NEAR_MS)
  const [close] = events.filter(({ name }) => name === 'CloseEvent')
  expect(Math.abs(Number(close?.time) / 1e6 - closedMs)).toBeLessThan(NEAR_MS)
})

test('what nobody decodes is traced, and what is open ends with the agent', async () => {
  const agent = await watching(tracing('grpc'))
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  for (let turn = 0; turn < 3; turn += 1) {
    socket.write(`PING ${turn}\r\n`)
    await once(socket, 'data')
    await passed(150)
  }
  await agent.stop()
  socket.destroy()
  const spans = receiver.spans.filter(({ events }) =>
    events.some(({ attributes }) => JSON.stringify(attributes) === '{"bytes":{"int":"8"}}'),
  )
  // One of each end.
  expect(spans).toHaveLength(2)
  for (const { events } of spans)
    expect(events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['OpenEvent', {}],
      ...Array.from({ length: 3 }, () => [
        ['DataEvent', { bytes: { int: '8' } }],
        ['DataEvent', { bytes: { int: '7' } }],
      ]).flat(),
    ])
})

test('a delivery of events is a span of its own', async () => {
  const nowhere = `http://127.0.0.1:${receiver.ports.http}/v1/nothing`
  const logs = `{ type: otel, protocol: http, endpoint: "${nowhere}" }`
  const agent = await startWatching(workshop, {
    environment: tracing('http'),
    config: `version: 2
services: { event_stores: [${logs}], object_stores: [{ type: stdout }] }
stacks: { e2e: { plugins: [{ type: http_capture, config: { level: summary, format: json } }] } }
tap: { direction: all, ignore_loopback: false, http: { stack: e2e } }
`,
  })
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  const isSave = ({ scope }: ReceivedSpan) => scope === 'qtap.eventstore'
  await expect.poll(() => receiver.spans.some(isSave), { timeout: 20_000 }).toBe(true)
  await agent.stop()
  const save = receiver.spans.find(isSave)
  expect(save).toMatchObject({
    name: 'Save',
    kind: 3,
    resource: { 'service.name': 'tap' },
    attributes: { 'eventstore.name': 'events/otel', 'eventstore.outcome': 'refused' },
  })
  expect(save?.end).toBeGreaterThan(save?.start ?? 0n)
})

test('console writes a line of OTLP for each span; what cannot be used is named in one line', async () => {
  const console = await watching({ OTEL_TRACES_EXPORTER: 'console', OTEL_SERVICE_NAME: 'mine' })
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await console.stop()
  const lines = console.written.output.filter((line) => line.includes('"resourceSpans"'))
  expect(lines.length).toBeGreaterThan(0)
  expect(lines[0]).toContain('{"key":"service.name","value":{"stringValue":"mine"}}')
  const wrong = await watching({
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier/pigeon',
  })
  const { counted } = await wrong.stop()
  const warnings = wrong.said.all.filter(({ message }) => message.startsWith('connections are not traced'))
  expect(warnings).toMatchObject([{ level: 'warn', why: expect.stringContaining('PROTOCOL') }])
  expect(counted['traces']).toEqual({})
})
