/**
 * Writes `docs/reference/metrics.md` from the declarations of the metrics. With `--check` it only compares,
 * and exits with 1 when they differ.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Meter } from '../src/base/index.ts'
import { declareHttpMetrics } from '../src/plugins/index.ts'
import {
  declareConnectionMetrics,
  declareContainerMetrics,
  GROUPS,
  METRIC_LIMITS,
  metricName,
  STAGES,
  STORE_SUMS,
} from '../src/telemetry/index.ts'

const TARGET = new URL('../docs/reference/metrics.md', import.meta.url).pathname

interface Listed {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

/** The whole page. */
export function metricsPage(): string {
  return `${[
    '# Metrics',
    '<!-- Generated from the declarations by scripts/generate-metrics.ts. Do not edit. -->',
    'The agent tells its metrics to Prometheus at two addresses of its status server, in the text format, \
or in OpenMetrics where that is asked for.\n[The guide](../guides/metrics.md) tells how to read them.',
    `One metric has at most ${METRIC_LIMITS.seriesMax} series; what comes beyond is counted under labels \
that are all \`other\`, and \`qtap_telemetry_series_refused_total\` tells how often.\nA label of more than \
256 characters is cut.`,
    '## `/metrics`',
    section(
      'Exchanges',
      'Only where the stack of an exchange has the plugin `http_metrics`.',
      declareHttpMetrics,
    ),
    section(
      'Connections',
      'Of accepted connections `remote_port` is `0`: the port of the client is picked at random.',
      declareConnectionMetrics,
    ),
    section(
      'Containers',
      'As their runtimes tell of them; what they do not tell is `unknown`.',
      declareContainerMetrics,
    ),
    `### Stores\n\n${tableOf(STORE_SUMS.map(({ name, help }) => row(name, 'counter', [], help)))}`,
    '## `/system/metrics`',
    'What the agent counts of itself; with `process_*` and `nodejs_*`, the metrics that every program of \
Node.js has by the package `prom-client`.\nNames end in `_total` where the number only grows.',
    ...Object.entries(STAGES).map(([stage, declared]) => stageSection(stage, declared)),
  ].join('\n\n')}\n`
}

function section(title: string, about: string, declare: (meter: Meter) => unknown): string {
  const listed: Listed[] = []
  declare(listingMeter(listed))
  const rows = listed.map(({ name, type, labels, help }) => row(name, type, labels, help))
  return [`### ${title}`, about, tableOf(rows), ...bucketLines(listed)].join('\n\n')
}

function row(name: string, type: string, labels: readonly string[], help: string): string {
  return `| ${code(name)} | ${type} | ${labels.map(code).join(', ')} | ${help} |`
}

function tableOf(rows: readonly string[]): string {
  return ['| metric | type | labels | what it is |', '|---|---|---|---|', ...rows].join('\n')
}

/** Histograms that share their buckets are named together. */
function bucketLines(listed: readonly Listed[]): string[] {
  const byBuckets = Map.groupBy(
    listed.filter(({ buckets }) => buckets !== undefined),
    ({ buckets }) => (buckets ?? []).join(', '),
  )
  return Array.from(
    byBuckets,
    ([buckets, sharing]) => `Buckets of ${sharing.map(({ name }) => code(name)).join(', ')}: ${buckets}.`,
  )
}

function listingMeter(listed: Listed[]): Meter {
  const nothing = { add() {}, set() {}, observe() {} }
  const list = (type: string) => (declared: Omit<Listed, 'type'>) => {
    listed.push({ ...declared, type })
    return nothing
  }
  return { counter: list('counter'), gauge: list('gauge'), histogram: list('histogram') }
}

function stageSection(stage: string, { by, counts }: (typeof STAGES)[string]): string {
  const groups = Object.entries(GROUPS[stage] ?? {}).map(([name, { label, help }]) =>
    row(metricName(stage, name, 'counter'), 'counter', [label], help),
  )
  const rows = Object.entries(counts)
    .filter(([name]) => !isGrouped(stage, name))
    .map(([name, [kind, help, label = by]]) =>
      row(metricName(stage, name, kind), kind, label === undefined ? [] : [label], help),
    )
  return `### Stage ${code(stage)}\n\n${tableOf([...groups, ...rows])}`
}

function isGrouped(stage: string, count: string): boolean {
  return Object.values(GROUPS[stage] ?? {}).some(({ counts }) => counts.includes(count))
}

function code(word: string): string {
  return `\`${word}\``
}

function main(): void {
  const page = metricsPage()
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(TARGET), { recursive: true })
    writeFileSync(TARGET, page)
  } else if (readPage() !== page) {
    process.stderr.write('docs/reference/metrics.md is outdated: run npm run generate\n')
    process.exitCode = 1
  }
}

function readPage(): string | undefined {
  try {
    return readFileSync(TARGET, 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) main()
