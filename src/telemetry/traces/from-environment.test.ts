import { expect, test } from 'vitest'
import { type Clock, createLineWriter, type Environment, silentLog } from '../../base/index.ts'
import { tracesFromEnvironment } from './from-environment.ts'

const CLOCK: Clock = { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() }

async function opened(environment: Environment) {
  const warnings: unknown[][] = []
  const log = { ...silentLog, warn: (...words: unknown[]) => void warnings.push(words) }
  const chunks: Uint8Array[] = []
  const standardOutput = createLineWriter(
    (batches, done) => {
      const bytes = Buffer.concat(batches)
      chunks.push(bytes)
      setImmediate(done, null, bytes.length)
    },
    { log: silentLog },
  )
  const agent = { version: '1.2.3', hostname: 'node-7' }
  const traces = await tracesFromEnvironment({ ...agent, environment, standardOutput, clock: CLOCK, log })
  return { traces, warnings, standardOutput, text: () => Buffer.concat(chunks).toString() }
}

test('nothing is traced, and nothing said, where nobody asks for it', async () => {
  // What cannot be used does not matter then.
  const { traces, warnings } = await opened({ OTEL_EXPORTER_OTLP_PROTOCOL: 'pigeon' })
  expect({ traces, warnings }).toEqual({ traces: undefined, warnings: [] })
})

test.for([
  [{ OTEL_TRACES_EXPORTER: 'jaeger' }, /jaeger/],
  [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'pigeon' }, /PROTOCOL/],
  [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://somewhere' }, /endpoint/],
  [
    {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://localhost:4317',
      OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: '/nowhere/authority.pem',
    },
    /authority/,
  ],
] as const)('%j is named in one line, and nothing is traced', async ([environment, named]) => {
  const { traces, warnings } = await opened(environment)
  expect(traces).toBeUndefined()
  expect(warnings).toHaveLength(1)
  expect(
    warnings
      .flat()
      .map((word) => JSON.stringify(word))
      .join(' '),
  ).toMatch(named)
})

test('console needs no place to go to, and prints a line a span', async () => {
  const { traces, warnings, standardOutput, text } = await opened({
    OTEL_TRACES_EXPORTER: 'console',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'pigeon',
  })
  expect(warnings).toEqual([])
  const batch = { store: 'a', count: 1, startedAtMs: 1, tookMs: 1 }
  traces?.batch({ ...batch, outcome: { kind: 'delivered' } })
  traces?.batch({ ...batch, outcome: { kind: 'again', why: 'busy' } })
  await traces?.close(5_000)
  await standardOutput.close(1000)
  const lines = text().trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans[0].name)).toEqual([
    'Save',
    'Save',
  ])
})
