import type { Family } from './family.ts'
import type { StageCounts } from './stage-families.ts'

/** What all stores of a type have counted together, under the names that are documented for users. */
export const STORE_SUMS = [
  {
    name: 'qtap_otel_records_submitted_total',
    help: 'Events given to the event stores of type `otel`.',
    stores: /^events\/otel(?:[/#]|$)/,
    count: 'events',
  },
  {
    name: 'qtap_otel_objectstore_otel_artifacts_total',
    help: 'Objects given to the object stores of type `otel`.',
    stores: /^objects\/otel(?:[/#]|$)/,
    count: 'objects',
  },
] as const

export function storeFamilies({ store: stores = {} }: StageCounts): readonly Family[] {
  return STORE_SUMS.flatMap(({ name, help, stores: isMeant, count }) => {
    const counts = Object.entries(stores).flatMap(([store, counted]) =>
      isMeant.test(store) && typeof counted === 'object' ? (counted[count] ?? 0) : [],
    )
    if (counts.length === 0) return []
    const sum = counts.reduce((total, one) => total + one, 0)
    return [{ name, help, type: 'counter', samples: () => [`${name} ${sum}\n`] }]
  })
}
