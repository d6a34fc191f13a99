import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { type FakeDaemon, fakeDocker } from '../support/container-fakes.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { freePort, makeCertificate, openWorkshop, type Workshop } from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
const ALERTS_TEST = join(import.meta.dirname, 'prometheus/alerts.test.yaml')
const PATIENCE = { timeout: 30_000, interval: 200 }
const CONTAINER = 'ab'.repeat(32)

/**
 * What promtool finds fault with and users know by these names: the endings of gauges, milliseconds, and
 * names that prom-client gives to what Node.js tells.
 */
const LINTS = [
  /^qtap_\w+_duration_ms metric names should not contain abbreviated units$/,
  /^qtap_(connection|container)_active_total non-counter metrics should not have "_total" suffix$/,
  /^qtap_container_pod_container_count non-histogram .* should not have "_count" suffix$/,
  /^nodejs_active_(handles|requests|resources)_total non-counter metrics should not have "_total" suffix$/,
]

let workshop: Workshop
let origin: Origin
let docker: FakeDaemon
let events: ServerResponse | undefined
let agent: WatchingAgent
let address: string
let prometheus: string
beforeAll(async () => {
  workshop = openWorkshop()
  origin = await startOrigin(await makeCertificate(workshop))
  const socket = join(workshop.folder, 'docker.sock')
  docker = await fakeDocker(socket, (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    if (path.endsWith('/events')) {
      events = response
      response.writeHead(200).flushHeaders()
      return
    }
    response.writeHead(path.endsWith('/version') || path.endsWith('/containers/json') ? 200 : 404)
    response.end(path.endsWith('/version') ? '{"ApiVersion":"1.41"}' : path.endsWith('/json') ? '[]' : '{}')
  })
  address = `127.0.0.1:${await freePort()}`
  agent = await startWatching(workshop, {
    config: config(await freePort()),
    options: ['--httpd-listen', address, '--docker-socket-endpoint', socket],
  })
  await agent.said.until(({ message }) => message === 'status server listening')
  await agent.said.until(({ message }) => message === 'connected to docker engine')
  prometheus = await startPrometheus()
})
afterAll(async () => {
  await workshop.close()
  await origin.close()
  await docker.close()
})

test('the agent says that it lives and is ready', async () => {
  expect(await read('/healthz')).toBe('healthy')
  expect(await read('/readyz')).toBe('ready')
})

test('Prometheus has what passed, by the documented labels', async () => {
  // Twice, so that rates have something to compare.
  await traffic(3)
  for (const port of Object.values(origin.ports))
    await scraped(`sum(qtap_http_requests_total{host="localhost:${port}"})`, 24)
  await traffic(2)
  for (const port of Object.values(origin.ports)) {
    // A request is seen by its client and by its server, both on this host.
    const of = `host="localhost:${port}",protocol="http1"`
    await scraped(`sum(qtap_http_requests_total{${of}})`, 40)
    await scraped(`qtap_http_requests_total{${of},method="GET",status_code="200"}`, 20)
    await scraped(`qtap_http_responses_total{${of},method="POST",status_code="201"}`, 10)
    await scraped(`qtap_http_responses_total{${of},method="GET",status_code="503"}`, 10)
    await scraped(`qtap_http_requests_duration_ms_count{${of},method="POST",status_code="201"}`, 10)
    await scraped(`qtap_http_responses_duration_ms_count{${of},method="POST",status_code="201"}`, 10)
    // A head of some 150 bytes, then 5,000 bytes of content.
    const sizes = `{${of},method="POST",status_code="201",le=`
    await scraped(`qtap_http_requests_size_bytes_bucket${sizes}"5000"}`, 0)
    await scraped(`qtap_http_requests_size_bytes_bucket${sizes}"10000"}`, 10)
    await scraped(`qtap_http_responses_size_bytes_bucket${sizes}"500"}`, 10)
  }
  expect(await numberOf('qtap_http_duration_ms_count')).toBeGreaterThanOrEqual(80)
})

