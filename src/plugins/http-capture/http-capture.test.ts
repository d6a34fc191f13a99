import { expect, test } from 'vitest'
import { ERROR_MACRO, openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleCall } from '../../../test/support/sample-call.ts'
import { PENDING_CONTAINER, SAMPLE_CONTAINER } from '../../../test/support/sample-container.ts'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { compileMacros } from '../../expressions/index.ts'
import type { Artifact } from '../../outputs/index.ts'
import { httpCapture } from './index.ts'

const macros = compileMacros([ERROR_MACRO]).macros

function captured(config: object, ...exchanges: readonly Exchange[]) {
  const { plugin, warnings, artifacts } = openedPlugin(httpCapture, config, { macros })
  for (const exchange of exchanges.length === 0 ? [sampleExchange()] : exchanges) plugin.exchange(exchange)
  return { wantsBodies: plugin.wantsBodies, stats: plugin.stats, warnings, artifacts: artifacts() }
}

const documentIn = ({ data }: Artifact) => JSON.parse(new TextDecoder().decode(data))

/** How much of an exchange is in an object. */
function levelIn(artifact: Artifact): string {
  const { response } = documentIn(artifact)
  if ('body' in response) return 'full'
  return 'headers' in response ? 'headers' : 'summary'
}

test('a plugin without options captures nothing', () => {
  expect(captured({})).toMatchObject({ wantsBodies: false, warnings: [], artifacts: [] })
})

test.each([
  ['summary', false, false],
  ['headers', true, false],
  ['full', true, true],
])('level %s: headers %s, bodies %s', (level, headers, bodies) => {
  const { artifacts, wantsBodies } = captured({ level })
  const response = documentIn(artifacts[0] ?? expect.fail('no artifact')).response
  expect(['headers' in response, 'body' in response, wantsBodies]).toEqual([headers, bodies, bodies])
})

test('details is an older word for headers and is warned about, in rules too', () => {
  const details = captured({ level: 'details' })
  expect(details.artifacts).toEqual(captured({ level: 'headers' }).artifacts)
  expect(details.warnings).toEqual([
    'http_capture: `details` level is deprecated, using `headers` level instead',
  ])
  const rules = [{ name: 'all', expr: 'http.res.status > 0', level: 'details' }]
  const inRule = captured({ rules })
  expect(inRule.artifacts.map(levelIn)).toEqual(['headers'])
  expect(inRule.warnings).toEqual([
    'rule "all": `details` level is deprecated, using `headers` level instead',
  ])
})

test('the time of an object is when its exchange ended', () => {
  const [artifact] = captured({ level: 'summary' }).artifacts
  expect(documentIn(artifact ?? expect.fail('no artifact')).transaction_time).toBe('2026-01-02T00:00:05.013Z')
})

test.each([
  [undefined, [undefined]],
  [{}, [undefined]],
  [{ id: '' }, [undefined]],
  [{ id: 'archive' }, ['archive']],
  [{ id: ['archive', 'lake'] }, ['archive', 'lake']],
])('object_store %j leads to the stores %j', (object_store, stores) => {
  const { artifacts } = captured({ level: 'summary', object_store })
  expect(artifacts.map((artifact) => artifact.objectStore)).toEqual(stores)
  expect(new Set(artifacts.map((artifact) => artifact.digest)).size).toBe(1)
})

test('format text gives text', () => {
  const [artifact] = captured({ level: 'full', format: 'text' }).artifacts
  expect(artifact?.contentType).toBe('text/plain')
})

const failed = (status = 500) => sampleExchange({ response: { status } })

test('the first rule that matches decides level and format', () => {
  const rules = [
    { name: 'not these', expr: 'http.res.status == 404', level: 'none' },
    { name: 'errors', expr: 'is_error()', level: 'full', format: 'text' },
    { name: 'later', expr: 'http.res.status == 500', level: 'summary' },
  ]
  const { artifacts } = captured({ level: 'summary', rules }, sampleExchange(), failed(404), failed())
  expect(artifacts.map(({ contentType }) => contentType)).toEqual(['application/json', 'text/plain'])
  expect(artifacts.slice(0, 1).map(levelIn)).toEqual(['summary'])
})

test('a rule with a mistake is left out and said once; the others work', () => {
  const rules = [
    { name: 'broken', expr: 'http.res.status >=', level: 'none' },
    { name: 'errors', expr: 'is_error()', level: 'full' },
  ]
  const { artifacts, warnings } = captured({ rules }, failed(), sampleExchange())
  expect(artifacts.map(levelIn)).toEqual(['full'])
  expect(warnings).toEqual([expect.stringContaining('rule "broken" of http_capture is left out: 1:')])
})

const IDS = Array.from({ length: 400 }, (_, index) => `d654d8g7p3qnd27v${String(index).padStart(4, '0')}`)
const many = (status: number) => IDS.map((id) => sampleExchange({ exchange: { id }, response: { status } }))

