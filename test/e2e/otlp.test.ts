import { createServer } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReadRecord, textOf } from '../stack/support/otlp-json.ts'
import { type LogReceiver, startLogReceiver } from '../support/log-receiver.ts'
import { listen, type Origin, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const WAIT = { timeout: 20_000 }

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let receiver: LogReceiver
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  receiver = await startLogReceiver()
})
afterAll(async () => {
  receiver.close()
  await origin.close()
  await workshop.close()
})

function configOf(protocol: 'grpc' | 'http' | 'stdout', at?: string): string {
  const endpoint = at ?? (protocol === 'stdout' ? '' : receiver.endpoints[protocol])
  const store = { type: 'otel', protocol, service_name: 'shop', environment: 'test' }
  return JSON.stringify({
    version: 2,
    services: {
      event_stores: [{ ...store, endpoint }],
      object_stores: [{ ...store, otel_endpoint: endpoint }],
    },
    stacks: { all: { plugins: [{ type: 'http_capture', config: { level: 'full', format: 'json' } }] } },
    tap: {
      direction: 'egress',
      http: { stack: 'all' },
      filters: { custom: [{ exe: pathOf(process.execPath), strategy: 'exact' }] },
    },
  })
}

const watch = (protocol: 'grpc' | 'http', options: object = {}) =>
  startWatching(workshop, { config: configOf(protocol), ...options })

const ask = (path: string, ...words: readonly string[]) =>
  workshop.run(CURL, ['-sS', '--cacert', certificate.certificateFile, ...words, `${origin.tls}${path}`])

/** Records of the exchange with this path, in the order in which they came. */
function recordsOf(path: string): readonly ReadRecord[] {
  const isOfPath = ({ attributes }: ReadRecord) =>
    [attributes['request_path'], attributes['artifact.summary.request_path']].includes(path)
  return receiver.records.filter(isOfPath)
}

const kindsOf = (path: string) =>
  recordsOf(path).map(({ attributes }) => attributes['artifact.type'] ?? attributes['event.type'])

/** Of the object store. */
function countersOf(counted: object): Readonly<Record<string, number>> {
  const stores: Readonly<Record<string, Readonly<Record<string, number>>>> = Object(
    Reflect.get(counted, 'store'),
  )
  return stores['objects/otel'] ?? {}
}

/** By SIGKILL: nothing can be finished. */
async function kill({ pid, said }: WatchingAgent): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await said.ended
}

test.each(['grpc', 'http'] as const)(
  'over %s both halves of an exchange arrive, and only then where they are',
  async (protocol) => {
    const agent = await watch(protocol)
    const path = `/echo/otlp-${protocol}`
    await ask(`${path}?token=1`, '-d', 'what is asked')
    await expect.poll(() => kindsOf(path), WAIT).toEqual(['http_request', 'http_response', 'artifact_record'])
    const [request, response, record] = recordsOf(path)
    const digest = textOf(record?.attributes['digest'])
    expect(digest).toMatch(/^[0-9a-f]{40}$/)
    expect([request, response].map((one) => one?.attributes['artifact.digest'])).toEqual([digest, digest])
    expect(record?.attributes['url']).toBe(`otel://${receiver.endpoints[protocol]}/${digest}`)
    expect(new Set([request, response, record].map((one) => one?.attributes['connection.id'])).size).toBe(1)
    expect([request?.scope, record?.scope]).toEqual(['qtap.objectstore', 'qtap.eventstore'])
    expect(record?.resource).toMatchObject({ 'service.name': 'shop', environment: 'test' })
    expect(textOf(request?.attributes['artifact.data'])).toContain('what is asked')
    expect(
      JSON.stringify(record?.attributes, (_key, one) => (typeof one === 'bigint' ? `${one}` : one)),
    ).not.toContain('token')
    await agent.stop()
    const connections = receiver.records.filter(
      ({ attributes }) =>
        attributes['event.type'] === 'connection' &&
        attributes['connection.id'] === record?.attributes['connection.id'],
    )
    expect(connections).toHaveLength(1)
  },
)

test('what a backend does not take survives the death of the agent, and arrives once', async () => {
  receiver.isUp = false
  const first = await watch('grpc')
  const paths = ['/echo/outage-1', '/echo/outage-2']
  for (const path of paths) await ask(path)
  await expect.poll(() => first.said.all.some(({ message }) => /take/.test(message)), WAIT).toBe(true)
  await passed(1_000)
  await kill(first)
  const second = await watch('grpc')
  await ask('/echo/outage-3')
  await passed(1_500)
  expect(recordsOf('/echo/outage-1')).toEqual([])
  receiver.isUp = true
  for (const path of [...paths, '/echo/outage-3']) {
    await expect
      .poll(() => kindsOf(path), { timeout: 60_000 })
      .toEqual(['http_request', 'http_response', 'artifact_record'])
  }
  await second.stop()
  for (const path of [...paths, '/echo/outage-3']) expect(kindsOf(path)).toHaveLength(3)
})

test('an exchange that is too large for a collector is cut, and says so', async () => {
  const agent = await watch('grpc', { options: ['--http-buffer-size', '8mb'] })
  const path = `/bytes/${6 << 20}/otlp-large`
  await ask(path, '-o', '/dev/null')
  await expect.poll(() => kindsOf(path), WAIT).toEqual(['http_request', 'http_response', 'artifact_record'])
  const [request, response] = recordsOf(path)
  expect(request?.attributes['artifact.truncated']).toBeUndefined()
  expect(response?.attributes['artifact.truncated']).toBe(true)
  const { response: told } = JSON.parse(textOf(response?.attributes['artifact.data']))
  expect(told.body_truncated.original_bytes).toBe(6 << 20)
  expect(told.body_truncated.kept_bytes).toBeGreaterThan(2 << 20)
  const { counted } = await agent.stop()
  const { objectsCut = 0, refused, objects, delivered } = countersOf(counted)
  expect(objectsCut).toBeGreaterThanOrEqual(1)
  expect({ refused, delivered }).toEqual({ refused: 0, delivered: objects })
})

test('on standard output a line is a request of OTLP', async () => {
  const agent = await startWatching(workshop, { config: configOf('stdout'), keepsWritten: true })
  await ask('/echo/otlp-stdout')
  await expect.poll(() => agent.written.output.length, WAIT).toBeGreaterThanOrEqual(2)
  await agent.stop()
  const lines = agent.written.output.map((line) => JSON.parse(line))
  const scopes = lines.map(({ resourceLogs }) => resourceLogs[0].scopeLogs[0].scope.name)
  expect(new Set(scopes)).toEqual(new Set(['qtap.objectstore', 'qtap.eventstore']))
  expect(agent.written.output.join('\n')).toContain('"otel://stdout/')
})

test('a backend that never answers does not keep the agent from ending', async () => {
  const silent = createServer(() => {})
  const config = configOf('http', `localhost:${await listen(silent)}`)
  const agent = await startWatching(workshop, { config })
  await ask('/echo/otlp-silent')
  await passed(1_500)
  const { code, tookMs } = await agent.stop()
  silent.close()
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(6_000)
})
