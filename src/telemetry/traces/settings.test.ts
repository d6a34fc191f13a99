import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTraceSettings } from './settings.ts'

const AGENT = { version: '1.2.3', hostname: 'node-7' }
const RESOURCE = [
  ['service.name', 'tap'],
  ['service.namespace', 'qpoint'],
  ['service.version', '1.2.3'],
  ['service.instance.id', 'node-7'],
]

test('tracing is off unless an exporter is named', () => {
  const off = [{}, { OTEL_TRACES_EXPORTER: '' }, { OTEL_TRACES_EXPORTER: 'none' }]
  const others = [
    { OTEL_TRACES_EXPORTER: 'otlp,none' },
    { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'TRUE' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317' },
  ]
  for (const environment of [...off, ...others])
    expect(readTraceSettings(environment, AGENT)).toEqual({ exporters: [], resource: [], warnings: [] })
})

test.for([
  ['otlp', ['otlp']],
  [' OTLP ', ['otlp']],
  ['console', ['console']],
  ['stdout', ['console']],
  ['otlp,console,otlp', ['otlp', 'console']],
] as const)('OTEL_TRACES_EXPORTER=%s', ([word, exporters]) => {
  const read = readTraceSettings({ OTEL_TRACES_EXPORTER: word, OTEL_SDK_DISABLED: 'false' }, AGENT)
  expect(read).toEqual({ exporters, resource: RESOURCE, warnings: [] })
})

test('an exporter that is not known is named in one line, and nothing is traced', () => {
  const { exporters, warnings } = readTraceSettings({ OTEL_TRACES_EXPORTER: 'otlp,zipkin' }, AGENT)
  expect(exporters).toEqual([])
  expect(warnings).toEqual([expect.stringMatching(/^OTEL_TRACES_EXPORTER names "zipkin"/)])
})

test('a word that is neither true nor false does not switch it off', () => {
  const read = readTraceSettings({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'yes' }, AGENT)
  expect(read.exporters).toEqual(['otlp'])
  expect(read.warnings).toEqual([expect.stringMatching(/^OTEL_SDK_DISABLED is "yes"/)])
})

test('the resource says what the operator says', () => {
  const { resource, warnings } = readTraceSettings(
    {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=other, deployment.environment.name=pro%64,team=a%2Cb%3Dc,service.version=,',
      OTEL_SERVICE_NAME: 'mine',
    },
    AGENT,
  )
  expect(warnings).toEqual([])
  expect(resource).toEqual([
    ['service.name', 'mine'],
    ['service.namespace', 'qpoint'],
    ['service.instance.id', 'node-7'],
    ['deployment.environment.name', 'prod'],
    ['team', 'a,b=c'],
  ])
})

test.for(['team', '=x', 'a=b,c', 'a=%', 'a=%FF', '%20%=1'])(
  'OTEL_RESOURCE_ATTRIBUTES=%s is left out as a whole',
  (text) => {
    const environment = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_RESOURCE_ATTRIBUTES: text }
    const { exporters, resource, warnings } = readTraceSettings(environment, AGENT)
    expect({ exporters, resource }).toEqual({ exporters: ['otlp'], resource: RESOURCE })
    expect(warnings).toEqual([expect.stringMatching(/^OTEL_RESOURCE_ATTRIBUTES is not/)])
  },
)

test('no value throws, and percent-encoded attributes come back', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (exporter, disabled, attributes) => {
      readTraceSettings(
        {
          OTEL_TRACES_EXPORTER: exporter,
          OTEL_SDK_DISABLED: disabled,
          OTEL_RESOURCE_ATTRIBUTES: attributes,
        },
        AGENT,
      )
    }),
  )
  const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.isWellFormed())
  fc.assert(
    fc.property(word, word, (key, value) => {
      const { resource } = readTraceSettings(
        {
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_RESOURCE_ATTRIBUTES: `x.${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
        },
        AGENT,
      )
      expect(resource.at(-1)).toEqual([`x.${key}`, value])
    }),
  )
})
