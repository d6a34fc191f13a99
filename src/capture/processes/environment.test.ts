import { expect, test } from 'vitest'
import { pickEnvironment, wantedEnvironment } from './environment.ts'

const text = (prefixes: readonly Uint8Array[]) => prefixes.map((prefix) => Buffer.from(prefix).toString())

test('own variables are always wanted', () => {
  const { names, prefixes, beyond } = wantedEnvironment([])
  expect([...names]).toEqual(['QPOINT_STRATEGY', 'QPOINT_TAGS'])
  expect(text(prefixes)).toEqual(['QPOINT_'])
  expect(beyond).toBe(false)
})

test('short names are compared whole, long ones by their beginning, equal beginnings once', () => {
  const { prefixes } = wantedEnvironment([
    'APP',
    'DEPLOYMENT_A',
    'DEPLOYMENT_B',
    'SEVENCH',
    'QPOINT_X',
    '',
    'A=B',
  ])
  expect(text(prefixes)).toEqual(['QPOINT_', 'APP=', 'DEPLOYME', 'SEVENCH='])
})

test('beyond seven beginnings the rest has to be read elsewhere', () => {
  const seven = ['A', 'B', 'C', 'D', 'E', 'F', 'G']
  expect(wantedEnvironment([...seven, 'A'])).toMatchObject({ beyond: false })
  const { prefixes, beyond, names } = wantedEnvironment([...seven, 'H'])
  expect(prefixes).toHaveLength(8)
  expect(beyond).toBe(true)
  expect(names.has('H')).toBe(true)
})

test('only exact names are taken, and of two the first', () => {
  const bytes = Buffer.from('A=1\0AB=2\0A=3\0B\0=x\0C==\0__proto__=p\0E=\0ü=ö\0A')
  expect(pickEnvironment(bytes, new Set(['A', 'B', 'C', '__proto__', 'E', 'ü']))).toEqual(
    Object.fromEntries([
      ['A', '1'],
      ['C', '='],
      ['__proto__', 'p'],
      ['E', ''],
      ['ü', 'ö'],
    ]),
  )
})
