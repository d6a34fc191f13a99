import type { CounterMeter, GaugeMeter, HistogramMeter, LabelValues } from '../base/index.ts'
import type { Family } from './family.ts'
import type { LabelTable } from './label-table.ts'

/** Numbers that may not be there, by index. */
class Cells {
  #cells = new Float64Array(16).fill(Number.NaN)

  at(index: number): number {
    return this.#cells[index] ?? Number.NaN
  }

  set(index: number, value: number): void {
    if (index >= this.#cells.length) this.#grow(index)
    this.#cells[index] = value
  }

  add(index: number, amount: number): void {
    const before = this.at(index)
    this.set(index, Number.isNaN(before) ? amount : before + amount)
  }

  #grow(index: number): void {
    const larger = new Float64Array(Math.max(index + 1, this.#cells.length * 2)).fill(Number.NaN)
    larger.set(this.#cells)
    this.#cells = larger
  }
}

/** What an instrument is, whichever its kind. */
export interface Identity {
  readonly name: string
  readonly help: string
  readonly table: LabelTable
}

/** A counter or a gauge: one number a series. */
export class NumberInstrument implements Family, CounterMeter, GaugeMeter {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly table: LabelTable
  readonly #cells = new Cells()

  constructor(type: 'counter' | 'gauge', { name, help, table }: Identity) {
    this.type = type
    this.name = name
    this.help = help
    this.table = table
    // Without labels there is one series, and it says 0 until something happens.
    if (table.names.length === 0) this.add(0, [])
  }

  add(amount: number, labels: LabelValues): void {
    // A counter never goes down, and what is no number would stay for ever.
    if (this.type === 'counter' ? amount >= 0 : Number.isFinite(amount))
      this.#cells.add(this.table.indexOf(labels), amount)
  }

  set(value: number, labels: LabelValues): void {
    this.#cells.set(this.table.indexOf(labels), value)
  }

  *samples(): Generator<string> {
    for (let index = 0; index < this.table.size; index += 1) {
      const value = this.#cells.at(index)
      if (!Number.isNaN(value)) yield `${this.name}${braced(this.table.textOf(index))} ${value}\n`
    }
  }
}

/** Counts by upper bound; what is above the last counts as well. */
export class HistogramInstrument implements Family, HistogramMeter {
  readonly type = 'histogram'
  readonly name: string
  readonly help: string
  readonly table: LabelTable
  readonly bounds: readonly number[]
  /** Of each series: how many in each bucket, then how many above, then their sum. */
  readonly #cells = new Cells()
  readonly #stride: number

  constructor({ name, help, table }: Identity, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.table = table
    this.bounds = bounds
    this.#stride = bounds.length + 2
    if (table.names.length === 0) this.#cells.add((table.indexOf([]) + 1) * this.#stride - 1, 0)
  }

  observe(value: number, labels: LabelValues): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return
    const start = this.table.indexOf(labels) * this.#stride
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1
    this.#cells.add(start + bucket, 1)
    this.#cells.add(start + this.#stride - 1, value)
  }

  *samples(): Generator<string> {
    const { name, bounds } = this
    const ends = [...bounds.map(String), '+Inf']
    for (let index = 0; index < this.table.size; index += 1) {
      const start = index * this.#stride
      const sum = this.#cells.at(start + this.#stride - 1)
      if (Number.isNaN(sum)) continue
      const labels = this.table.textOf(index)
      const before = `${name}_bucket{${labels}${labels === '' ? '' : ','}le="`
      let count = 0
      let text = ''
      for (let bucket = 0; bucket < ends.length; bucket += 1) {
        const added = this.#cells.at(start + bucket)
        if (!Number.isNaN(added)) count += added
        text += `${before}${ends[bucket]}"} ${count}\n`
      }
      const braces = braced(labels)
      yield `${text}${name}_sum${braces} ${sum}\n${name}_count${braces} ${count}\n`
    }
  }
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}
