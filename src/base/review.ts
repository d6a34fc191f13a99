import type { z } from 'zod'
import { describePath, type Finding, type FindingKind, type Path } from './finding.ts'
import { fitToSchema } from './fit-to-schema.ts'
import { explainIssues } from './issues.ts'
import { nearest } from './nearest.ts'
import type { Environment } from './value-source.ts'
import type { Place, YamlFile } from './yaml.ts'

/**
 * What reading the configuration needs to know of a plugin or store: the word for it and the schema of its
 * options.
 */
export interface Component {
  readonly type: string
  readonly options: z.ZodType
}

export type Components = Readonly<Record<string, Component>>

/** What is told about a part of the file, besides where it stands. */
export interface Remark {
  readonly message: string
  readonly suggestion?: string | undefined
  readonly excerpt?: readonly string[]
  /** Line and column inside the text at the path, where the remark is about a part of it. */
  readonly inText?: Place
}

/**
 * One reading of a file. The folders read their parts of `value` through it; it collects what they find, so
 * that all mistakes of a file are told at once.
 */
export interface Review {
  /** The file's content. */
  readonly value: unknown
  /** What `value` is according to `schema`; undefined after a mistake, which is then among the findings. */
  read<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output | undefined
  /** Reads what nobody uses yet: keys and types are checked, variables need not be set. */
  check(schema: z.ZodType, value: unknown, path: Path): void
  /** The file cannot be used. */
  refuse(path: Path, remark: string | Remark): void
  /** This part does nothing, the rest runs: a warning when running, a mistake when validating. */
  warn(path: Path, remark: string | Remark): void
  /** Works, but probably not as meant: a warning in any case. */
  advise(path: Path, remark: string | Remark): void
  /** A part that is documented, but not in this version. What is empty is not worth a word. */
  ignore(value: unknown, path: Path, name?: string): void
  /** In the order of the file. */
  findings(): readonly Finding[]
}

export function createReview(file: YamlFile, environment: Environment): Review {
  const found: Finding[] = [...file.errors, ...file.warnings]
  const ignored: { readonly place: Place; readonly description: string }[] = []
  return { value: file.value, read, check, refuse, warn, advise, ignore, findings }

  function read<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output | undefined {
    const fitted = fitToSchema(schema, value, path, {
      environment,
      textAt: (at) => file.textAt(at),
      isPlain: (at) => file.isPlain(at),
      onUnknownKey,
      onUnsetVariable: (at, variable) => advise(at, `environment variable ${variable} is empty or not set`),
    })
    return parse(schema, fitted, path)
  }

  function check(schema: z.ZodType, value: unknown, path: Path): void {
    const fitted = fitToSchema(schema, value, path, {
      environment: {},
      textAt: (at) => file.textAt(at),
      isPlain: (at) => file.isPlain(at),
      onUnknownKey,
      onUnsetVariable() {},
    })
    parse(schema, fitted, path)
  }

  function parse<Output>(schema: z.ZodType<Output>, fitted: unknown, path: Path): Output | undefined {
    const parsed = schema.safeParse(fitted, { reportInput: true })
    if (parsed.success) return parsed.data
    for (const { path: inside, message, suggestion } of explainIssues(parsed.error.issues)) {
      refuse([...path, ...inside], { message, suggestion })
    }
    return undefined
  }

  function onUnknownKey(path: Path, known: readonly string[]): void {
    note('unknown_key', path, { message: 'unknown key', suggestion: nearest(String(path.at(-1)), known) })
  }

  function refuse(path: Path, remark: string | Remark): void {
    note('invalid', path, remark)
  }

  function warn(path: Path, remark: string | Remark): void {
    note('unworkable', path, remark)
  }

  function advise(path: Path, remark: string | Remark): void {
    note('advice', path, remark)
  }

  function ignore(value: unknown, path: Path, name?: string): void {
    if (value === undefined || value === null || value === '') return
    if (typeof value === 'object' && Object.keys(value).length === 0) return
    const description = describePath(path) + (name === undefined ? '' : ` (${name})`)
    ignored.push({ place: file.keyAt(path), description })
  }

  function note(kind: FindingKind, path: Path, remark: string | Remark): void {
    const told: Remark = typeof remark === 'string' ? { message: remark } : remark
    const place = kind === 'unknown_key' ? file.keyAt(path) : file.valueAt(path)
    const { line, column } = told.inText === undefined ? place : file.placeInText(path, told.inText)
    found.push({
      kind,
      file: file.file,
      line,
      column,
      path: describePath(path),
      message: told.message,
      ...(told.suggestion === undefined ? {} : { suggestion: told.suggestion }),
      ...(told.excerpt === undefined ? {} : { excerpt: told.excerpt }),
    })
  }

  function findings(): readonly Finding[] {
    return [...found, ...notBuilt()].toSorted(byPlace)
  }

  /** All that is not built is one line, however much it is. */
  function notBuilt(): Finding[] {
    const parts = ignored.toSorted((one, other) => byPlace(one.place, other.place))
    const [first] = parts
    if (first === undefined) return []
    const names = parts.map((part) => part.description).join(', ')
    const message = `not built yet and ignored: ${names}`
    return [{ kind: 'not_built', file: file.file, ...first.place, path: '', message }]
  }
}

function byPlace(one: Place, other: Place): number {
  return one.line - other.line || one.column - other.column
}
