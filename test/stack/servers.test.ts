import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Certificate,
  freePort,
  makeCertificate,
  openWorkshop,
  type Workshop,
} from '../support/programs.ts'
import { type Collector, startCollector } from './support/collector.ts'
import { startFaultyProxy } from './support/faulty-proxy.ts'
import { startJaeger } from './support/jaeger.ts'
import { startLoki } from './support/loki.ts'

/** What the other tests of this folder rely on. */

const MINUTE_NS = 60n * 1_000_000_000n

let workshop: Workshop
let certificate: Certificate
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
})
afterAll(() => workshop.close())

test('the Collector gives back what it was sent, each type as it was', async () => {
  const collector = await startCollector(workshop)
  const time = BigInt(Date.now()) * 1_000_000n
  expect(await send(collector, 'logs', logsOf(time))).toBe(200)
  expect(await send(collector, 'traces', tracesOf(time))).toBe(200)
  expect(collector.records()).toEqual([
    {
      resource: { 'service.name': 'given' },
      schemaUrls: ['https://example.org/1', undefined],
      scope: 'given.scope',
      time,
      observedTime: 0n,
      severity: 9,
      body: 'A line',
      attributes: {
        whole: 9_007_199_254_740_993n,
        broken: 1.5,
        one: 1,
        list: ['a', 2n],
        map: { 'a.b': true },
      },
    },
  ])
  expect(collector.spans()).toMatchObject([{ name: 'a span', start: time - MINUTE_NS, end: time, kind: 1 }])
  await collector.kill()
  await collector.startAgain()
  expect(await send(collector, 'logs', logsOf(time))).toBe(200)
  expect(collector.records()).toHaveLength(2)
  await collector.stop()
})

test('a Collector that wants a token by TLS refuses who has none', async () => {
  const collector = await startCollector(workshop, { certificate, token: 'of-the-test' })
  expect(await sendByTls(collector, {})).toBe(401)
  expect(await sendByTls(collector, { authorization: 'Bearer of-the-test' })).toBe(200)
  expect(collector.records()).toHaveLength(1)
  await collector.stop()
})

test('a Collector without a queue answers what its backend does', async () => {
  const backend = await startCollector(workshop)
  const collector = await startCollector(workshop, { passesOnTo: `http://127.0.0.1:${backend.ports.http}` })
  await backend.stop()
  expect(await send(collector, 'logs', logsOf(1n))).toBe(503)
  await backend.startAgain()
  expect(await send(collector, 'logs', logsOf(1n))).toBe(200)
  expect(backend.records()).toHaveLength(1)
  await Promise.all([collector.stop(), backend.stop()])
})

test('a server that cannot start says why', async () => {
  const ports = { grpc: await freePort(), http: await freePort() }
  const first = await startCollector(workshop, { ports })
  await expect(startCollector(workshop, { ports })).rejects.toThrow('address already in use')
  await first.stop()
})

async function send({ ports }: Collector, signal: 'logs' | 'traces', content: object): Promise<number> {
  const { status } = await fetch(`http://127.0.0.1:${ports.http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(content),
  })
  return status
}

function sendByTls({ ports }: Collector, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        port: ports.http,
        path: '/v1/logs',
        method: 'POST',
        ca: readFileSync(certificate.certificateFile),
        headers: { 'content-type': 'application/json', ...headers },
      },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      },
    )
    sent.once('error', reject)
    sent.end(JSON.stringify(logsOf(1n)))
  })
}

function logsOf(time: bigint): object {
  const attributes = [
    { key: 'whole', value: { intValue: '9007199254740993' } },
    { key: 'broken', value: { doubleValue: 1.5 } },
    { key: 'one', value: { doubleValue: 1 } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '2' }] } } },
    { key: 'map', value: { kvlistValue: { values: [{ key: 'a.b', value: { boolValue: true } }] } } },
  ]
  const record = {
    timeUnixNano: String(time),
    severityNumber: 9,
    body: { stringValue: 'A line' },
    attributes,
  }
  return {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'given' } }] },
        schemaUrl: 'https://example.org/1',
        scopeLogs: [{ scope: { name: 'given.scope' }, logRecords: [record] }],
      },
    ],
  }
}

function tracesOf(time: bigint): object {
  const span = {
    traceId: '0102030405060708090a0b0c0d0e0f10',
    spanId: '0102030405060708',
    name: 'a span',
    kind: 1,
    startTimeUnixNano: String(time - MINUTE_NS),
    endTimeUnixNano: String(time),
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'given' } }] }
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }
}

test('Loki and Jaeger give back what came through the Collector', async () => {
  const loki = await startLoki(workshop)
  const jaeger = await startJaeger(workshop)
  const collector = await startCollector(workshop, { logsTo: loki.otlp, tracesTo: jaeger.grpc })
  const time = BigInt(Date.now()) * 1_000_000n
  expect(await send(collector, 'logs', logsOf(time))).toBe(200)
  expect(await send(collector, 'traces', tracesOf(time))).toBe(200)
  const find = () => loki.query('{service_name="given"} | map_a_b="true" | whole > 1')
  await expect.poll(find, { timeout: 20_000 }).toMatchObject([{ line: 'A line', labels: { broken: '1.5' } }])
  await expect.poll(() => jaeger.search('given', 'a span'), { timeout: 20_000 }).toHaveLength(1)
  const [span] = collector.spans()
  expect(await jaeger.trace(span?.traceId ?? '')).toEqual([span])
  await Promise.all([collector, loki, jaeger].map((server) => server.stop()))
})

test('the proxy harms only as it is told, and passes on what follows', async () => {
  const collector = await startCollector(workshop)
  for (const [protocol, asked] of [
    ['grpc', sendEmptyByGrpc],
    ['http', sendEmptyByHttp],
  ] as const) {
    const proxy = await startFaultyProxy(protocol, collector.ports[protocol], 'refuse')
    expect(await asked(proxy.port)).toBe(protocol === 'grpc' ? 'RESOURCE_EXHAUSTED' : '503 after 1')
    proxy.become('close')
    expect(await asked(proxy.port)).toBe(protocol === 'grpc' ? 'UNAVAILABLE' : 'UND_ERR_SOCKET')
    proxy.become('hang')
    expect(await asked(proxy.port)).toBe(protocol === 'grpc' ? 'DEADLINE_EXCEEDED' : 'TimeoutError')
    expect(proxy.harmed).toBeGreaterThanOrEqual(3)
    proxy.become('pass')
    expect(await asked(proxy.port)).toBe(protocol === 'grpc' ? 'OK' : '200 after null')
    proxy.close()
  }
  await collector.stop()
})

const PATIENCE_MS = 500
const NOTHING = Buffer.alloc(0)

/** Gives the name of the status. */
function sendEmptyByGrpc(port: number): Promise<string> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
  const raw = (bytes: Buffer) => bytes
  const deadline = new Date(Date.now() + PATIENCE_MS)
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, raw, raw, NOTHING, new Metadata(), { deadline }, (error) => {
      client.close()
      resolve(status[error?.code ?? status.OK])
    })
  })
}

/** Gives the status and when to come again, or the name of what went wrong. */
async function sendEmptyByHttp(port: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: NOTHING,
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await answer.arrayBuffer()
    return `${answer.status} after ${answer.headers.get('retry-after')}`
  } catch (error) {
    const { name, cause } = error as { readonly name: string; readonly cause?: { readonly code?: string } }
    return cause?.code ?? name
  }
}