test('Prometheus has the connections, and knows those of TLS by their name and version', async () => {
  for (const port of Object.values(origin.ports)) {
    const client = `remote_addr="127.0.0.1",remote_port="${port}"`
    const of = `${client},direction="egress-external"`
    await scraped(`qtap_connection_open_total{${of}}`, 20)
    await scraped(`qtap_connection_close_total{${of}}`, 20)
    await scraped(`qtap_connection_active_total{${of}}`, 0)
    await scraped(`qtap_connection_protocol_total{${of},protocol="http1"}`, 20)
    await scraped(`qtap_connection_duration_ms_count{${client}}`, 20)
    // Five times 5,000 bytes each way, and some heads.
    expect(await numberOf(`qtap_connection_bytes_sent_total{${of}}`)).toBeGreaterThan(25_000)
    expect(await numberOf(`qtap_connection_bytes_recv_total{${of}}`)).toBeGreaterThan(25_000)
  }
  const tls = `remote_port="${origin.ports.tls}",sni="localhost",version="TLS 1.3"`
  await scraped(`qtap_connection_tls_handshake_total{${tls}}`, 20)
  // Whatever port a client comes from, it is one series.
  await scraped('count(qtap_connection_open_total{remote_addr="127.0.0.1",direction="ingress"})', 1)
})

test('Prometheus has the containers that Docker tells of', async () => {
  const of = '{runtime="docker",image="shop/web:1",pod_name="web-1",pod_namespace="shop"}'
  const pod = '{pod_name="web-1",namespace="shop"}'
  tell('start')
  await scraped(`qtap_container_active_total${of}`, 1)
  await scraped(`qtap_container_pod_container_count${pod}`, 1)
  tell('die')
  await scraped(`qtap_container_close_total${of}`, 1)
  await scraped(`qtap_container_duration_seconds_count${of}`, 1)
  tell('start')
  await scraped(`qtap_container_restart_total${of}`, 1)
  await scraped(`qtap_container_open_total${of}`, 2)
  await scraped(`qtap_container_active_total${of}`, 1)
})

test('promtool reads both pages, and finds no fault but with names that are documented', async () => {
  for (const path of ['/metrics', '/system/metrics']) {
    const page = join(workshop.folder, 'page.txt')
    writeFileSync(page, await read(path))
    const checked = await workshop.runAnyhow('sh', ['-c', `promtool check metrics < ${page}`])
    expect(checked.code, checked.stderr).not.toBe(1)
    const findings = `${checked.stdout.toString()}${checked.stderr}`.split('\n').filter((line) => line !== '')
    expect(findings.filter((line) => !LINTS.some((lint) => lint.test(line)))).toEqual([])
  }
})

