/** Where something stands in a file that holds a tree: keys and indices from its root. */
export type Path = readonly (string | number)[]

/**
 * What a finding is about. `syntax`: the file is not the format it should be; `invalid`: a value that cannot
 * be used; `unworkable`: a part that cannot work, without which the rest runs; `unknown_key`: a key nobody
 * reads; `not_built`: documented, but not in this version; `advice`: works, but probably not as meant.
 */
export type FindingKind = 'syntax' | 'invalid' | 'unworkable' | 'unknown_key' | 'not_built' | 'advice'

/** One remark on a file of the operator. Lines and columns count from 1. */
export interface Finding {
  readonly kind: FindingKind
  readonly file: string
  readonly line: number
  readonly column: number
  /** Dotted, such as `tap.filters.groups[0]`; empty when the finding is about more than one place. */
  readonly path: string
  readonly message: string
  /** What was probably meant. */
  readonly suggestion?: string
  /** The text it is about with a mark below, for who has room for several lines. */
  readonly excerpt?: readonly string[]
}

/** One line, whatever the file holds: `file:line:column path: message, did you mean "…"?` */
export function describeFinding(finding: Finding): string {
  const place = `${finding.file}:${finding.line}:${finding.column}`
  const subject = finding.path === '' ? ' ' : ` ${finding.path}: `
  const question = finding.suggestion === undefined ? '' : `, did you mean "${finding.suggestion}"?`
  return (place + subject + finding.message + question).replaceAll(CONTROL, escaped)
}

/** The lines of the excerpt; what stands below a character stays below it. */
export function excerptOf({ excerpt = [] }: Finding): readonly string[] {
  return excerpt.map((line) =>
    line.replaceAll(CONTROL, (character) => (character === '\t' ? '\t' : '\uFFFD')),
  )
}

/** Breaks lines, or makes a terminal do something. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** `['a', 0, 'b.c']` becomes `a[0]["b.c"]`. */
export function describePath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}