test('a share of the exchanges is stored, the same in a replay; a rule exempts errors', () => {
  const rules = [{ name: 'errors', expr: 'is_error()', level: 'headers', sample: 1 }]
  const config = { level: 'summary', sample: 0.25, rules }
  const { artifacts, stats } = captured(config, ...many(200))
  expect(artifacts.length).toBeGreaterThan(50)
  expect(artifacts.length).toBeLessThan(150)
  expect(stats?.['leftOutBySampling']).toBe(IDS.length - artifacts.length)
  const ids = artifacts.map(({ requestId }) => requestId)
  expect(captured(config, ...many(200)).artifacts.map(({ requestId }) => requestId)).toEqual(ids)
  expect(captured(config, ...many(500)).artifacts).toHaveLength(IDS.length)
})

test('a rule without a share of its own has that of the plugin', () => {
  const rules = [{ name: 'errors', expr: 'is_error()', level: 'headers' }]
  expect(captured({ sample: 0, rules }, ...many(500)).artifacts).toEqual([])
})

test.each([1.5, -0.1, 'half'])('a share of %j is refused', (sample) => {
  expect(httpCapture.options.safeParse({ sample }).success).toBe(false)
})

function wants(config: object, heads: Exchange): boolean {
  const { wantsBodies } = captured(config)
  return typeof wantsBodies === 'boolean' ? wantsBodies : wantsBodies(heads)
}

test('bodies are wanted of the exchanges that will need them, and of no other', () => {
  const rules = [
    { name: 'health', expr: 'http.req.path == "/healthz"', level: 'none' },
    { name: 'errors', expr: 'is_error()', level: 'full' },
  ]
  expect(wants({ rules }, sampleExchange())).toBe(false)
  expect(wants({ rules }, failed())).toBe(true)
  const health = sampleExchange({ request: { path: '/healthz' }, response: { status: 500 } })
  expect(wants({ rules }, health)).toBe(false)
  expect(wants({ level: 'full', rules }, health)).toBe(false)
  expect(wants({ level: 'full', rules }, sampleExchange())).toBe(true)
})

test('of a call of gRPC, whose status comes at the end, they are wanted when a rule may want them', () => {
  const rules = [{ name: 'errors', expr: 'is_error()', level: 'full' }]
  const call = sampleExchange({ exchange: { grpc: sampleCall({ status: undefined, statusName: '' }) } })
  expect(wants({ rules }, call)).toBe(true)
  expect(wants({ level: 'full', rules: [{ ...rules[0], level: 'none' }] }, call)).toBe(true)
  const byPath = [{ name: 'posts', expr: 'http.req.method == "PUT"', level: 'full' }]
  expect(wants({ rules: byPath }, call)).toBe(false)
})

test('so they are while the container runtime was asked and has not answered', () => {
  const rules = [{ name: 'prod', expr: 'src.pod.namespace == "prod"', level: 'full' }]
  const of = (container: typeof SAMPLE_CONTAINER) => sampleExchange({ process: { container } })
  expect(wants({ rules }, of(PENDING_CONTAINER))).toBe(true)
  expect(wants({ rules }, of({ ...PENDING_CONTAINER, state: 'unknown' }))).toBe(false)
  expect(wants({ rules }, of(SAMPLE_CONTAINER))).toBe(true)
  const other = [{ name: 'errors', expr: 'is_error()', level: 'full' }]
  expect(wants({ rules: other }, of(PENDING_CONTAINER))).toBe(false)
})

test('bodies of exchanges that are not sampled are not wanted', () => {
  const config = { level: 'full', sample: 0.25 }
  const kept = captured(config, ...many(200)).artifacts.map(({ requestId }) => requestId)
  expect(
    many(200)
      .filter((heads) => wants(config, heads))
      .map(({ id }) => id),
  ).toEqual(kept)
  expect(captured({ level: 'full', sample: 0 }).wantsBodies).toBe(false)
})

test('what is stored is what may be shown, while rules see the exchange as it passed', () => {
  const shown = (exchange: Exchange): Exchange => ({
    ...exchange,
    request: { ...exchange.request, headers: [['authorization', '***']] },
  })
  const rules = [{ name: 'keyed', expr: 'http.req.headers.authorization == "secret"', level: 'full' }]
  const { plugin, artifacts } = openedPlugin(httpCapture, { rules }, { shown })
  plugin.exchange(sampleExchange({ request: { headers: [['authorization', 'secret']] } }))
  expect(artifacts().map((artifact) => documentIn(artifact).request.headers.Authorization)).toEqual(['***'])
})

test('redact makes the view of the stack, at any level; without it there is none', () => {
  const redact = { headers: ['x-customer'] }
  const exchange = sampleExchange({ request: { headers: [['X-Customer', 'secret']] } })
  const view = openedPlugin(httpCapture, { level: 'none', redact }).plugin.redact ?? expect.fail('no view')
  expect(view(exchange).request.headers).toEqual([['X-Customer', '[REDACTED]']])
  expect(openedPlugin(httpCapture, { level: 'full' }).plugin.redact).toBeUndefined()
  expect(httpCapture.options.safeParse({ redact: { json_paths: ['user'] } }).success).toBe(false)
})
