import { describePath, type Path } from './finding.ts'

/** A documented part of the configuration that this version reads over. */
export interface NotBuilt {
  /** Dotted path; `*` stands for any key and `[]` for any index: `stacks.*.plugins[].config.rules`. */
  readonly path: string
  /**
   * Only parts of these names: the `type` of a mapping, or the text itself. Without it, every part at the
   * path.
   */
  readonly named?: readonly string[]
}

/** A tree without the parts that are not built. */
export interface LeftOut {
  readonly value: unknown
  /**
   * Each part that was left out: its path, and in brackets its name, such as `tap.filters.groups[1] (gke)`.
   */
  readonly ignored: readonly { readonly path: Path; readonly description: string }[]
  /** Where the part at `path` of `value` stood before items in front of it were left out. */
  originalPath(path: Path): Path
}

interface Pattern {
  readonly steps: readonly string[]
  readonly named: readonly string[] | undefined
}

/** Copies the tree as far as patterns reach into it. Empty parts vanish without being named. */
export function leaveOut(value: unknown, notBuilt: readonly NotBuilt[]): LeftOut {
  const ignored: { path: Path; description: string }[] = []
  const indices = new WeakMap<object, readonly number[]>()
  const kept = copy(value, [], notBuilt.map(parsePattern))
  return { value: kept, ignored, originalPath }

  function copy(part: unknown, path: Path, patterns: readonly Pattern[]): unknown {
    if (patterns.length === 0) return part
    if (Array.isArray(part)) return copyList(part, path, patterns)
    if (!isMapping(part)) return part
    const entries: [string, unknown][] = []
    for (const [key, child] of Object.entries(part)) {
      const next = advance(patterns, (step) => step === '*' || step === key)
      if (!isLeftOut(child, [...path, key], next)) entries.push([key, copy(child, [...path, key], next)])
    }
    return Object.fromEntries(entries)
  }

  function copyList(part: readonly unknown[], path: Path, patterns: readonly Pattern[]): unknown {
    const next = advance(patterns, (step) => step === '[]')
    const keptIndices = part.flatMap((item, index) =>
      isLeftOut(item, [...path, index], next) ? [] : [index],
    )
    const items = keptIndices.map((index) => copy(part[index], [...path, index], next))
    indices.set(items, keptIndices)
    return items
  }

  function isLeftOut(part: unknown, path: Path, patterns: readonly Pattern[]): boolean {
    const name = nameOf(part)
    const matches = patterns.some(
      ({ steps, named }) => steps.length === 0 && (!named || named.includes(name)),
    )
    if (matches && !isEmpty(part)) {
      const label = name === '' || patterns.every(({ named }) => named === undefined) ? '' : ` (${name})`
      ignored.push({ path, description: describePath(path) + label })
    }
    return matches
  }

  function originalPath(path: Path): Path {
    const original: (string | number)[] = []
    let part = kept
    for (const step of path) {
      const keptIndices = Array.isArray(part) ? indices.get(part) : undefined
      original.push(typeof step === 'number' ? (keptIndices?.[step] ?? step) : step)
      part = childOf(part, step)
    }
    return original
  }
}

/**
 * The names that `notBuilt` knows at `path`: keys of the mapping there, or types of the items of the list
 * there.
 */
export function notBuiltAt(notBuilt: readonly NotBuilt[], path: Path): string[] {
  let patterns = notBuilt.map(parsePattern)
  for (const key of path) {
    patterns = advance(patterns, (step) =>
      typeof key === 'number' ? step === '[]' : step === '*' || step === key,
    )
  }
  return patterns.flatMap(({ steps, named }) => {
    const [step] = steps
    if (steps.length !== 1 || step === undefined || step === '*') return []
    return step === '[]' ? (named ?? []) : [step]
  })
}

function parsePattern({ path, named }: NotBuilt): Pattern {
  return { steps: path.replaceAll('[]', '.[]').split('.'), named }
}

function advance(patterns: readonly Pattern[], accepts: (step: string) => boolean): Pattern[] {
  return patterns.flatMap(({ steps: [first, ...steps], named }) =>
    first !== undefined && accepts(first) ? [{ steps, named }] : [],
  )
}

function nameOf(part: unknown): string {
  if (isMapping(part)) return 'type' in part ? nameOf(part['type']) : ''
  return typeof part === 'string' ? part : ''
}

function isEmpty(part: unknown): boolean {
  return part === null || (typeof part === 'object' && Object.keys(part).length === 0)
}

function childOf(part: unknown, step: string | number): unknown {
  if (Array.isArray(part)) return typeof step === 'number' ? part[step] : undefined
  return isMapping(part) ? part[step] : undefined
}

/** True for a plain tree node that is neither a list nor a scalar. */
export function isMapping(part: unknown): part is Record<string, unknown> {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
}