test('what the agent counts of itself has a type', async () => {
  const page = await read('/system/metrics')
  expect(page.match(/^# TYPE .* untyped$/gm) ?? []).toEqual([])
  expect(page).toMatch(/^qtap_capture_records_total [1-9]/m)
  expect(page).toMatch(/^qtap_capture_records_lost_total 0$/m)
  expect(page).toMatch(/^qtap_exchanges_ended_total\{completeness="complete"\} [1-9]/m)
  expect(page).toMatch(/^qtap_store_queue_bytes\{store="events\/otel"\} \d/m)
  expect(page).toMatch(/^process_resident_memory_bytes [1-9]/m)
  expect(await read('/metrics')).toMatch(/^qtap_otel_records_submitted_total [1-9]/m)
})

test('the alerts are rules that Prometheus takes, and fire when they should', async () => {
  const folder = join(workshop.folder, 'alerts')
  mkdirSync(folder)
  copyFileSync(join(DEPLOY, 'prometheus/alerts.yaml'), join(folder, 'alerts.yaml'))
  copyFileSync(ALERTS_TEST, join(folder, 'alerts.test.yaml'))
  await workshop.run('promtool', ['check', 'rules', join(folder, 'alerts.yaml')])
  await workshop.run('promtool', ['check', 'config', join(DEPLOY, 'prometheus/prometheus.yaml')])
  await workshop.run('promtool', ['test', 'rules', join(folder, 'alerts.test.yaml')])
})

test('every query of the dashboard has an answer', async () => {
  const dashboard = readFileSync(join(DEPLOY, 'grafana/qtap-overview.json'), 'utf8')
  const queries = [...dashboard.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) =>
    String(JSON.parse(text))
      .replaceAll('$__rate_interval', '2m')
      .replaceAll('$__range', '2m')
      .replaceAll(/\$(instance|host)/g, '.*'),
  )
  expect(queries.length).toBeGreaterThan(30)
  for (const query of queries) {
    expect(query).not.toContain('$')
    // How fast something grows is known from the second look at it on.
    await expect
      .poll(async () => (await ask(query)).filter(({ value }) => Number.isFinite(Number(value[1]))).length, {
        message: query,
        ...PATIENCE,
      })
      .toBeGreaterThan(0)
  }
})

test('an agent whose address is taken says so, and watches all the same', async () => {
  const plugins = '{ type: http_capture, config: { level: full, format: json } }'
  const second = await startWatching(workshop, { plugins, options: ['--httpd-listen', address] })
  const [said] = await second.said.until(({ message }) => message.startsWith('status server cannot listen'))
  expect(said).toMatchObject({ level: 'warn', address, error: 'EADDRINUSE' })
  await workshop.run('curl', ['-sS', '-o', join(workshop.folder, 'answer'), `${origin.plain}/bytes/1/second`])
  await second.exchanges.until(({ url }) => url.endsWith('/second'))
  expect((await second.stop()).code).toBe(0)
})

test('once the agent has stopped, nobody answers', async () => {
  expect(await read('/readyz')).toBe('ready')
  expect((await agent.stop()).code).toBe(0)
  await expect(read('/healthz')).rejects.toThrow('fetch failed')
})

async function traffic(rounds: number): Promise<void> {
  const body = join(workshop.folder, 'body')
  writeFileSync(body, 'b'.repeat(5_000))
  for (let round = 0; round < rounds; round += 1) {
    for (const url of [origin.plain, origin.tls]) {
      const curl = (...words: string[]) =>
        workshop.run('curl', ['-sSk', '--ipv4', '-o', join(workshop.folder, 'answer'), ...words])
      await curl(`${url}/bytes/5000`)
      await curl(`${url}/text`)
      await curl('--data-binary', `@${body}`, `${url}/stored`)
      await curl(`${url}/status/503`)
    }
  }
}

/** What Docker tells of the one container of this host. */
function tell(action: string): void {
  const labels = { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' }
  const attributes = { name: 'web', image: 'shop/web:1', ...labels }
  events?.write(`${JSON.stringify({ Action: action, Actor: { ID: CONTAINER, Attributes: attributes } })}\n`)
}

function config(nobodyAt: number): string {
  return `
services:
  event_stores: [{ type: otel, endpoint: "http://127.0.0.1:${nobodyAt}", protocol: http }]
stacks:
  measured: { plugins: [{ type: http_metrics }, { type: report_usage }] }
tap: { direction: all, ignore_loopback: false, http: { stack: measured } }
`
}

/** The documented configuration, for this agent and in a hurry. */
async function startPrometheus(): Promise<string> {
  const folder = join(workshop.folder, 'prometheus')
  mkdirSync(folder)
  const settings = parse(readFileSync(join(DEPLOY, 'prometheus/prometheus.yaml'), 'utf8'))
  settings.global = { scrape_interval: '1s', evaluation_interval: '1s' }
  for (const job of settings.scrape_configs) job.static_configs = [{ targets: [address] }]
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(settings))
  copyFileSync(join(DEPLOY, 'prometheus/alerts.yaml'), join(folder, 'alerts.yaml'))
  const listen = `127.0.0.1:${await freePort()}`
  const files = [`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/tsdb`]
  workshop.start('prometheus', [...files, `--web.listen-address=${listen}`], { stdio: 'ignore' })
  await vi.waitFor(async () => expect((await fetch(`http://${listen}/-/ready`)).ok).toBe(true), PATIENCE)
  return `http://${listen}`
}

async function read(path: string): Promise<string> {
  return (await fetch(`http://${address}${path}`)).text()
}

/** Waits until a query has this value. */
async function scraped(query: string, value: number): Promise<void> {
  await expect.poll(() => numberOf(query), { ...PATIENCE, message: query }).toBe(value)
}

async function numberOf(query: string): Promise<number | undefined> {
  const [sample] = await ask(query)
  return sample && Number(sample.value[1])
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [at: number, value: string]
}

async function ask(query: string): Promise<readonly Sample[]> {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)
  const text = await answer.text()
  const { status, data }: { status: string; data: { result: Sample[] } } = JSON.parse(text)
  expect(status, `${query}: ${text}`).toBe('success')
  return data.result
}
