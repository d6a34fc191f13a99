import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleCall } from '../../../test/support/sample-call.ts'
import { PENDING_CONTAINER } from '../../../test/support/sample-container.ts'
import { type SampleChanges, sampleBody, sampleExchange } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { EVENTS } from '../../outputs/index.ts'
import { detectErrors } from './index.ts'

const TAGS = { deployment: ['env:prod'], rules: [] }

function detected(rule: object, changes: SampleChanges = {}) {
  return detectedBy([{ name: 'it', report_as_issue: true, ...rule }], changes)
}

function detectedBy(
  rules: readonly object[],
  changes: SampleChanges = {},
  shown = (exchange: Exchange) => exchange,
) {
  const { plugin, outputs, warnings, issues, artifacts } = openedPlugin(
    detectErrors,
    { rules },
    { tags: TAGS, shown },
  )
  plugin.exchange(sampleExchange(changes))
  return {
    wantsBodies: plugin.wantsBodies,
    warnings,
    outputs,
    issues: issues(),
    artifacts: artifacts(),
  }
}

const FAILED = { response: { status: 500 } } as const

test('a match is an issue with the documented fields', () => {
  const { issues } = detected({ name: 'server errors', trigger_status_codes: ['404', '5xx'] }, FAILED)
  expect(issues).toEqual([
    {
      connectionId: 'd654d887p3qnd27vfhag',
      endpointId: 'api.example.com',
      requestId: 'd654d8g7p3qnd27vfhb0',
      tags: expect.arrayContaining(['bin:curl', 'env:prod']),
      timestamp: '2026-01-02T00:00:05.013000000Z',
      direction: 'egress-external',
      error: 'server errors',
      url: 'https://api.example.com/v1/items',
      path: '/v1/items',
      method: 'GET',
      status: 500,
      triggerConditions: ['detect_errors:status'],
      triggerReasons: ['response status code [500] matched [5xx]'],
    },
  ])
  expect(issues.map((issue) => EVENTS.issue.document.safeParse(issue).error)).toEqual([undefined])
})

const none = { response: undefined, durationMs: undefined }
const sent = (type: string) => ({ response: { headers: [['content-type', type]] } }) as const

test.each<[string, object, SampleChanges, string | undefined]>([
  ['status', { trigger_status_codes: ['50X'] }, FAILED, 'response status code [500] matched [50X]'],
  ['status', { trigger_status_codes: ['4xx'] }, FAILED, undefined],
  [
    'status',
    { trigger_status_codes: ['499'] },
    { exchange: none },
    'response status code [499] matched [499]',
  ],
  [
    'status',
    { trigger_status_codes: ['404'] },
    { exchange: { grpc: sampleCall() } },
    'response status code [404] matched [404]',
  ],
  ['body', { trigger_empty_body: true }, { response: { body: sampleBody('') } }, 'response body is empty'],
  ['body', { trigger_empty_body: true }, {}, undefined],
  ['body', { trigger_empty_body: true }, { exchange: none }, undefined],
  [
    'body',
    { trigger_empty_body: true },
    { response: { body: sampleBody('', { wireBytes: 20, decodedBytes: 0 }) } },
    'response body is empty',
  ],
  [
    'body',
    { trigger_empty_body: true },
    { response: { body: sampleBody('', { wireBytes: 20, decodedBytes: 0, truncated: true }) } },
    undefined,
  ],
  [
    'body',
    { trigger_empty_body: true },
    { response: { body: sampleBody('', { missing: true }) } },
    undefined,
  ],
  ['duration', { trigger_duration: 12 }, {}, 'duration [12ms] exceeded threshold [12ms]'],
  ['duration', { trigger_duration: '13' }, {}, undefined],
  [
    'duration',
    { trigger_duration: '1s' },
    { exchange: { durationMs: 1200 } },
    'duration [1.2s] exceeded threshold [1s]',
  ],
  ['duration', { trigger_duration: 1 }, { exchange: none }, undefined],
  ['body', { trigger_contains: '"items"' }, {}, 'response body contains ["items"]'],
  ['body', { trigger_contains: 'Items' }, {}, undefined],
  ['mime', { only_categories: ['image', 'app'] }, {}, 'response category matched [app]'],
  ['mime', { only_categories: ['app'] }, sent('image/png'), undefined],
  ['mime', { only_categories: ['other'] }, { exchange: none }, undefined],
  [
    'url',
    { only_urls: ['https://api.example.com/v1/items'] },
    {},
    'url matched [https://api.example.com/v1/items]',
  ],
  ['url', { only_urls: ['https://api.example.com/v1'] }, {}, undefined],
  ['tag', { with_tags: ['env:test', 'ENV: Prod'] }, {}, 'matched tag [env:prod]'],
  ['tag', { with_tags: ['env:test'] }, {}, undefined],
  ['tag', { with_tags: ['ip:192.0.2.10'] }, {}, 'matched tag [ip:192.0.2.10]'],
])('condition %s of %j: case %#', (condition, rule, changes, reason) => {
  const { issues } = detected(rule, changes)
  expect(issues.map(({ triggerReasons }) => triggerReasons)).toEqual(reason === undefined ? [] : [[reason]])
  if (reason !== undefined) expect(issues[0]?.triggerConditions).toEqual([`detect_errors:${condition}`])
})

