import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Entry, flatten } from './flatten.ts'

function flattened(document: object, entriesMax = 1000) {
  const entries: Entry[] = []
  const leftOut = flatten(document, '', entries, entriesMax)
  return { entries, leftOut }
}

test('each value stands by its path, with its type; what says nothing is left out', () => {
  const { entries, leftOut } = flattened({
    text: 'a',
    none: null,
    unknown: undefined,
    empty: '',
    '': 'no name',
    zero: 0,
    no: false,
    half: 0.5,
    large: 2 ** 60,
    nowhere: Number.NaN,
    deep: { er: { still: 1 }, '': 2 },
    list: ['a', 1, 1.5, true, '', null, { pid: 7 }, [1]],
    emptyList: [],
    nothing: {},
  })
  expect(entries).toEqual([
    ['text', 'a'],
    ['zero', { int: 0 }],
    ['no', false],
    ['half', { double: 0.5 }],
    ['large', { double: 2 ** 60 }],
    ['deep.er.still', { int: 1 }],
    ['list', { list: ['a', { int: 1 }, { double: 1.5 }, true, '{"pid":7}', '[1]'] }],
  ])
  expect(leftOut).toBe(0)
})

test('beyond the limit entries are counted', () => {
  expect(flattened({ a: 1, b: { c: 2, d: 3 }, e: null }, 2)).toMatchObject({
    entries: [
      ['a', { int: 1 }],
      ['b.c', { int: 2 }],
    ],
    leftOut: 1,
  })
})

test('any JSON: no empty key, no more entries than allowed, and none is lost uncounted', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(20), (document, entriesMax) => {
      const all = flattened(document).entries.length
      const { entries, leftOut } = flattened(document, entriesMax)
      expect(entries.length).toBe(Math.min(all, entriesMax))
      expect(leftOut).toBe(all - entries.length)
      for (const [key] of entries) expect(key).not.toBe('')
    }),
  )
})
