import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Finding, Path } from './finding.ts'

/** A YAML file as plain data, able to say where each part of it stands. */
export interface YamlFile {
  /** Its name, as findings give it. */
  readonly file: string
  /** Undefined for an empty file or one with a `syntax` finding among `errors`. */
  readonly value: unknown
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
  /** Line and column of the value at `path`, or of the nearest part around it that exists. */
  valueAt(path: Path): Place
  /** The same for the key that holds it. */
  keyAt(path: Path): Place
  /** The scalar at `path` as it is written, without quotes; undefined for anything else. */
  textAt(path: Path): string | undefined
  /** True for a scalar without quotes or block mark. */
  isPlain(path: Path): boolean
  /** Where a line and column of the text at `path` stand in the file: exactly, or the line it begins in. */
  placeInText(path: Path, inside: Place): Place
}

export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * Reads YAML 1.2 with merge keys (`<<`). Never throws: each mistake is a `syntax` finding.
 * As Go's library does, only the first document of several is read.
 */
export function readYaml(content: string, file: string): YamlFile {
  const text = content.replace(/^\uFEFF/, '')
  const lines = new LineCounter()
  const pairsByKey = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()
  const errors: Finding[] = []
  const document = parse()
  const warnings: Finding[] = []
  for (const mistake of [...document.errors, ...document.warnings]) {
    const finding = syntax(explain(mistake.message), mistake.pos[0])
    if (mistake.code === 'MULTIPLE_DOCS')
      warnings.push({ ...finding, kind: 'advice', message: 'only the first document is read' })
    else if (mistake.name === 'YAMLWarning') warnings.push({ ...finding, kind: 'advice' })
    else errors.push(finding)
  }
  return {
    file,
    value: errors.length === 0 ? plainData() : undefined,
    errors,
    warnings,
    valueAt,
    keyAt,
    textAt,
    isPlain: (path) => scalarAt(path)?.type === 'PLAIN',
    placeInText,
  }

  function parse() {
    const options = { lineCounter: lines, schema: 'core', merge: true, prettyErrors: false } as const
    try {
      // Its own search for keys that stand twice takes a minute for a hundred thousand of them.
      const parsed = parseDocument(text, { ...options, logLevel: 'error', uniqueKeys: false })
      for (const key of repeatedKeys(parsed))
        errors.push(
          syntax(`the key ${JSON.stringify(key.source ?? key.value)} stands twice`, startOf(key) ?? 0),
        )
      return parsed
    } catch {
      errors.push(syntax(TOO_DEEP, 0))
      return parseDocument('')
    }
  }

  // Aliases are followed only here: the library refuses unknown ones, and those that multiply without end.
  function plainData(): unknown {
    try {
      const value: unknown = document.toJS()
      if (!containsItself(value)) return value
      errors.push(syntax('an anchor contains itself', 0))
    } catch (error) {
      const isTooDeep = error instanceof RangeError
      const why = error instanceof Error ? error.message : String(error)
      errors.push(syntax(isTooDeep ? TOO_DEEP : why, 0))
    }
    return undefined
  }

  function syntax(message: string, offset: number): Finding {
    return { kind: 'syntax', file, ...placeOf(offset), path: '', message }
  }

  function placeOf(offset: number): Place {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  function valueAt(path: Path): Place {
    const found = walk(path)
    return placeOf(found.valueOffset ?? found.keyOffset)
  }

  function keyAt(path: Path): Place {
    return placeOf(walk(path).keyOffset)
  }

  function textAt(path: Path): string | undefined {
    const scalar = scalarAt(path)
    return scalar === undefined ? undefined : (scalar.source ?? String(scalar.value))
  }

  function scalarAt(path: Path): Scalar | undefined {
    const found = walk(path)
    return found.complete && isScalar(found.node) ? found.node : undefined
  }

  function placeInText(path: Path, inside: Place): Place {
    const begin = valueAt(path)
    const scalar = scalarAt(path)
    const [start, end] = scalar?.range ?? [0, 0]
    const value = typeof scalar?.value === 'string' ? scalar.value : ''
    if (scalar?.type?.startsWith('BLOCK')) return placeInBlock(begin, value, inside)
    const quotes = scalar?.type === 'PLAIN' ? 0 : 1
    const isAsWritten = text.slice(start + quotes, end - quotes) === value && !value.includes('\n')
    return isAsWritten ? { ...begin, column: begin.column + quotes + inside.column - 1 } : begin
  }

  // The lines of a folded text that were joined cannot be told apart: it is placed where it begins.
  function placeInBlock(begin: Place, value: string, inside: Place): Place {
    const line = begin.line + inside.line
    const written = text.split(/\r?\n/)[line - 1] ?? ''
    const meant = value.split('\n')[inside.line - 1] ?? ''
    const indent = written.search(/\S|$/)
    const isAsWritten = written.endsWith(meant) && written.length - meant.length <= indent
    const column = isAsWritten ? written.length - meant.length + inside.column : indent + 1
    return isAsWritten || inside.line === 1 ? { line, column } : begin
  }

  function walk(path: Path): Found {
    let found: Found = {
      node: resolve(document.contents),
      keyOffset: 0,
      valueOffset: undefined,
      complete: true,
    }
    for (const step of path) {
      const next = stepInto(found.node, step)
      if (next === undefined) return { ...found, complete: false, valueOffset: undefined }
      found = next
    }
    return found
  }

  function stepInto(node: unknown, step: string | number): Found | undefined {
    if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step]
      if (item === undefined) return undefined
      const offset = startOf(item) ?? startOf(node) ?? 0
      return { node: resolve(item), keyOffset: offset, valueOffset: offset, complete: true }
    }
    if (!isMap(node)) return undefined
    const pair = pairsOf(node).get(String(step))
    if (pair !== undefined) {
      const empty = isScalar(pair.value) && pair.value.value === null
      return {
        node: resolve(pair.value),
        keyOffset: startOf(pair.key) ?? 0,
        valueOffset: empty ? undefined : startOf(pair.value),
        complete: true,
      }
    }
    return stepIntoMerged(node.items, step)
  }

  /** A file may have a hundred thousand keys, and a remark on each. */
  function pairsOf(node: YAMLMap): ReadonlyMap<string, Pair> {
    const known = pairsByKey.get(node)
    if (known !== undefined) return known
    const pairs = new Map<string, Pair>()
    for (const pair of node.items) if (isScalar(pair.key)) pairs.set(String(pair.key.value), pair)
    pairsByKey.set(node, pairs)
    return pairs
  }

  function stepIntoMerged(
    pairs: readonly { key: unknown; value: unknown }[],
    step: string | number,
  ): Found | undefined {
    for (const pair of pairs) {
      if (!isScalar(pair.key) || pair.key.source !== '<<') continue
      const merged = resolve(pair.value)
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const found = stepInto(resolve(source), step)
        if (found !== undefined) return found
      }
    }
    return undefined
  }

  function resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(document) : node
  }
}

/** Those that stood before in the same mapping. */
function repeatedKeys(document: Document): readonly Scalar[] {
  const repeated: Scalar[] = []
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) repeated.push(key)
        seen.add(key.value)
      }
    },
  })
  return repeated
}

const TOO_DEEP = 'is nested too deeply'

/** What the library says, and what to do where that cannot be guessed from its words. */
function explain(message: string): string {
  if (message.startsWith('Maximum call stack')) return TOO_DEEP
  if (message.startsWith('Nested mappings are not allowed'))
    return `${message}: text that holds a colon and a blank needs quotes`
  return message
}

interface Found {
  readonly node: unknown
  readonly keyOffset: number
  readonly valueOffset: number | undefined
  /** False when the path leads on to where nothing stands. */
  readonly complete: boolean
}

function containsItself(value: unknown, around: Set<unknown> = new Set(), done = new Set()): boolean {
  if (typeof value !== 'object' || value === null || done.has(value)) return false
  if (around.has(value)) return true
  around.add(value)
  const found = Object.values(value).some((child) => containsItself(child, around, done))
  around.delete(value)
  done.add(value)
  return found
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined
  const [start]: unknown[] = node.range
  return typeof start === 'number' ? start : undefined
}
