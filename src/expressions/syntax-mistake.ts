import type { SyntaxMistake } from './expression.ts'

/** Of a long line only so much is shown on each side of the place. */
const SHOWN_CHARACTERS = 60
/** Messages and suggestions repeat parts of the source, which may be long. */
const SAID_CHARACTERS = 200

/** Thrown by the lexer and the parser, and caught by who compiles. */
export class NoExpression extends Error {
  readonly at: number
  readonly suggestion: string | undefined

  constructor(at: number, message: string, suggestion?: string) {
    super(message)
    this.at = at
    this.suggestion = suggestion
  }
}

/** Where an offset lies, counted from 1. */
export function placeOf(source: string, at: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (const character of before) if (character === '\n') line += 1
  return { line, column: at - lineStart + 1 }
}

export function describeMistake(source: string, mistake: NoExpression): SyntaxMistake {
  const { at } = mistake
  const message = shortened(mistake.message)
  const isLong = (mistake.suggestion?.length ?? 0) > SAID_CHARACTERS
  const suggestion = isLong ? undefined : mistake.suggestion
  const { line, column } = placeOf(source, at)
  const lineStart = at - column + 1
  const lineEnd = source.indexOf('\n', at)
  const whole = source.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replace(/\r$/, '')
  const begin = Math.max(0, column - 1 - SHOWN_CHARACTERS)
  const end = column - 1 + SHOWN_CHARACTERS
  const front = begin > 0 ? '…' : ''
  const shown = `${front}${whole.slice(begin, end)}${end < whole.length ? '…' : ''}`
  // Tabs stay tabs, so that the caret stands below its character however wide they are.
  const indent = `${front}${whole.slice(begin, column - 1)}`.replaceAll(/[^\t]/g, ' ')
  const lines = [`syntax error at line ${line}:${column}:`, shown, `${indent}^`, message]
  if (suggestion !== undefined) lines.push(`suggestion: ${suggestion}`)
  return { line, column, message, suggestion, text: lines.join('\n') }
}

function shortened(text: string): string {
  return text.length > SAID_CHARACTERS ? `${text.slice(0, SAID_CHARACTERS)}…` : text
}
