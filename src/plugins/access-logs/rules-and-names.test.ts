import { expect, test } from 'vitest'
import { ERROR_MACRO, openedPlugin } from '../../../test/support/opened-plugin.ts'
import { PENDING_CONTAINER, SAMPLE_CONTAINER } from '../../../test/support/sample-container.ts'
import { type SampleChanges, sampleExchange, sampleProgress } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { compileMacros } from '../../expressions/index.ts'
import { debug } from '../debug/index.ts'
import { accessLogs } from './index.ts'

const macros = compileMacros([ERROR_MACRO]).macros

function printed(config: object, changes: SampleChanges = {}): readonly string[] {
  const { plugin, texts } = openedPlugin(accessLogs, config, { macros })
  plugin.exchange(sampleExchange(changes))
  return texts()
}

const FAILED = { response: { status: 503 } } as const

test('the first rule that matches decides the mode', () => {
  const rules = [
    { name: 'quiet', expr: 'http.req.path == "/healthz"', mode: 'none' },
    { name: 'errors', expr: 'is_error()', mode: 'full' },
    { name: 'also errors', expr: 'http.res.status >= 500', mode: 'summary' },
  ]
  const config = { format: 'console', rules }
  expect(printed(config)).toHaveLength(1)
  expect(printed(config, FAILED).at(0)).toMatch(/^╭/)
  expect(printed(config, { ...FAILED, request: { path: '/healthz' } })).toEqual([])
})

test('bodies are kept for exchanges whose mode shows them', () => {
  const rules = [{ name: 'errors', expr: 'is_error()', mode: 'full' }]
  const { wantsBodies } = openedPlugin(accessLogs, { rules }, { macros }).plugin
  if (typeof wantsBodies === 'boolean') expect.fail('depends on the exchange')
  expect([wantsBodies(sampleExchange()), wantsBodies(sampleExchange(FAILED))]).toEqual([false, true])
  expect(openedPlugin(accessLogs, { mode: 'full' }).plugin.wantsBodies).toBe(true)
  expect(openedPlugin(accessLogs, { mode: 'details' }).plugin.wantsBodies).toBe(false)
})

test('a rule without an expression is left out, and said, by the name of the plugin', () => {
  const rules = [{ name: 'empty', mode: 'full' }]
  const { plugin, warnings, texts } = openedPlugin(debug, { rules })
  plugin.exchange(sampleExchange())
  expect(texts()).toHaveLength(1)
  expect(warnings).toEqual(['rule "empty" of debug has no expression and is left out'])
})

test('rules decide about progress too, and know nothing of a response that is waited for', () => {
  const rules = [
    { name: 'errors', expr: 'is_error()', mode: 'none' },
    { name: 'reports', expr: 'http.req.path == "/v1/items"', mode: 'full' },
  ]
  const { plugin, texts } = openedPlugin(accessLogs, { mode: 'none', format: 'console', rules }, { macros })
  const { response } = sampleProgress()
  plugin.progress?.(sampleProgress({ response: undefined }))
  plugin.progress?.(sampleProgress({ response: response && { ...response, status: 500 } }))
  expect(texts()).toEqual([expect.stringContaining('no response yet')])
})

/** As a plugin that redacts would have it. */
function shown(exchange: Exchange): Exchange {
  const { request, response } = exchange
  return {
    ...exchange,
    request: { ...request, url: request.url.replace('secret', '***'), headers: [['authorization', '***']] },
    response: response && { ...response, reason: '***' },
  }
}

test.each(['json', 'console'])('only what may be shown is printed as %s, while rules see all', (format) => {
  const url = 'https://api.example.com/?key=secret'
  const rules = [{ name: 'keys', expr: 'http.req.query == "key=secret"', mode: 'full' }]
  const { plugin, texts } = openedPlugin(accessLogs, { mode: 'none', format, rules }, { shown })
  const headers = [['authorization', 'secret']] as const
  plugin.exchange(sampleExchange({ request: { url, headers }, response: { reason: 'secret' } }))
  const { request, response } = sampleProgress()
  plugin.progress?.(
    sampleProgress({
      request: { ...request, url, headers },
      response: response && { ...response, reason: 'secret' },
    }),
  )
  const lines = texts().join('\n')
  expect(lines).toContain('key=***')
  expect(lines).not.toContain('secret')
  expect(texts().length).toBeGreaterThan(1)
})

test('a box names the container and the pod as soon as they are known', () => {
  const box = (container = SAMPLE_CONTAINER) =>
    printed({ format: 'console', mode: 'details' }, { process: { container } }).join('\n')
  expect(box()).toContain(`│   PID 4242 @ /usr/bin/curl
│   Container shop (0123456789ab)
│   Image shop:1.2
│   Pod shop-7d4b
│   Namespace prod
│
│ Network`)
  expect(box(PENDING_CONTAINER)).toContain(`│   Container 0123456789ab
│
│ Network`)
})

test('JSON in mode details names the container and the pod', () => {
  const changes = { process: { container: SAMPLE_CONTAINER } }
  expect(JSON.parse(printed({ mode: 'details' }, changes)[0] ?? '').meta).toEqual({
    bytes_sent: '72',
    bytes_received: '127',
    pid: 4242,
    exe: '/usr/bin/curl',
    container_name: 'shop',
    container_image: 'shop:1.2',
    pod_name: 'shop-7d4b',
    pod_namespace: 'prod',
    container_id: '0123456789ab',
  })
})

test('names from a container runtime cannot steer the terminal', () => {
  const { facts } = SAMPLE_CONTAINER
  const hostile = facts && { ...facts, name: 'a\u001b[2J\nb', image: '\u009b' }
  const changes = { process: { container: { ...SAMPLE_CONTAINER, facts: hostile } } }
  for (const line of printed({ format: 'console', mode: 'details' }, changes)) {
    expect(line).not.toMatch(/\p{Cc}/u)
    expect(line).toMatch(/^[│╭├╰]/)
  }
})
