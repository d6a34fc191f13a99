import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import { httpMetrics } from './index.ts'

test('http_metrics takes exchanges, wants no bodies and says nothing', () => {
  const { plugin, outputs, warnings } = openedPlugin(httpMetrics, {})
  plugin.exchange(sampleExchange())
  expect([plugin.wantsBodies, outputs, warnings]).toEqual([false, [], []])
})
