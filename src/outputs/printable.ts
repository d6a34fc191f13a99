/**
 * What the observed programs sent can reach an operator's terminal only through these functions. They write
 * control characters, line breaks and changes of the writing direction as escapes, so that traffic can
 * neither steer the terminal nor add lines.
 */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu')
const UNSAFE_BUT_LINES = new RegExp(`(?![\\n\\t])${UNSAFE.source}`, 'gu')

/** One line of safe text: `\n` and the like stand as they would in a string literal. */
export function printable(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, escaped) : text
}

/** Safe text that keeps its line breaks and tabs. */
export function printableLines(text: string): string {
  return UNSAFE.test(text) ? text.replaceAll('\r\n', '\n').replace(UNSAFE_BUT_LINES, escaped) : text
}

/** One line of JSON that is safe to print. */
export function jsonLine(value: object): string {
  const json = JSON.stringify(value)
  return UNSAFE.test(json) ? json.replace(UNSAFE_ALL, unicodeEscape) : json
}

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const code = character.charCodeAt(0)
  return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, '0')}`
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
