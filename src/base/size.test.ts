import { expect, test } from 'vitest'
import { parseSize } from './size.ts'

test.each([
  ['2mb', 2_097_152],
  ['2MB', 2_097_152],
  ['1.5 kb', 1536],
  ['.5gb', 536_870_912],
  ['4096', 4096],
  ['10b', 10],
  ['0', 0],
])('%s is %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', 'mb', '-1mb', '1.2.3kb', '1e3', '٣mb', '99999999999gb'])('"%s" is no number', (text) => {
  expect(() => parseSize(text)).toThrow(/^invalid number format: |^invalid unit: e3\.$/)
})

test('an unknown unit is named', () => {
  expect(() => parseSize('2 mib')).toThrow('invalid unit: mib')
})
