/** Classes of characters, by their Latin-1 code. */
export const LF = 10
export const CR = 13
export const SP = 32
export const HTAB = 9
export const COLON = 58

const VISIBLE = 1
const BLANK = 2

/** RFC 9110 §5.6.2. */
export const IS_TOKEN = tokens()
/** May stand in a target: visible, or not ASCII. */
export const IS_TARGET = classes(VISIBLE)
/** RFC 9110 §5.5: what a field's value consists of. */
export const IS_VALUE = classes(VISIBLE | BLANK)

export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (IS_TOKEN[text.charCodeAt(at)] !== 1) return false
  return text !== ''
}

export function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57
}

/** Control characters but for those of white space and line ends, which are judged by themselves. */
export function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if ((code < SP && code !== HTAB && code !== CR && code !== LF) || code === 127) return true
  }
  return false
}

/** Without outer white space; a bare CR counts as such (RFC 9112 §2.2). */
export function trimmed(text: string): string {
  let begin = 0
  let end = text.length
  while (begin < end && isSpace(text.charCodeAt(begin))) begin += 1
  while (end > begin && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(begin, end)
}

export function isSpace(code: number): boolean {
  return code === SP || code === HTAB || code === CR
}

// What `toString('latin1')` comes to; its way there costs as much as the work for a short head.
const { latin1Slice } = Buffer.prototype as Buffer & { latin1Slice(begin: number, end: number): string }

export function latin1(input: Uint8Array, begin: number, end: number): string {
  return latin1Slice.call(input, begin, end)
}

function tokens(): Uint8Array {
  const table = new Uint8Array(256)
  for (const letter of "!#$%&'*+-.^_`|~0123456789") table[letter.charCodeAt(0)] = 1
  for (let code = 65; code <= 90; code += 1) {
    table[code] = 1
    table[code + 32] = 1
  }
  return table
}

function classes(wanted: number): Uint8Array {
  const table = new Uint8Array(256)
  for (let code = 0; code < 256; code += 1) {
    const isBlank = code === SP || code === HTAB
    const isVisible = code > SP && code !== 127
    if ((isVisible && (wanted & VISIBLE) !== 0) || (isBlank && (wanted & BLANK) !== 0)) table[code] = 1
  }
  return table
}
