import type { LabelValues, Meter } from '../../src/base/index.ts'

/** What was counted in one instrument: `GET|example.com` → the numbers, in order. */
type Counted = Record<string, number[]>

/** A meter that keeps every number it is given, by the instrument's name and the labels' values. */
export function recordingMeter() {
  const counted: Record<string, Counted> = {}
  const labelNames: Record<string, readonly string[]> = {}
  const meter: Meter = { counter: instrument, gauge: instrument, histogram: instrument }
  return { meter, counted, labelNames, sums }

  function instrument({ name, labels }: { readonly name: string; readonly labels: readonly string[] }) {
    labelNames[name] = labels
    const keep = (value: number, given: LabelValues) => {
      counted[name] ??= {}
      const series = counted[name]
      const labels = given.join('|')
      series[labels] = [...(series[labels] ?? []), value]
    }
    return { add: keep, set: keep, observe: keep }
  }

  /** Of one instrument: what each series adds up to. */
  function sums(name: string): Record<string, number> {
    return Object.fromEntries(
      Object.entries(counted[name] ?? {}).map(([labels, numbers]) => [
        labels,
        numbers.reduce((sum, number) => sum + number, 0),
      ]),
    )
  }
}
