import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exposition } from './exposition.ts'
import { openMeter } from './meter.ts'

function textOf(meter: ReturnType<typeof openMeter>): string {
  return [...exposition(meter.families(), 'text')].join('')
}

const SMALL = { seriesMax: 3 }

test('counters, gauges and histograms are written as the text format has it', () => {
  const meter = openMeter(SMALL)
  const requests = meter.counter({ name: 'requests_total', help: 'Said \\ so.\nTwice.', labels: ['method'] })
  const open = meter.gauge({ name: 'open', help: 'Open.', labels: [] })
  const ms = meter.histogram({ name: 'ms', help: 'Time.', labels: ['host'], buckets: [0.5, 10] })
  requests.add(1, ['GET'])
  requests.add(2, ['GET'])
  open.add(2, [])
  open.add(-1, [])
  for (const value of [0, 0.5, 0.6, 10, 11]) ms.observe(value, ['a"\\b'])
  expect(textOf(meter)).toBe(
    [
      '# HELP requests_total Said \\\\ so.\\nTwice.',
      '# TYPE requests_total counter',
      'requests_total{method="GET"} 3',
      '# HELP open Open.',
      '# TYPE open gauge',
      'open 1',
      '# HELP ms Time.',
      '# TYPE ms histogram',
      'ms_bucket{host="a\\"\\\\b",le="0.5"} 2',
      'ms_bucket{host="a\\"\\\\b",le="10"} 4',
      'ms_bucket{host="a\\"\\\\b",le="+Inf"} 5',
      'ms_sum{host="a\\"\\\\b"} 22.1',
      'ms_count{host="a\\"\\\\b"} 5',
      '',
    ].join('\n'),
  )
})

test('in OpenMetrics a counter is called without its ending, and the end is said', () => {
  const meter = openMeter(SMALL)
  meter.counter({ name: 'requests_total', help: 'Say "hi".', labels: [] })
  meter.gauge({ name: 'open_total', help: 'Open.', labels: [] })
  expect([...exposition(meter.families(), 'openmetrics')].join('')).toBe(
    '# HELP requests Say \\"hi\\".\n# TYPE requests counter\nrequests_total 0\n' +
      '# HELP open_total Open.\n# TYPE open_total gauge\nopen_total 0\n# EOF\n',
  )
})

test('what has no labels is there from the start, and series with labels once they are counted', () => {
  const meter = openMeter(SMALL)
  meter.histogram({ name: 'ms', help: 'Time.', labels: [], buckets: [1] })
  meter.counter({ name: 'requests_total', help: 'Requests.', labels: ['method'] })
  expect(textOf(meter)).toContain('ms_bucket{le="1"} 0\nms_bucket{le="+Inf"} 0\nms_sum 0\nms_count 0\n')
  expect(textOf(meter)).not.toContain('\nrequests_total')
})

test('instruments of the same labels have the series that they were given, and no others', () => {
  const meter = openMeter(SMALL)
  const one = meter.counter({ name: 'one_total', help: 'One.', labels: ['a'] })
  const two = meter.counter({ name: 'two_total', help: 'Two.', labels: ['a'] })
  one.add(1, ['x'])
  two.add(1, ['y'])
  expect(textOf(meter)).toContain('one_total{a="x"} 1\n# HELP two')
  expect(textOf(meter)).toContain('two_total{a="y"} 1\n')
})

test('labels beyond the limit count together, the refusals are counted, and what was known goes on', () => {
  const meter = openMeter(SMALL)
  const requests = meter.counter({ name: 'requests_total', help: 'Requests.', labels: ['host', 'path'] })
  for (const host of ['a', 'b', 'c', 'd', 'e', 'd', 'a']) requests.add(1, [host, '/'])
  expect(textOf(meter).split('\n').slice(2)).toEqual([
    'requests_total{host="a",path="/"} 2',
    'requests_total{host="b",path="/"} 1',
    'requests_total{host="c",path="/"} 1',
    'requests_total{host="other",path="other"} 3',
    '',
  ])
  expect(meter.stats.seriesRefused).toBe(3)
})

