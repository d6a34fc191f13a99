import type { Header } from '../message.ts'
import {
  BARE_CR,
  CONTROL_IN_FIELD,
  EMPTY_FIELD_NAME,
  FIELD_NAME_NOT_TOKEN,
  FOLDED_LINE,
  LINE_WITHOUT_COLON,
  ODD_FRAMING_LINE,
  SPACE_BEFORE_COLON,
  SPACE_BEFORE_FIELDS,
} from './ambiguities.ts'
import { hasControl, isToken, trimmed } from './characters.ts'
import type { Head } from './head.ts'

/**
 * A line of the header section that is not in the one right form, without its last LF but with the lines
 * that continue it. Says what is odd about it; undefined when it gives no field.
 */
export function readOddLine(lines: string, head: Head): Header | undefined {
  const pieces = lines.split('\n').map(withoutLineEnd)
  const first = pieces[0] ?? ''
  if (/content-length|transfer-encoding/i.test(lines)) head.doubts |= ODD_FRAMING_LINE
  return readOddPieces(pieces, first, head)
}

function readOddPieces(pieces: readonly string[], first: string, head: Head): Header | undefined {
  // RFC 9112 §2.2: only behind the start line; further below it would continue the line before it.
  if (first.startsWith(' ') || first.startsWith('\t')) {
    head.doubts |= SPACE_BEFORE_FIELDS
    return undefined
  }
  if (pieces.length > 1) head.doubts |= FOLDED_LINE
  const line = pieces.length > 1 ? pieces.map(trimmed).join(' ') : first
  if (pieces.some((piece) => piece.includes('\r'))) head.doubts |= BARE_CR
  if (hasControl(line)) head.doubts |= CONTROL_IN_FIELD
  const colon = line.indexOf(':')
  if (colon === -1) {
    head.doubts |= LINE_WITHOUT_COLON
    return undefined
  }
  const name = trimmed(line.slice(0, colon))
  if (name === '') {
    head.doubts |= EMPTY_FIELD_NAME
    return undefined
  }
  if (name.length < colon) head.doubts |= SPACE_BEFORE_COLON
  if (!isToken(name)) head.doubts |= FIELD_NAME_NOT_TOKEN
  return [name, trimmed(line.slice(colon + 1))]
}

function withoutLineEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
