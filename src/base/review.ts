import type { z } from 'zod'
import { describePath, type Finding, type FindingKind, type Path } from './finding.ts'
import { fitToSchema } from './fit-to-schema.ts'
import { explainIssues } from './issues.ts'
import { nearest } from './nearest.ts'
import { leaveOut, type NotBuilt, notBuiltAt } from './not-built.ts'
import type { Environment } from './value-source.ts'
import type { YamlFile } from './yaml.ts'

/**
 * What reading the configuration needs to know of a plugin or store: the word for it and the schema of its
 * options.
 */
export interface Component {
  readonly type: string
  readonly options: z.ZodType
}

export type Components = Readonly<Record<string, Component>>

/**
 * One reading of a file. The folders read their parts of `value` through it; it collects what they find,
 * so that all mistakes of a file are told at once. Paths are those of `value`; findings give the file's own.
 */
export interface Review {
  /** The file's content without what is not built. */
  readonly value: unknown
  /** All of the file's content. */
  readonly written: unknown
  /** What `value` is according to `schema`; undefined after a mistake, which is then among the findings. */
  read<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output | undefined
  /**
   * The component of that type; undefined, with a finding, when there is none. `path` is that of the list.
   */
  component(
    kind: string,
    components: Components,
    type: string,
    path: Path,
    index: number,
  ): Component | undefined
  refuse(path: Path, message: string, suggestion?: string): void
  advise(path: Path, message: string, suggestion?: string): void
  /** In the order of the file. */
  findings(): readonly Finding[]
}

export function createReview(
  file: YamlFile,
  environment: Environment,
  notBuilt: readonly NotBuilt[],
): Review {
  const findings: Finding[] = [...file.errors, ...file.warnings]
  const left = leaveOut(file.value, notBuilt)
  noteIgnored()
  return { value: left.value, written: file.value, read, component, refuse, advise, findings: sorted }

  function noteIgnored(): void {
    const [first] = left.ignored
    if (first === undefined) return
    const names = left.ignored.map((part) => part.description).join(', ')
    const place = file.keyAt(first.path)
    findings.push({
      kind: 'not_built',
      file: file.file,
      ...place,
      path: '',
      message: `not built yet and ignored: ${names}`,
    })
  }

  function read<Output>(schema: z.ZodType<Output>, value: unknown, path: Path): Output | undefined {
    const fitted = fitToSchema(schema, value, path, {
      environment,
      textAt: (at) => file.textAt(left.originalPath(at)),
      onUnknownKey,
      onUnsetVariable: (at, variable) => advise(at, `environment variable ${variable} is empty or not set`),
    })
    const parsed = schema.safeParse(fitted, { reportInput: true })
    if (parsed.success) return parsed.data
    for (const { path: inside, message, suggestion } of explainIssues(parsed.error.issues)) {
      refuse([...path, ...inside], message, suggestion)
    }
    return undefined
  }

  function component(kind: string, components: Components, type: string, path: Path, index: number) {
    const known = Object.values(components)
    const found = known.find((candidate) => candidate.type === type)
    if (found !== undefined) return found
    const types = [...known.map((candidate) => candidate.type), ...notBuiltAt(notBuilt, path)]
    refuse([...path, index, 'type'], `there is no ${kind} "${type}"`, nearest(type, types))
    return undefined
  }

  function onUnknownKey(path: Path, known: readonly string[]): void {
    const key = String(path.at(-1))
    const all = [...known, ...notBuiltAt(notBuilt, left.originalPath(path.slice(0, -1)))]
    note('unknown_key', path, 'unknown key', nearest(key, all))
  }

  function refuse(path: Path, message: string, suggestion?: string): void {
    note('invalid', path, message, suggestion)
  }

  function advise(path: Path, message: string, suggestion?: string): void {
    note('advice', path, message, suggestion)
  }

  function note(kind: FindingKind, path: Path, message: string, suggestion: string | undefined): void {
    const original = left.originalPath(path)
    const place = kind === 'unknown_key' ? file.keyAt(original) : file.valueAt(original)
    findings.push({
      kind,
      file: file.file,
      ...place,
      path: describePath(original),
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }

  function sorted(): readonly Finding[] {
    return findings.toSorted((one, other) => one.line - other.line || one.column - other.column)
  }
}
