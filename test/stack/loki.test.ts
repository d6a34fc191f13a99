import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'
import { type Collector, startCollector } from './support/collector.ts'
import type { AnyDocument } from './support/flattened.ts'
import { type Loki, startLoki } from './support/loki.ts'
import { otelConfig } from './support/otel-config.ts'
import { textOf } from './support/otlp-json.ts'
import { startTimedOrigin, type TimedOrigin } from './support/timed-origin.ts'

/** The queries that users of Grafana are told, over what two programs did with a server of this host. */

const CURL = pathOf('curl')
const WGET = pathOf('wget')
const SLOW_MS = 1_200

let workshop: Workshop
let certificate: Certificate
let origin: TimedOrigin
let loki: Loki
let collector: Collector
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startTimedOrigin(certificate)
  loki = await startLoki(workshop)
  collector = await startCollector(workshop, { logsTo: loki.otlp })
  agent = await startWatching(workshop, {
    config: otelConfig({
      protocol: 'grpc',
      endpoint: `localhost:${collector.ports.grpc}`,
      level: 'full',
    }),
  })
  const trust = ['--cacert', certificate.certificateFile]
  await workshop.run(CURL, ['-sS', ...trust, `${origin.tls}/status/200/well`])
  await workshop.run(CURL, ['-sS', ...trust, `${origin.tls}/status/404/missing`])
  await workshop.run(CURL, ['-sS', ...trust, `${origin.tls}/delay/${SLOW_MS}`])
  await workshop.run(CURL, ['-sS', `http://127.0.0.1:${origin.ports.plain}/status/503/by-address`])
  const wget = await workshop.runAnyhow(WGET, ['-qO-', `${origin.plain}/status/500/by-wget`])
  expect(wget.code).toBe(8)
  await agent.stop()
  const isThere = async () => expect(await loki.query(ALL)).toHaveLength(collector.records().length)
  await vi.waitFor(isThere, { timeout: 30_000, interval: 200 })
})
afterAll(async () => {
  origin.close()
  await workshop.close()
})

const ALL = '{service_name="qtap"}'
const SLOW = `/delay/${SLOW_MS}`

test('all events are found, each once, as the Collector had them', async () => {
  const lines = (await loki.query(ALL)).map(({ line }) => line).sort()
  expect(lines).toEqual(
    collector
      .records()
      .map(({ body }) => textOf(body))
      .sort(),
  )
  expect(pathsOf(lines)).toEqual(
    [SLOW, '/status/200/well', '/status/404/missing', '/status/500/by-wget', '/status/503/by-address'].sort(),
  )
})

test.for([
  [
    'event_type="artifact_record"',
    [SLOW, '/status/200/well', '/status/404/missing', '/status/500/by-wget', '/status/503/by-address'],
  ],
  ['response_status >= 400', ['/status/404/missing', '/status/500/by-wget', '/status/503/by-address']],
  ['duration_ms > 1000', [SLOW]],
  [`process_exe="${CURL}"`, [SLOW, '/status/200/well', '/status/404/missing', '/status/503/by-address']],
] as const)('%s finds exactly these requests', async ([filter, paths]) => {
  const found = await loki.query(`${ALL} | json | ${filter}`)
  const lines = found.map(({ line }) => line)
  expect(pathsOf(lines)).toEqual([...paths].sort())
  expect(lines).toHaveLength(paths.length)
})

test('request_host finds what was asked of that host', async () => {
  const found = await loki.query(`${ALL} | json | request_host="127.0.0.1:${origin.ports.plain}"`)
  expect(pathsOf(found.map(({ line }) => line))).toEqual(['/status/503/by-address'])
  expect(found).toHaveLength(1)
})

test('direction finds requests and connections', async () => {
  const found = await loki.query(`${ALL} | json | direction="egress-external"`)
  const lines = found.map(({ line }) => line)
  expect(pathsOf(lines)).toHaveLength(5)
  const others = found.filter(({ line }) => pathsOf([line]).length === 0)
  expect(new Set(others.map(({ labels }) => labels['event_type']))).toEqual(new Set(['connection']))
  const connections = collector
    .records()
    .filter(({ attributes }) => attributes['event.type'] === 'connection')
  expect(others.map(({ line }) => line).sort()).toEqual(connections.map(({ body }) => textOf(body)).sort())
  expect(await loki.query(`${ALL} | json | direction="ingress"`)).toEqual([])
})

test('a record can be found by everything its entry shows', async () => {
  const [found] = await loki.query(`${ALL} | json | request_path="/status/404/missing"`)
  const document: AnyDocument = JSON.parse(found?.line ?? '')
  expect(found?.labels).toMatchObject({
    service_name: 'qtap',
    request_method: 'GET',
    request_host: `localhost:${origin.ports.tls}`,
    request_scheme: 'https',
    response_status: '404',
    duration_ms: String(document.summary.duration_ms),
    process_exe: CURL,
    direction: 'egress-external',
    digest: document.digest,
    url: document.url,
    type: 'http_transaction',
    connection_id: document.connectionId,
  })
  const objects = await loki.query(`${ALL} | artifact_digest="${document.digest}"`)
  expect(objects.map(({ labels }) => labels['artifact_type'] ?? '').sort()).toEqual([
    'http_request',
    'http_response',
  ])
})

/** Of the artifact records among these lines, in order. */
function pathsOf(lines: readonly string[]): readonly string[] {
  const documents = lines.flatMap((line): AnyDocument[] => (line.startsWith('{') ? [JSON.parse(line)] : []))
  return documents
    .flatMap(({ summary }) => summary?.['request_path'] ?? [])
    .map(String)
    .sort()
}
