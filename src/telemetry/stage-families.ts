import type { Family } from './family.ts'
import { escapeValue } from './label-table.ts'
import { GROUPS, type Kind, RENAMED, STAGES } from './stages.ts'

type Counts = Readonly<Record<string, number>>

/** What the stages count: numbers by name, or numbers by name of each plugin, store or reason. */
export type StageCounts = Readonly<Record<string, Readonly<Record<string, number | Counts>>>>

interface Sample {
  readonly labels: string
  readonly value: number
}

/**
 * What the stages count, as `qtap_<stage>_<name>`. A counter without a declaration is told of too, as one of
 * which nobody knows the type.
 */
export function stageFamilies(stages: StageCounts): readonly Family[] {
  return Object.entries(stages).flatMap(([stage, counts]) => familiesOf(stage, counts))
}

function familiesOf(stage: string, counts: StageCounts[string]): Family[] {
  const by = STAGES[stage]?.by
  const plain = new Map<string, Sample[]>()
  for (const [name, count] of Object.entries(counts)) {
    if (typeof count === 'number') add(name, { labels: '', value: count })
    else
      for (const [inner, value] of Object.entries(count))
        if (by === undefined) add(name, { labels: labelled(labelOf(stage, name), inner), value })
        else add(inner, { labels: labelled(by, name), value })
  }
  const groups = Object.entries(GROUPS[stage] ?? {}).map(([name, { label, help, counts: members }]) => {
    const samples = members.flatMap((member) => {
      const known = plain.get(member) ?? []
      plain.delete(member)
      return known.map(({ value }) => ({ labels: labelled(label, member), value }))
    })
    return family(stage, name, 'counter', help, samples)
  })
  const singles = [...plain].map(([name, samples]) => {
    const [kind, help] = STAGES[stage]?.counts[name] ?? [undefined, `Counted by the stage ${stage}.`]
    return family(stage, name, kind, help, samples)
  })
  return [...groups, ...singles].filter((one) => one.samples.length > 0).map(asFamily)

  function add(name: string, sample: Sample): void {
    const samples = plain.get(name) ?? []
    samples.push(sample)
    plain.set(name, samples)
  }
}

function labelOf(stage: string, count: string): string {
  return STAGES[stage]?.counts[count]?.[2] ?? 'name'
}

function family(stage: string, count: string, kind: Kind | undefined, help: string, samples: Sample[]) {
  return { name: metricName(stage, count, kind), type: kind ?? ('unknown' as const), help, samples }
}

function asFamily({ samples, ...head }: ReturnType<typeof family>): Family {
  return { ...head, samples: () => samples.map(({ labels, value }) => `${head.name}${labels} ${value}\n`) }
}

/** `bytesLost` of `capture` is `qtap_capture_bytes_lost_total`; a stage's name is not said twice. */
export function metricName(stage: string, count: string, kind: Kind | undefined): string {
  const words = RENAMED[count] ?? snakeCase(count)
  const name = words === stage || words.startsWith(`${stage}_`) ? `qtap_${words}` : `qtap_${stage}_${words}`
  return kind === 'counter' ? `${name}_total` : name
}

function snakeCase(name: string): string {
  return name
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replace(/(?<=[a-z])(?=\d)/g, '_')
    .replace(/[^a-z0-9_]/g, '_')
}

function labelled(name: string, value: string): string {
  return `{${name}="${escapeValue(value)}"}`
}
