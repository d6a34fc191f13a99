import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { recordingMeter } from '../../../test/support/recording-meter.ts'
import { type SampleChanges, sampleExchange, sampleWebSocket } from '../../../test/support/sample-exchange.ts'
import type { Exchange } from '../../exchanges/index.ts'
import { httpMetrics } from './index.ts'

function measured(exchanges: readonly Exchange[], shown = (exchange: Exchange) => exchange) {
  const recorded = recordingMeter()
  const { plugin, outputs, warnings } = openedPlugin(httpMetrics, {}, { meter: recorded.meter, shown })
  for (const exchange of exchanges) plugin.exchange(exchange)
  expect([plugin.wantsBodies, outputs, warnings]).toEqual([false, [], []])
  return recorded
}

/** The series that one exchange is counted in. */
function labelsOf(changes: SampleChanges): string {
  return Object.keys(measured([sampleExchange(changes)]).counted['qtap_http_requests_total'] ?? {}).join()
}

test('an exchange is counted, timed and sized in each metric, by documented labels', () => {
  const { counted, labelNames } = measured([sampleExchange()])
  const labels = 'GET|api.example.com|200|http2'
  expect(counted).toEqual({
    qtap_http_requests_total: { [labels]: [1] },
    qtap_http_requests_size_bytes: { [labels]: [72] },
    qtap_http_requests_duration_ms: { [labels]: [12] },
    qtap_http_responses_total: { [labels]: [1] },
    qtap_http_responses_size_bytes: { [labels]: [127] },
    qtap_http_responses_duration_ms: { [labels]: [1] },
    qtap_http_duration_ms: { '': [13] },
  })
  const { qtap_http_duration_ms: none, ...others } = labelNames
  expect(none).toEqual([])
  for (const names of Object.values(others))
    expect(names).toEqual(['method', 'host', 'status_code', 'protocol'])
})

test('a request without a response is counted with the status 000, and nothing is timed', () => {
  const lonely: Exchange = { ...sampleExchange(), response: undefined, respondedAt: undefined }
  expect(measured([lonely]).counted).toEqual({
    qtap_http_requests_total: { 'GET|api.example.com|000|http2': [1] },
    qtap_http_requests_size_bytes: { 'GET|api.example.com|000|http2': [72] },
  })
})

test('of a request that was not seen neither the method nor when it began is known', () => {
  const late = sampleExchange({ exchange: { completeness: 'joined_late' }, request: { method: '' } })
  const { counted } = measured([late])
  expect(Object.keys(counted['qtap_http_requests_total'] ?? {})).toEqual([
    'unknown|api.example.com|200|http2',
  ])
  expect(counted).not.toHaveProperty('qtap_http_requests_duration_ms')
  expect(counted).not.toHaveProperty('qtap_http_duration_ms')
})

test('a conversation is not counted again: the request that led to it was', () => {
  expect(measured([sampleWebSocket()]).counted).toEqual({})
})

test('the host is what the client named, and an address only where it named one', () => {
  const http1 = { exchange: { protocol: 'http1' }, connection: { dnsName: 'db.example.com' } }
  const address = { authority: '203.0.113.5:443' }
  expect(labelsOf({ ...http1, request: { authority: 'API.example.com:8443' } })).toContain(
    '|API.example.com:8443|',
  )
  expect(labelsOf({ ...http1, request: { ...address, headers: [['Host', '203.0.113.5:443']] } })).toContain(
    '|203.0.113.5:443|',
  )
  expect(
    labelsOf({ ...http1, request: { ...address, target: 'http://203.0.113.5:443/', headers: [] } }),
  ).toContain('|203.0.113.5:443|')
  expect(labelsOf({ ...http1, request: { ...address, headers: [] } })).toContain('|db.example.com|')
})

test('what is redacted in the stack stands in no label', () => {
  const hide = (exchange: Exchange) => ({
    ...exchange,
    request: { ...exchange.request, authority: '[REDACTED]' },
  })
  const { counted } = measured([sampleExchange()], hide)
  expect(Object.keys(counted['qtap_http_responses_total'] ?? {})).toEqual(['GET|[REDACTED]|200|http2'])
})
