import type { Family } from './family.ts'
import { escapeValue } from './label-table.ts'

const TYPES = ['counter', 'gauge', 'histogram', 'summary'] as const

/** A metric as prom-client tells of it. */
interface Told {
  readonly name: string
  readonly help: string
  /** A word, whatever its declaration says. */
  readonly type: unknown
  readonly values: readonly {
    readonly value: number
    readonly labels: Readonly<Record<string, string | number | undefined>>
    readonly metricName?: string
  }[]
}

/**
 * What prom-client knows of this process and of Node.js: processor time, memory, files, the event loop,
 * garbage collection. Begins to measure when it is opened. Its counters are read here, and written out as
 * all others are.
 */
export async function openRuntimeFamilies(): Promise<() => Promise<readonly Family[]>> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const register = new Registry()
  collectDefaultMetrics({ register })
  return async () => (await register.getMetricsAsJSON()).map(familyOf)
}

function familyOf({ name, help, type, values }: Told): Family {
  return { name, help, type: TYPES.find((known) => known === type) ?? 'unknown', samples }

  function* samples(): Generator<string> {
    for (const { metricName = name, labels, value } of values) {
      const text = Object.entries(labels).map(([label, given]) => `${label}="${escapeValue(String(given))}"`)
      yield `${metricName}${text.length === 0 ? '' : `{${text.join()}}`} ${value}\n`
    }
  }
}
