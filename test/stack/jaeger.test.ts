import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching } from '../support/watching-agent.ts'
import { startCollector } from './support/collector.ts'
import { type Jaeger, startJaeger } from './support/jaeger.ts'
import { otelConfig } from './support/otel-config.ts'
import { type ReadSpan, textOf } from './support/otlp-json.ts'
import { startTimedOrigin, type TimedOrigin } from './support/timed-origin.ts'

const CURL = pathOf('curl')
const DELAY_MS = 2_000
const MS_NS = 1_000_000n
const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

let workshop: Workshop
let certificate: Certificate
let origin: TimedOrigin
let jaeger: Jaeger
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startTimedOrigin(certificate)
  jaeger = await startJaeger(workshop)
})
afterAll(async () => {
  origin.close()
  await workshop.close()
})

test.for(['grpc', 'http'] as const)(
  'the span of a slow request tells its timeline, by %s',
  async (protocol) => {
    const collector = await startCollector(workshop, { tracesTo: jaeger.grpc })
    const agent = await startWatching(workshop, {
      config: otelConfig({
        protocol,
        endpoint: `localhost:${collector.ports[protocol]}`,
        level: 'summary',
      }),
      environment: {
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:${collector.ports[protocol]}`,
      },
    })
    const before = BigInt(Date.now()) * MS_NS
    const path = `/delay/${DELAY_MS}/${protocol}`
    await workshop.run(CURL, [
      '-sS',
      '--http2',
      '--cacert',
      certificate.certificateFile,
      `${origin.tls}${path}`,
    ])
    const after = BigInt(Date.now() + 1) * MS_NS
    const recorded = () => collector.records().find(({ attributes }) => attributes['request_path'] === path)
    await expect.poll(recorded, { timeout: 20_000 }).toBeDefined()
    const connectionId = textOf(recorded()?.attributes['connection.id'])
    await agent.stop()
    const span = await spanOf(connectionId)
    expect(span.start).toBeGreaterThan(before)
    expect(span.end).toBeLessThan(after)
    expectTimeline(span)
    expect(span).toMatchObject({
      scope: 'github.com/qpoint-io/qtap/pkg/connection',
      kind: 1,
      parentSpanId: undefined,
      resource: {
        'service.name': 'tap',
        'service.namespace': 'qpoint',
        'service.version': version,
        'service.instance.id': hostname(),
      },
    })
    expect(span.attributes).toMatchObject({
      'connection.id': connectionId,
      'connection.cookie': expect.any(BigInt),
      'connection.handler': 'raw',
      'connection.strategy': 'observe',
    })
    // What the Collector had and what Jaeger gives is the same; only the order of events is Jaeger's own.
    const collected = collector.spans().find(({ spanId }) => spanId === span.spanId)
    expect({ ...collected, events: [] }).toEqual({ ...span, events: [] })
    expect(collected?.events).toEqual(span.events.toSorted((one, other) => compare(one.time, other.time)))
    const deliveries = collector.spans().filter(({ scope }) => scope === 'qtap.eventstore')
    expect(deliveries.length).toBeGreaterThan(0)
    for (const delivery of deliveries) expect(delivery.end).toBeGreaterThan(delivery.start)
    await collector.stop()
  },
)

async function spanOf(connectionId: string): Promise<ReadSpan> {
  const found = async () =>
    (await jaeger.search('tap', 'Connection')).find(
      ({ attributes }) => attributes['connection.id'] === connectionId,
    )
  await expect.poll(found, { timeout: 20_000 }).toBeDefined()
  const inSearch = await found()
  const trace = await jaeger.trace(inSearch?.traceId ?? '')
  const [span, ...others] = trace.filter(({ name }) => name === 'Connection')
  if (span === undefined || others.length > 0) throw new Error(`${trace.length} spans in the trace`)
  return span
}

function expectTimeline({ start, end, events: unordered }: ReadSpan): void {
  const events = unordered.toSorted((one, other) => compare(one.time, other.time))
  const at = (name: string) => events.filter((event) => event.name === name)
  const [open] = at('OpenEvent')
  const [hello] = at('TLSClientHelloEvent')
  const [protocol] = at('ProtocolEvent')
  const [close] = at('CloseEvent')
  const bytes = at('DataEvent')
  const order = events.map(({ name }) => name)
  expect(order[0]).toBe('OpenEvent')
  expect(order.at(-1)).toBe('CloseEvent')
  expect([at('OpenEvent'), at('TLSClientHelloEvent'), at('ProtocolEvent'), at('CloseEvent')]).toEqual(
    Array.from({ length: 4 }, () => [expect.anything()]),
  )
  expect(protocol?.attributes).toEqual({ protocol: 'http2' })
  expect(bytes.length).toBeGreaterThanOrEqual(2)
  for (const { attributes } of bytes) expect(attributes['bytes']).toEqual(expect.any(BigInt))
  const times = [open, hello, protocol, close].map((event) => event?.time ?? 0n)
  expect(times).toEqual([...times].sort(compare))
  expect(open?.time).toBe(start)
  expect(Number(end - (close?.time ?? 0n)) / 1e6).toBeLessThan(50)
  expect(Number(end - start) / 1e6).toBeGreaterThanOrEqual(DELAY_MS)
  expect(Number(end - start) / 1e6).toBeLessThan(DELAY_MS + 2_000)
  // Between the request and its answer lies the delay; nothing else was silent for so long.
  const gaps = bytes.slice(1).map(({ time }, index) => Number(time - (bytes[index]?.time ?? 0n)) / 1e6)
  expect(gaps.filter((gap) => gap >= DELAY_MS - 50)).toHaveLength(1)
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}
