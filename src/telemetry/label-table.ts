import type { LabelValues } from '../base/index.ts'

/** Longest label value in UTF-16 units; the name of a host has at most 253 characters. */
const VALUE_CHARS_MAX = 256
/** What stands for all labels beyond the limit. */
export const OTHER = 'other'

interface Branch {
  readonly next: Map<string, Branch | number>
}

/**
 * Numbers the label sets of one list of label names, the first 0. Instruments with the same names share one
 * table, and who gives the same array to several of them in a row is looked up once.
 *
 * Series are never given up: what counts up must not begin again, and what is added when a connection opens
 * must be taken off the same series when it closes.
 */
export class LabelTable {
  readonly names: readonly string[]
  readonly #seriesMax: number
  readonly #onRefused: () => void
  readonly #root: Branch = { next: new Map() }
  /** The labels of each series, as they stand in an exposition. */
  readonly #texts: string[] = []
  #other = -1
  #lastLabels: LabelValues | undefined
  #lastIndex = 0

  constructor(names: readonly string[], seriesMax: number, onRefused: () => void) {
    this.names = names
    this.#seriesMax = seriesMax
    this.#onRefused = onRefused
  }

  get size(): number {
    return this.#texts.length
  }

  /** Such as `method="GET",host="example.com"`; empty without labels. */
  textOf(index: number): string {
    return this.#texts[index] ?? ''
  }

  indexOf(labels: LabelValues): number {
    if (labels === this.#lastLabels) return this.#lastIndex
    const index = this.#find(labels) ?? this.#findClean(labels)
    this.#lastLabels = labels
    this.#lastIndex = index
    return index
  }

  #find(labels: LabelValues): number | undefined {
    let at: Branch | number | undefined = this.#root
    for (let depth = 0; depth < this.names.length; depth += 1) {
      if (at === undefined || typeof at === 'number') return undefined
      at = at.next.get(labels[depth] ?? '')
    }
    if (typeof at === 'number') return at
    return this.names.length === 0 && this.#texts.length > 0 ? 0 : undefined
  }

  /** Of labels that are not known as they are. */
  #findClean(labels: LabelValues): number {
    if (labels.some(isUnclean)) {
      const known = this.#find(this.#cleaned(labels))
      if (known !== undefined) return known
    }
    if (this.#texts.length - (this.#other === -1 ? 0 : 1) < this.#seriesMax)
      return this.#add(this.#cleaned(labels))
    this.#onRefused()
    if (this.#other === -1) this.#other = this.#append(this.names.map(() => OTHER))
    return this.#other
  }

  #cleaned(labels: LabelValues): LabelValues {
    return this.names.map((_, depth) => cleanValue(labels[depth] ?? ''))
  }

  #add(clean: LabelValues): number {
    const index = this.#append(clean)
    let at = this.#root
    for (let depth = 0; depth < clean.length; depth += 1) {
      const value = clean[depth] ?? ''
      if (depth === clean.length - 1) {
        at.next.set(value, index)
        break
      }
      const next = at.next.get(value)
      const branch: Branch = typeof next === 'object' ? next : { next: new Map() }
      at.next.set(value, branch)
      at = branch
    }
    return index
  }

  #append(clean: LabelValues): number {
    this.#texts.push(this.names.map((name, depth) => `${name}="${escapeValue(clean[depth] ?? '')}"`).join())
    return this.#texts.length - 1
  }
}

/** Cut, without control characters, and a string of its own: one cut out of a head keeps the head alive. */
function cleanValue(value: string): string {
  const cut = value.slice(0, VALUE_CHARS_MAX).toWellFormed()
  return Buffer.from(cut.replace(CONTROL, '\uFFFD'), 'utf8').toString('utf8')
}

function isUnclean(value: string): boolean {
  return value.length > VALUE_CHARS_MAX || value.search(CONTROL) !== -1 || !value.isWellFormed()
}

const CONTROL = /\p{Cc}/gu

/** As both text formats write it; control characters are gone before. */
export function escapeValue(value: string): string {
  return value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
}
