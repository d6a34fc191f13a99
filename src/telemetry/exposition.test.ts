import { expect, test } from 'vitest'
import { chooseFormat, exposition } from './exposition.ts'

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/html', 'text'],
  ['text/plain;version=0.0.4', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
  ['application/openmetrics-text;version=9.0.0', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5', 'text'],
  [
    // Prometheus 2.42 says so.
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
      'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  ['Application/OpenMetrics-Text ; Q=1', 'openmetrics'],
  [';;q=,,,;q=q', 'text'],
])('of %j the format is %s', (accept, format) => {
  expect(chooseFormat(accept)).toBe(format)
})

test('a long text comes in pieces, whole when put together', () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `a{b="${at}"} 1\n`)
  const family = { name: 'a', type: 'unknown', help: 'A.', samples: () => lines } as const
  const pieces = [...exposition([family], 'text')]
  expect(pieces.length).toBeGreaterThan(3)
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(70_000)
  expect(pieces.join('')).toBe(`# HELP a A.\n# TYPE a untyped\n${lines.join('')}`)
  expect([...exposition([family], 'openmetrics')].join('')).toContain('# TYPE a unknown\n')
})
