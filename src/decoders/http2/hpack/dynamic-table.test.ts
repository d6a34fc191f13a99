import { expect, test } from 'vitest'
import type { Header } from '../../message.ts'
import { entryAt, forget, insert, mayHave, openTable, resize } from './dynamic-table.ts'

const HELD_BYTES_MAX = 1024 * 1024
const numbered = (number: number): Header => ['n', String(number)]

test('places hold while the ring grows and turns', () => {
  const table = openTable(50 * 40, false, HELD_BYTES_MAX)
  for (let number = 0; number < 300; number += 1) {
    insert(table, numbered(number), 40)
    const held = Array.from({ length: Math.min(number + 1, 50) }, (_, place) => place)
    expect(held.map((place) => entryAt(table, place))).toEqual(held.map((place) => numbered(number - place)))
    expect(entryAt(table, 50)).toBeUndefined()
    expect(mayHave(table, 50)).toBe(false)
  }
  expect(table.count).toBe(50)
  expect(table.bytes).toBe(2000)
})

test('what is held is bounded however large the table may be', () => {
  const table = openTable(2 ** 32 - 1, false, HELD_BYTES_MAX)
  for (let number = 0; number < 100_000; number += 1) insert(table, numbered(number), 40)
  expect(table.bytes).toBeLessThanOrEqual(HELD_BYTES_MAX)
  expect(table.entries.length).toBeLessThanOrEqual(HELD_BYTES_MAX / 32)
  expect(entryAt(table, 0)).toEqual(numbered(99_999))
  expect(mayHave(table, 99_999)).toBe(true)
})

test('less is held when nobody said how large the table is', () => {
  const table = openTable(Number.POSITIVE_INFINITY, true, HELD_BYTES_MAX)
  for (let number = 0; number < 10_000; number += 1) insert(table, numbered(number), 40)
  expect(table.bytes).toBeLessThanOrEqual(64 * 1024)
  expect(table.hasOlder).toBe(true)
  resize(table, HELD_BYTES_MAX)
  expect(table.hasOlder).toBe(true)
  resize(table, 40_000)
  expect(table).toMatchObject({ hasOlder: false, count: 1000 })
})

test('an older entry is possible as long as there is room for it', () => {
  const table = openTable(200, true, HELD_BYTES_MAX)
  expect([mayHave(table, 5), mayHave(table, 6)]).toEqual([true, false])
  insert(table, numbered(1), 100)
  expect([mayHave(table, 0), mayHave(table, 3), mayHave(table, 4)]).toEqual([true, true, false])
  insert(table, numbered(2), 68)
  expect([table.hasOlder, mayHave(table, 2)]).toEqual([true, true])
  insert(table, numbered(3), 10)
  expect([table.hasOlder, mayHave(table, 2), mayHave(table, 3)]).toEqual([false, true, false])
})

test('an entry that is evicted for lack of room proves that nothing older is left', () => {
  const table = openTable(100, true, HELD_BYTES_MAX)
  insert(table, numbered(1), 60)
  expect(table.hasOlder).toBe(true)
  insert(table, numbered(2), 60)
  expect(table).toMatchObject({ hasOlder: false, count: 1 })
  forget(table, 300)
  insert(table, numbered(4), 100)
  insert(table, numbered(5), 34)
  resize(table, 130)
  expect(table).toMatchObject({ hasOlder: false, count: 1 })
  forget(table, 100)
  expect(table).toMatchObject({ hasOlder: true, count: 0, bytes: 0 })
  insert(table, numbered(3), 101)
  expect(table).toMatchObject({ hasOlder: false, count: 0 })
})

test('entries without name are counted while they are held', () => {
  const table = openTable(100, false, HELD_BYTES_MAX)
  insert(table, undefined, 40)
  insert(table, numbered(1), 40)
  expect([table.nameless, mayHave(table, 1), entryAt(table, 1)]).toEqual([1, true, undefined])
  insert(table, numbered(2), 40)
  expect(table.nameless).toBe(0)
  insert(table, undefined, 40)
  resize(table, 0)
  expect(table).toMatchObject({ nameless: 0, count: 0, bytes: 0, hasOlder: false })
})
