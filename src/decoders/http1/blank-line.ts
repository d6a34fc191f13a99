const BLANK = Buffer.from('\n\r\n')
const BARE_BLANK = Buffer.from('\n\n')

/** Is there a blank line, of either kind, from `begin` to `end`? */
export function holdsBlankLine(input: Uint8Array, begin: number, end: number): boolean {
  if (begin >= end) return false
  const searched = Buffer.from(input.buffer, input.byteOffset + begin, end - begin)
  return searched.indexOf(BLANK) !== -1 || searched.indexOf(BARE_BLANK) !== -1
}

/** From `at` on no blank line ends here; so many bytes need no second search. At least 1: it was tried. */
export function scannedSoFar(input: Uint8Array, at: number): number {
  return Math.max(1, input.length - at - BLANK.length + 1)
}