test('a gauge that is added to beyond the limit is taken off at the same place', () => {
  const meter = openMeter({ seriesMax: 1 })
  const open = meter.gauge({ name: 'open', help: 'Open.', labels: ['host'] })
  for (const host of ['a', 'b', 'c']) open.add(1, [host])
  for (const host of ['a', 'b', 'c']) open.add(-1, [host])
  expect(textOf(meter).split('\n').slice(2)).toEqual(['open{host="a"} 0', 'open{host="other"} 0', ''])
})

test('what is no number is not counted, and a counter does not go down', () => {
  const meter = openMeter(SMALL)
  const total = meter.counter({ name: 'a_total', help: 'A.', labels: [] })
  const ms = meter.histogram({ name: 'ms', help: 'Time.', labels: [], buckets: [1] })
  for (const value of [-1, Number.NaN]) total.add(value, [])
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) ms.observe(value, [])
  expect(textOf(meter)).toContain('a_total 0\n')
  expect(textOf(meter)).toContain('ms_count 0\n')
})

test('declared again it is the same, and declared otherwise it is a bug', () => {
  const meter = openMeter(SMALL)
  const declared = { name: 'a_total', help: 'A.', labels: ['x'] }
  expect(meter.counter({ ...declared })).toBe(meter.counter(declared))
  expect(() => meter.gauge(declared)).toThrow('bug: ')
  expect(() => meter.counter({ ...declared, labels: ['y'] })).toThrow('bug: ')
  expect(() => meter.counter({ ...declared, name: 'A-total' })).toThrow('bug: ')
  meter.histogram({ name: 'ms', help: 'Time.', labels: [], buckets: [1, 2] })
  expect(() => meter.histogram({ name: 'ms', help: 'Time.', labels: [], buckets: [1] })).toThrow('bug: ')
})

/** A reader of the text format that knows nothing of how it was written. */
function readSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/u.exec(line) ?? []
    expect(name, line).not.toBe('')
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gu)]
    expect(pairs.map(([whole]) => whole).join(''), line).toBe(labels)
    const values = pairs.map(([, , given = '']) => given.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c)))
    expect(samples.has(`${name} ${values.join('\u0001')}`), line).toBe(false)
    samples.set(`${name} ${values.join('\u0001')}`, Number(value))
  }
  return samples
}

test('whatever stands in labels, the text can be read again, and everything that was counted is in it', () => {
  const label = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a', 'b', '"', '\\', '\n'),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(label, label), { maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      (given, max) => {
        const meter = openMeter({ seriesMax: max })
        const total = meter.counter({ name: 'a_total', help: 'A.', labels: ['x', 'y'] })
        for (const labels of given) total.add(1, labels)
        const samples = readSamples(textOf(meter))
        expect([...samples.values()].reduce((sum, value) => sum + value, 0)).toBe(given.length)
        expect(samples.size).toBeLessThanOrEqual(max + 1)
        const isOver = new Set(given.map((labels) => JSON.stringify(labels))).size > max
        if (!isOver) expect(meter.stats.seriesRefused).toBe(0)
      },
    ),
  )
})

test('a label is cut, and what no reader can show is replaced', () => {
  const meter = openMeter(SMALL)
  const total = meter.counter({ name: 'a_total', help: 'A.', labels: ['x'] })
  total.add(1, ['h'.repeat(10_000)])
  total.add(1, ['h'.repeat(20_000)])
  total.add(1, ['a\u0000b\ud800'])
  const [, , first = '', second] = textOf(meter).split('\n')
  expect(first).toBe(`a_total{x="${'h'.repeat(256)}"} 2`)
  expect(second).toBe('a_total{x="a\uFFFDb\uFFFD"} 1')
})
