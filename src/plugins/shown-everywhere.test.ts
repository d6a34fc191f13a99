import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { recordingMeter } from '../../test/support/recording-meter.ts'
import { sampleCall } from '../../test/support/sample-call.ts'
import {
  type SampleChanges,
  sampleBody,
  sampleExchange,
  sampleMessage,
  sampleProgress,
  sampleWebSocket,
} from '../../test/support/sample-exchange.ts'
import { silentLog, source } from '../base/index.ts'
import type { Exchange, Progress } from '../exchanges/index.ts'
import { NO_TAG_RULES, type Output } from '../outputs/index.ts'
import { PLUGINS } from './registry.ts'
import { runPlugins } from './stack.ts'

const SECRET = 'ACME-0042-secret'
const REDACT = { patterns: ['ACME-[0-9]{4}-secret'] }
const PARTS = ['record_req_headers', 'record_req_body', 'record_res_headers', 'record_res_body']
const ERRORS = {
  name: 'all',
  trigger_duration: 1,
  trigger_contains: SECRET.slice(0, 4),
  report_as_issue: true,
}
const RULES = [{ ...ERRORS, ...Object.fromEntries(PARTS.map((part) => [part, true])) }]

/** What users may stack up, each in every form in which it speaks. */
const STACK: readonly (readonly [keyof typeof PLUGINS, object])[] = [
  ['access_logs', { mode: 'summary' }],
  ['access_logs', { mode: 'full' }],
  ['debug', { mode: 'summary' }],
  ['debug', { mode: 'full' }],
  ['report_usage', {}],
  ['detect_errors', { rules: RULES }],
  ['http_metrics', {}],
  ['http_capture', { level: 'full', format: 'text' }],
  ['http_capture', { level: 'full' }],
]

/** Everything that the stack gives for these, as text. */
function allOutputs(
  options: object,
  exchanges: readonly Exchange[],
  progress: readonly Progress[],
): string[] {
  const stack = [...STACK, ['http_capture', options] as const].map(([type, config]) => ({
    type,
    config: PLUGINS[type].options.parse(config),
  }))
  const inputs = source<Exchange>({})
  const progressSource = source<Progress>({})
  const outputs: Output[] = []
  const processing = {
    tap: { stacks: { http: 'main', grpc: undefined }, endpoints: [] },
    stacks: { main: stack },
    macros: [],
    tags: NO_TAG_RULES,
  }
  const recorded = recordingMeter()
  const surroundings = {
    clock: { bootEpochMs: 0 },
    terminal: { colour: false, columns: 80 },
    meter: recorded.meter,
    warn: () => {},
    log: silentLog,
  }
  const plugins = runPlugins({ ...inputs, progress: progressSource }, processing, surroundings)
  plugins.listen((output) => outputs.push(output))
  for (const exchange of exchanges) inputs.emit(exchange)
  for (const one of progress) progressSource.emit(one)
  expect(plugins.stats['failures']).toBe(0)
  const told = outputs.map((output) => {
    const data = output.kind === 'artifact' ? Buffer.from(output.data).toString('latin1') : ''
    return JSON.stringify(output) + data
  })
  return [...told, JSON.stringify(recorded.counted)]
}

const json = [['content-type', 'application/json']] as const
const PLANTED: SampleChanges = {
  request: {
    target: `/v1/${SECRET}?q=${SECRET}`,
    path: `/v1/${SECRET}`,
    url: `https://api.example.com/v1/${SECRET}?q=${SECRET}`,
    headers: [...json, ['x-key', SECRET], ['user-agent', SECRET], ['authorization', `Bearer ${SECRET}`]],
    trailers: [['x-end', SECRET]],
    body: sampleBody(`{"key":"${SECRET}"}`),
  },
  response: {
    reason: SECRET,
    headers: [...json, ['x-key', SECRET]],
    trailers: [['x-end', SECRET]],
    body: sampleBody(`{"key":["${SECRET}"]}`),
  },
}
const grpc = sampleCall({ message: SECRET, method: SECRET })
const EXCHANGES = [
  sampleExchange(PLANTED),
  sampleExchange({ ...PLANTED, exchange: { grpc } }),
  sampleWebSocket({
    messages: [sampleMessage('client', 'text', SECRET, 5_012_000_000)],
    close: { from: 'client', code: 1000, reason: SECRET },
  }),
]
const [planted, call] = EXCHANGES
const { request } = planted ?? expect.fail('there are exchanges')
const response = planted?.response
const PROGRESS = [
  sampleProgress({ request, response }),
  sampleProgress({ request, response, grpc: call?.grpc }),
]

test('what is redacted is gone from everything that any plugin puts out', () => {
  const redacted = allOutputs({ redact: REDACT }, EXCHANGES, PROGRESS)
  expect(redacted.filter((text) => text.includes(SECRET))).toEqual([])
  expect(redacted.length).toBeGreaterThan(20)
})

test('without redaction it is in most of it, so that the test above means something', () => {
  const open = allOutputs({}, EXCHANGES, PROGRESS)
  expect(open.filter((text) => text.includes(SECRET)).length).toBeGreaterThan(20)
})
