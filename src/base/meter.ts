/**
 * Labels of one series, in the order in which the instrument was declared. Once given, an array is not
 * changed: who gives the same one to several instruments is looked up once.
 */
export type LabelValues = readonly string[]

export interface CounterMeter {
  add(amount: number, labels: LabelValues): void
}

export interface GaugeMeter {
  set(value: number, labels: LabelValues): void
  add(amount: number, labels: LabelValues): void
}

export interface HistogramMeter {
  observe(value: number, labels: LabelValues): void
}

interface Declared {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

/**
 * Where stages and plugins put what users measure. Declaring the same instrument again gives the same one.
 * Past a limit of series further labels are counted together, and that is counted.
 */
export interface Meter {
  counter(declared: Declared): CounterMeter
  gauge(declared: Declared): GaugeMeter
  histogram(declared: Declared & { readonly buckets: readonly number[] }): HistogramMeter
}

const NOTHING = { add() {}, set() {}, observe() {} }

/** For where nobody asks for metrics. */
export const SILENT_METER: Meter = { counter: () => NOTHING, gauge: () => NOTHING, histogram: () => NOTHING }
