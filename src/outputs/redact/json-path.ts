/** One step from a value of a JSON document into a value that it holds. */
export interface Step {
  /** Written with two dots: the value may lie any number of steps further down. */
  readonly deep: boolean
  /** Name of a member, place of an item, or undefined for every member and every item. */
  readonly to: string | number | undefined
}

export type ReadPath =
  | { readonly kind: 'path'; readonly steps: readonly Step[] }
  | { readonly kind: 'mistake'; readonly message: string }

const STEPS_MAX = 64
/** RFC 9535 §2.5.1.1 allows less without quotes; a hyphen is what people write all the same. */
const NAME = /[\p{L}\p{N}_$@-]+/uy
const BRACKETS = /\[\s*(?:(\*)|(\d{1,9})|'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/y
const KINDS_OF_STEPS = ".name, ..name, .*, [0], [*] and ['name']"

/**
 * Reads the part of JSONPath (RFC 9535) that names places: `$.a.b`, `$..token`, `$.items[*].key`,
 * `$['x-y']`. Filters, slices and lists in brackets are mistakes.
 */
export function readJsonPath(text: string): ReadPath {
  if (!text.startsWith('$')) return mistake('must begin with $, which stands for the whole document')
  const steps: Step[] = []
  let at = 1
  while (at < text.length) {
    const read = readStep(text, at)
    if (typeof read === 'string') return mistake(read)
    steps.push(read.step)
    at = read.end
  }
  if (steps.length === 0) return mistake('names the whole document: add the members to redact')
  if (steps.length > STEPS_MAX) return mistake(`has more than ${STEPS_MAX} steps`)
  return { kind: 'path', steps }
}

/** What is wrong, as text, when there is no step at this place. */
function readStep(text: string, at: number): { readonly step: Step; readonly end: number } | string {
  const deep = text.startsWith('..', at)
  const begin = at + (deep ? 2 : text[at] === '.' ? 1 : 0)
  const isDotted = begin > at
  if (text[begin] === '[' && (deep || !isDotted)) return readBrackets(text, begin, deep)
  if (!isDotted) return wrongAt(text, at)
  if (text[begin] === '*') return { step: { deep, to: undefined }, end: begin + 1 }
  NAME.lastIndex = begin
  const [name] = NAME.exec(text) ?? []
  if (name === undefined) return begin >= text.length ? 'ends where a name is missing' : wrongAt(text, begin)
  return { step: { deep, to: name }, end: begin + name.length }
}

function readBrackets(text: string, at: number, deep: boolean): { step: Step; end: number } | string {
  BRACKETS.lastIndex = at
  const match = BRACKETS.exec(text)
  if (match === null) return wrongAt(text, at)
  const [whole, star, index, single, double] = match
  const quoted = single ?? double
  const to = star !== undefined ? undefined : index !== undefined ? Number(index) : unquoted(quoted ?? '')
  return { step: { deep, to }, end: at + whole.length }
}

/** RFC 9535 §2.3.1.1: the escapes of JSON, and of the quotes. */
function unquoted(text: string): string {
  if (!text.includes('\\')) return text
  const json = text.replace(/\\'|"|\\./g, (part) => (part === "\\'" ? "'" : part === '"' ? '\\"' : part))
  try {
    return String(JSON.parse(`"${json}"`))
  } catch {
    return text
  }
}

function wrongAt(text: string, at: number): string {
  return `is not understood from "${text.slice(at, at + 20)}" on: steps are ${KINDS_OF_STEPS}`
}

function mistake(message: string): ReadPath {
  return { kind: 'mistake', message }
}
