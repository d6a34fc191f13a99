import type { Family } from './family.ts'

/** The two text formats that metrics are read in. */
export type Format = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

const PIECE_CHARS = 64 << 10
const ACCEPT_CHARS_MAX = 1_024

/** What a reader likes best (RFC 9110 §12.5.1); OpenMetrics only where it is asked for. */
export function chooseFormat(accept: string | undefined): Format {
  let text = 0
  let openmetrics = 0
  for (const range of (accept ?? '').slice(0, ACCEPT_CHARS_MAX).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = given === undefined ? 1 : Number(given.slice(2)) || 0
    if (type === 'application/openmetrics-text' && isVersionOne(parameters))
      openmetrics = Math.max(openmetrics, weight)
    if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, weight)
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text'
}

/** The format in pieces of bounded length, so that others get their turn between two of them. */
export function* exposition(families: Iterable<Family>, format: Format): Generator<string> {
  let piece = ''
  for (const family of families) {
    piece += headOf(family, format)
    for (const lines of family.samples()) {
      piece += lines
      if (piece.length < PIECE_CHARS) continue
      yield piece
      piece = ''
    }
  }
  yield format === 'openmetrics' ? `${piece}# EOF\n` : piece
}

function headOf({ name, type, help }: Family, format: Format): string {
  const isOpen = format === 'openmetrics'
  const title = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name
  const kind = !isOpen && type === 'unknown' ? 'untyped' : type
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${title} ${isOpen ? text.replaceAll('"', '\\"') : text}\n# TYPE ${title} ${kind}\n`
}

function isVersionOne(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith('version='))
  return version === undefined || version === 'version=1.0.0'
}
