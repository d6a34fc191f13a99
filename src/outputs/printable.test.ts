import { expect, test } from 'vitest'
import { jsonLine, printable, printableLines } from './printable.ts'

test('ordinary text, accents and signs stay as they are', () => {
  expect(printable('/café/✓?q=日本 👩‍👩‍👧')).toBe('/café/✓?q=日本 👩‍👩‍👧')
})

test('control characters, line breaks and changes of direction are written as escapes', () => {
  const text = '\u001b[2J\u0007\r\n\t\u007f\u009b31m\u202e\u2028'
  expect(printable(text)).toBe('\\x1b[2J\\x07\\r\\n\\t\\x7f\\x9b31m\\u202e\\u2028')
})

test('of several lines the breaks and tabs stay, the rest does not', () => {
  expect(printableLines('a\tb\r\nc\u001b[31m\rd\n')).toBe('a\tb\nc\\x1b[31m\\rd\n')
})

test('a line of JSON cannot steer a terminal, and means the same', () => {
  const value = { url: 'x\u001b]0;t\u0007\u009b2J\u007f\n\u202e', emoji: '😀' }
  const line = jsonLine(value)
  expect(line).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(JSON.parse(line)).toEqual(value)
})
