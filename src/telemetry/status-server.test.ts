import { request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type LogFields, silentLog } from '../base/index.ts'
import { openMetrics } from './open-metrics.ts'
import { openStatusServer, type StatusServerOptions } from './status-server.ts'

interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

async function served(changes: Partial<StatusServerOptions> = {}) {
  const said: [string, LogFields | undefined][] = []
  const say = (message: string, fields?: LogFields) => said.push([message, fields])
  const metrics = openMetrics({ seriesMax: 10 })
  const listen = { host: '127.0.0.1', port: 0 }
  const log = { ...silentLog, info: say, warn: say, error: say }
  const server = openStatusServer({ listen, metrics, isReady: () => true, log, ...changes })
  onTestFinished(() => server.close())
  return { server, metrics, said, ask, port: () => server.listening }

  async function ask(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
    const port = await server.listening
    return new Promise((resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port, path, method, headers, agent: false },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.once('error', reject)
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              type: response.headers['content-type'],
              body: Buffer.concat(chunks).toString(),
            }),
          )
        },
      )
      asked.once('error', reject).end()
    })
  }
}

test('it says that it listens, lives and is ready, and when it is not', async () => {
  let isReady = true
  const { ask, said, port } = await served({ isReady: () => isReady })
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'healthy' })
  expect(await ask('/readyz?verbose')).toMatchObject({ status: 200, body: 'ready' })
  isReady = false
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: 'not ready' })
  expect(said).toEqual([['status server listening', { address: `127.0.0.1:${await port()}` }]])
})

test('what is not there is 404, and what only reads is all that is done', async () => {
  const { ask, server } = await served()
  for (const path of ['/', '/metrics/', '/..%2fmetrics', '/devtools']) {
    expect(await ask(path)).toMatchObject({ status: 404, body: 'not found' })
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await ask('/metrics', method)).toMatchObject({ status: 405 })
  }
  expect(await ask('/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' })
  expect(await ask('/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' })
  expect(server.stats).toEqual({ requests: 10, requestsRefused: 0 })
})

test('metrics come in the format that is asked for', async () => {
  const { ask, metrics } = await served()
  metrics.meter.counter({ name: 'a_total', help: 'A.', labels: ['b'] }).add(2, ['c'])
  expect(await ask('/metrics')).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: '# HELP a_total A.\n# TYPE a_total counter\na_total{b="c"} 2\n',
  })
  expect(await ask('/metrics', 'GET', { accept: 'application/openmetrics-text' })).toEqual({
    status: 200,
    type: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    body: '# HELP a A.\n# TYPE a counter\na_total{b="c"} 2\n# EOF\n',
  })
})

test('the agent tells of itself what its stages count, and of its process', async () => {
  const { ask, metrics, server } = await served()
  metrics.readStages(() => ({
    capture: { recordsLost: 3, namespacesMissed: 1 },
    exchanges: { complete: 4, truncated: 1, gap: 0, joined_late: 0, exchangesOpen: 2 },
    plugins: { access_logs: { ruleProblems: 1 }, debug: { ruleProblems: 2 }, report_usage: {} },
    tls: { unreadable: { 'no secret': 5 } },
    novelty: { somethingNew: 7 },
    telemetry: server.stats,
  }))
  const { body } = await ask('/system/metrics')
  const lines = body.split('\n')
  for (const line of [
    '# TYPE qtap_capture_records_lost_total counter',
    'qtap_capture_records_lost_total 3',
    '# TYPE qtap_capture_namespaces_missed gauge',
    'qtap_capture_namespaces_missed 1',
    'qtap_exchanges_ended_total{completeness="complete"} 4',
    'qtap_exchanges_ended_total{completeness="truncated"} 1',
    'qtap_exchanges_open 2',
    'qtap_plugins_rule_problems_total{plugin="access_logs"} 1',
    'qtap_plugins_rule_problems_total{plugin="debug"} 2',
    'qtap_tls_unreadable_total{reason="no secret"} 5',
    '# TYPE qtap_novelty_something_new untyped',
    'qtap_novelty_something_new 7',
    'qtap_telemetry_requests_total 1',
    'qtap_telemetry_series_max 10',
    'qtap_telemetry_series_refused_total 0',
    '# TYPE process_cpu_seconds_total counter',
    '# TYPE nodejs_eventloop_lag_seconds gauge',
  ]) {
    expect(lines, line).toContain(line)
  }
  const heads = lines.filter((line) => line.startsWith('# TYPE '))
  expect(new Set(heads).size).toBe(heads.length)
})

test('a port that is taken is said once and tried again until it is free', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', () => resolve()))
  const address = holder.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const { ask, said } = await served({ listen: { host: '127.0.0.1', port }, listenAgainMs: 5 })
  await expect.poll(() => said.length).toBe(1)
  await new Promise((resolve) => holder.close(resolve))
  expect(await ask('/healthz')).toMatchObject({ status: 200 })
  const taken = { address: `127.0.0.1:${port}`, error: 'EADDRINUSE' }
  expect(said).toEqual([
    ['status server cannot listen there, and tries again', taken],
    ['status server listening', { address: taken.address }],
  ])
})

test('who reads too slowly is cut off, and too many at once are sent away', async () => {
  function* samples() {
    for (;;) yield 'a 1\n'.repeat(1_000)
  }
  const endless = { name: 'a', type: 'gauge', help: 'A.', samples } as const
  const metrics = { ...openMetrics(), product: () => [endless] }
  const { port, ask, server } = await served({ metrics, writeMsMax: 2_000 })
  const warned: Error[] = []
  const onWarning = (warning: Error) => warned.push(warning)
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  for (let count = 0; count < 4; count += 1) {
    const socket = connect(await port(), '127.0.0.1').pause()
    socket.on('error', () => {})
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
    onTestFinished(() => void socket.destroy())
  }
  await expect.poll(() => server.stats.requests).toBe(4)
  expect(await ask('/metrics')).toMatchObject({ status: 503, body: 'too many readers' })
  expect(server.stats.requestsRefused).toBe(1)
  const answered = async () => (await ask('/metrics', 'HEAD')).status
  await expect.poll(answered, { timeout: 20_000 }).toBe(200)
  expect(warned).toEqual([])
})

test('a metric that cannot be read is an answer of 500, and said without what it was', async () => {
  const broken = {
    ...openMetrics(),
    product: () => [],
    system: () => Promise.reject(new TypeError('secret')),
  }
  const { ask, said } = await served({ metrics: broken })
  expect(await ask('/system/metrics')).toMatchObject({ status: 500, body: 'failed' })
  expect(said.at(-1)).toEqual(['a request to the status server failed', { error: 'TypeError' }])
  expect(await ask('/healthz')).toMatchObject({ status: 200 })
})

test('what is no HTTP, or too long, ends its own connection and nothing else', async () => {
  const { ask, port } = await served()
  for (const text of ['\u0016\u0003\u0001', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`]) {
    const socket = connect(await port(), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`${text}\r\n\r\n`)
    await new Promise((resolve) => socket.once('close', resolve).resume())
  }
  expect(await ask('/healthz')).toMatchObject({ status: 200 })
})
