import type { Meter } from '../base/index.ts'
import type { Family } from './family.ts'
import { type MeterLimits, openMeter } from './meter.ts'
import { openRuntimeFamilies } from './runtime-families.ts'
import { type StageCounts, stageFamilies } from './stage-families.ts'
import { storeFamilies } from './store-families.ts'

/** So many series a metric: with 20 buckets each some 4 MB of text, and 30 ms to write them. */
export const METRIC_LIMITS: MeterLimits = { seriesMax: 2_000 }

export interface Metrics {
  /** What users measure: read at `/metrics`. */
  readonly meter: Meter
  /** Names who tells what the stages have counted; asked only when somebody reads. */
  readStages(read: () => StageCounts): void
  product(): readonly Family[]
  /** What the agent says of itself: read at `/system/metrics`. */
  system(): Promise<readonly Family[]>
}

/** Two sets of metrics. Until somebody reads them, the second costs nothing at all. */
export function openMetrics(limits: MeterLimits = METRIC_LIMITS): Metrics {
  const meter = openMeter(limits)
  let stages: () => StageCounts = () => ({})
  let runtime: ReturnType<typeof openRuntimeFamilies> | undefined
  return { meter, readStages, product, system }

  function readStages(read: () => StageCounts): void {
    stages = read
  }

  function product(): readonly Family[] {
    return [...meter.families(), ...storeFamilies(stages())]
  }

  async function system(): Promise<readonly Family[]> {
    runtime ??= openRuntimeFamilies()
    const readRuntime = await runtime
    const { telemetry, ...others } = stages()
    const own = { ...telemetry, ...meter.stats, seriesMax: limits.seriesMax }
    return [...stageFamilies({ ...others, telemetry: own }), ...(await readRuntime())]
  }
}
