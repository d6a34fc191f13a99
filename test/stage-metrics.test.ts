import { expect, test } from 'vitest'
import { createLineWriter, silentLog } from '../src/base/index.ts'
import { loadConfig } from '../src/config.ts'
import { replay } from '../src/replay.ts'
import { GROUPS, metricName, STAGES } from '../src/telemetry/index.ts'

const CONFIG = `
services:
  event_stores: [{ type: stdout }, { type: otel, id: remote, endpoint: "127.0.0.1:9" }]
  object_stores: [{ type: stdout }, { type: otel, id: remote, endpoint: "127.0.0.1:9" }]
stacks:
  all:
    plugins: [{ type: http_capture }, { type: access_logs }, { type: report_usage }, { type: http_metrics }]
tap: { http: { stack: all } }
`

test('everything that a stage counts is declared, so that its metric has a type and a sentence', async () => {
  const loaded = loadConfig(CONFIG, 'all.yaml', {})
  if (loaded.kind !== 'loaded') throw new Error('the configuration is refused')
  const stats = await replay('test/traces/keep-alive-tls/trace.jsonl', {
    config: loaded.config,
    deploymentTags: [],
    bodyBytesMax: 1 << 20,
    version: '1.2.3',
    standardOutput: createLineWriter((bytes, done) => setImmediate(done, null, bytes.length), {
      log: silentLog,
    }),
    terminal: { colour: false, columns: 80 },
    log: silentLog,
  })
  const counts = Object.entries(stats).flatMap(([stage, counted]) => namesOf(stage, counted))
  expect(counts.length).toBeGreaterThan(50)
  expect([...new Set(counts.filter((count) => !isDeclared(count)))]).toEqual([])
})

test('no two counters have one metric', () => {
  const names = Object.entries(STAGES).flatMap(([stage, { counts }]) => [
    ...Object.keys(GROUPS[stage] ?? {}).map((name) => metricName(stage, name, 'counter')),
    ...Object.entries(counts).map(([name, [kind]]) => metricName(stage, name, kind)),
  ])
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  for (const name of names) expect(name).toMatch(/^qtap_[a-z0-9]+(_[a-z0-9]+)*$/)
})

function namesOf(stage: string, counted: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(counted).flatMap(([name, count]) =>
    STAGES[stage]?.by !== undefined && typeof count === 'object' && count !== null
      ? Object.keys(count).map((inner) => `${stage}.${inner}`)
      : [`${stage}.${name}`],
  )
}

function isDeclared(count: string): boolean {
  const [stage = '', name = ''] = count.split('.')
  const isGrouped = Object.values(GROUPS[stage] ?? {}).some(({ counts }) => counts.includes(name))
  return isGrouped || STAGES[stage]?.counts[name] !== undefined
}