test('all conditions of a rule must be met, and an excluded URL wins over all of them', () => {
  const rule = { trigger_status_codes: ['5xx'], trigger_duration: 10, with_tags: ['env:prod'] }
  expect(detected(rule, FAILED).issues[0]?.triggerConditions).toEqual([
    'detect_errors:status',
    'detect_errors:duration',
    'detect_errors:tag',
  ])
  expect(detected({ ...rule, trigger_duration: 13 }, FAILED).issues).toEqual([])
  const url = 'https://api.example.com/v1/items'
  expect(detected({ ...rule, only_urls: [url], exclude_urls: [url] }, FAILED).issues).toEqual([])
})

test('a rule without a condition never matches, which is said', () => {
  for (const rule of [{}, { exclude_urls: ['x'] }, { trigger_duration: 0 }, { trigger_contains: '' }]) {
    const { issues, warnings } = detected({ record_req_headers: true, ...rule })
    expect(issues).toEqual([])
    expect(warnings).toEqual(['error rule "it" has no condition and never matches'])
  }
})

test('every rule is tried, and each that matches reports', () => {
  const errors = { trigger_status_codes: ['5xx'] }
  const rules = [
    { name: 'silent', ...errors },
    { name: 'one', ...errors, report_as_issue: true },
    { name: 'two', ...errors, report_as_issue: true, continue: true },
  ]
  expect(detectedBy(rules, FAILED).issues.map(({ error }) => error)).toEqual(['one', 'two'])
})

test('what any matching rule asks for is stored once', () => {
  const errors = { trigger_status_codes: ['5xx'] }
  const rules = [
    { ...errors, record_res_body: true, record_req_headers: true },
    { ...errors, record_res_body: true, record_res_headers: true },
    { trigger_status_codes: ['4xx'], record_req_body: true },
  ]
  const { artifacts } = detectedBy(rules, FAILED)
  expect(
    artifacts.map(({ type, contentType, data }) => [type, contentType, new TextDecoder().decode(data)]),
  ).toEqual([
    [
      'req-headers',
      'application/json',
      JSON.stringify({
        ':authority': 'api.example.com',
        ':method': 'GET',
        ':path': '/v1/items',
        ':scheme': 'https',
        'User-Agent': 'curl/8.18.0',
        Accept: '*/*',
      }),
    ],
    ['res-body', 'application/json', '{"items":[]}'],
    [
      'res-headers',
      'application/json',
      JSON.stringify({ ':status': '500', 'Content-Type': 'application/json', Server: 'nginx' }),
    ],
  ])
})

test('what leaves is what may be shown, while rules see the exchange as it passed', () => {
  const shown = (exchange: Exchange): Exchange => ({
    ...exchange,
    request: { ...exchange.request, path: '/***', headers: [['authorization', '***']] },
    response: exchange.response && { ...exchange.response, body: sampleBody('***') },
  })
  const rules = [
    {
      name: 'leak',
      trigger_contains: 'items',
      report_as_issue: true,
      record_req_headers: true,
      record_res_body: true,
    },
  ]
  const request = { path: '/secret', headers: [['authorization', 'secret']] } as const
  const { issues, artifacts } = detectedBy(rules, { request }, shown)
  expect(issues[0]?.path).toBe('/***')
  const texts = artifacts.map(({ data }) => new TextDecoder().decode(data))
  expect(texts).toEqual([expect.stringContaining('"Authorization":"***"'), '***'])
  expect(JSON.stringify([issues, texts])).not.toContain('secret')
})

function wants(rule: object, changes: SampleChanges = {}): boolean {
  const { wantsBodies } = detected(rule)
  return typeof wantsBodies === 'boolean' ? wantsBodies : wantsBodies(sampleExchange(changes))
}

test('bodies are wanted only where a rule reads or stores them, and may match', () => {
  const errors = { trigger_status_codes: ['5xx'] }
  expect(detected({ ...errors, record_req_headers: true }).wantsBodies).toBe(false)
  expect(wants({ ...errors, record_req_body: true }, FAILED)).toBe(true)
  expect(wants({ ...errors, record_res_body: true })).toBe(false)
  expect(wants({ trigger_contains: 'x' })).toBe(true)
  expect(wants({ trigger_contains: 'x', only_categories: ['image'] })).toBe(false)
  expect(wants({ trigger_contains: 'x', exclude_urls: ['https://api.example.com/v1/items'] })).toBe(false)
  expect(wants({ trigger_contains: 'x', trigger_duration: '1h' })).toBe(true)
})

test('whether content is empty behind a coding only the body tells', () => {
  const coded = { response: { headers: [['Content-Encoding', 'gzip']] } } as const
  expect(wants({ trigger_empty_body: true })).toBe(false)
  expect(wants({ trigger_empty_body: true }, coded)).toBe(true)
})

test('what comes in late may still match', () => {
  const call = { exchange: { grpc: sampleCall({ status: undefined }) } }
  expect(wants({ trigger_status_codes: ['5xx'], record_res_body: true }, call)).toBe(true)
  const tagged = { with_tags: ['team:blue'], record_res_body: true }
  expect(wants(tagged, { exchange: { protocol: 'http1' } })).toBe(false)
  expect(wants(tagged, { process: { container: PENDING_CONTAINER } })).toBe(true)
})

test.each([
  [{ trigger_status_codes: ['xxx'] }],
  [{ trigger_status_codes: ['5000'] }],
  [{ trigger_duration: 'soon' }],
  [{ only_categories: ['html'] }],
])('%j is refused', (rule) => {
  expect(detectErrors.options.safeParse({ rules: [rule] }).success).toBe(false)
})
