import { type HistogramMeter, invariant, type Meter } from '../base/index.ts'
import type { Family } from './family.ts'
import { HistogramInstrument, type Identity, NumberInstrument } from './instruments.ts'
import { LabelTable } from './label-table.ts'

export interface MeterLimits {
  /** Series of one instrument; further label sets count together, with all labels `other`. */
  readonly seriesMax: number
}

/** A meter whose instruments can be read. */
export interface ReadableMeter extends Meter {
  families(): readonly Family[]
  readonly stats: Readonly<{ seriesRefused: number }>
}

type Instrument = NumberInstrument | HistogramInstrument

type Declaration = Parameters<Meter['counter']>[0]

/**
 * Instruments that cost some ten nanoseconds to count in, and are written out only when they are read.
 * Declaring throws for names that the text formats do not have: it is the agent's own code that names.
 */
export function openMeter({ seriesMax }: MeterLimits): ReadableMeter {
  const stats = { seriesRefused: 0 }
  const instruments = new Map<string, Instrument>()
  const tables = new Map<string, LabelTable>()
  return { counter, gauge, histogram, families: () => [...instruments.values()], stats }

  function counter(declared: Declaration): NumberInstrument {
    return number('counter', declared)
  }

  function gauge(declared: Declaration): NumberInstrument {
    return number('gauge', declared)
  }

  function number(type: 'counter' | 'gauge', declared: Declaration): NumberInstrument {
    const known = knownAs(declared)
    if (known === undefined) return added(new NumberInstrument(type, identityOf(declared)))
    invariant(known.type === type, 'an instrument that is declared again is of the same kind')
    return known
  }

  function histogram(declared: Declaration & { readonly buckets: readonly number[] }): HistogramMeter {
    const known = knownAs(declared)
    const bounds = declared.buckets
    if (known === undefined) return added(new HistogramInstrument(identityOf(declared), bounds))
    invariant(
      known.type === 'histogram' && known.bounds.join() === bounds.join(),
      'a histogram that is declared again has the same buckets',
    )
    return known
  }

  function knownAs({ name, labels }: Declaration): Instrument | undefined {
    const known = instruments.get(name)
    invariant(
      known === undefined || known.table.names.join() === labels.join(),
      'an instrument that is declared again has the same labels',
    )
    return known
  }

  function identityOf({ name, help, labels }: Declaration): Identity {
    const isNamed = [name, ...labels].every((text) => /^[a-z][a-z0-9_]*$/.test(text)) && help !== ''
    invariant(isNamed, 'an instrument has a help text, a name and labels in lower case')
    return { name, help, table: tableFor(labels) }
  }

  function tableFor(names: readonly string[]): LabelTable {
    const known = tables.get(names.join())
    if (known !== undefined) return known
    const table = new LabelTable(names, seriesMax, () => {
      stats.seriesRefused += 1
    })
    tables.set(names.join(), table)
    return table
  }

  function added<Added extends Instrument>(instrument: Added): Added {
    instruments.set(instrument.name, instrument)
    return instrument
  }
}
