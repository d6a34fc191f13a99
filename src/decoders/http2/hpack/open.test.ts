import { expect, test } from 'vitest'
import { integer, string } from '../../../../test/support/hpack-encoder.ts'
import type { FieldBlock, Hpack } from './hpack.ts'
import { openHpack } from './open.ts'

const CONNECTION = { joinedLate: false }

/** A field with a name and a value of one letter, 34 bytes in the table. */
const inserted = (name: string, value: string): number[] => [
  0x40,
  ...string(name, false),
  ...string(value, false),
]
const resized = (bytes: number): number[] => integer(bytes, 5, 0x20)
const indexed = (index: number): number[] => integer(index, 7, 0x80)
const decode = (hpack: Hpack, ...parts: readonly number[][]): FieldBlock =>
  hpack.decode(Uint8Array.from(parts.flat()))

test('an empty block says nothing', () => {
  const block = decode(openHpack(CONNECTION))
  expect(block).toEqual({ fields: [], unknownFields: [], broken: false, cut: false })
})

/** A literal whose value is 127 bytes long, said in 7 bytes where 2 would do. */
const LONG_ZEROS = [0x00, 0x01, 0x61, 0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, ...Buffer.alloc(127)]

const BROKEN: readonly (readonly [why: string, bytes: readonly number[]])[] = [
  ['index 0 (§6.1)', [0x80]],
  ['an index beyond the table (§2.3.3)', [0xbe]],
  ['a name beyond the table', [0x7e, 0x01, 0x61]],
  ['an integer that goes on beyond 32 bits (§5.1)', [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ['a length with more zeros than 32 bits (§5.1)', LONG_ZEROS],
  ['an integer that is cut off', [0xff, 0x80]],
  ['a literal without name', [0x40]],
  ['a name that is cut off', [0x40, 0x02, 0x61]],
  ['a literal without value', [0x40, 0x01, 0x61]],
  ['a value that is cut off', [0x40, 0x01, 0x61, 0x05, 0x61]],
  ['a size beyond what SETTINGS allow (§6.3)', resized(4097)],
  ['a change of size behind a field (§4.2)', [0x82, ...resized(100)]],
  ['padding of 8 ones (§5.2)', [0x00, 0x81, 0x1f, 0x82, 0x1f, 0xff]],
  ['padding with a zero (§5.2)', [0x00, 0x81, 0x1f, 0x81, 0x1e]],
  ['an end of string in a string (§5.2)', [0x00, 0x81, 0x1f, 0x84, 0xff, 0xff, 0xff, 0xff]],
]

test.for(BROKEN)('broken: %s', ([, bytes]) => {
  const hpack = openHpack(CONNECTION)
  const before = bytes.at(0) === 0x82 ? 1 : 0
  const block = decode(hpack, [...bytes])
  expect(block.broken).toBe(true)
  expect(block.fields).toHaveLength(before)
  expect(hpack.exact).toBe(false)
})

test('a length may be said in 6 bytes, and a size may have 32 bits but no more', () => {
  const length = [0x00, 0x01, 0x61, 0x7f, 0x80, 0x80, 0x80, 0x80, 0x00, ...Buffer.alloc(127)]
  expect(decode(openHpack(CONNECTION), length)).toMatchObject({
    broken: false,
    fields: [['a', '\0'.repeat(127)]],
  })
  expect(decode(openHpack({ joinedLate: true }), resized(2 ** 32 - 1)).broken).toBe(false)
  expect(decode(openHpack({ joinedLate: true }), resized(2 ** 32)).broken).toBe(true)
})

test('a Huffman string may be padded by 1 to 7 ones, or by none', () => {
  // The letter "a" has 5 bits, "b" 6, ":" 7, "&" 8.
  const values = ['a', 'b', ':', '&', 'aa', 'ab', 'bb', 'aaa', 'a&', 'aaaaaaaa']
  for (const value of values) {
    const block = decode(openHpack(CONNECTION), [0, ...string('x', true), ...string(value, true)])
    expect(block.fields).toEqual([['x', value]])
  }
})

test('every byte is Latin-1 text, with Huffman coding and without, short and long', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
  for (const huffman of [false, true]) {
    for (const value of [all, all.repeat(400), ...all.split('')]) {
      const block = decode(openHpack(CONNECTION), [0, ...string('n', huffman), ...string(value, huffman)])
      expect(block).toEqual({ fields: [['n', value]], unknownFields: [], broken: false, cut: false })
    }
  }
})

test('what is given does not change with the borrowed block', () => {
  const hpack = openHpack(CONNECTION)
  const bytes = Uint8Array.from(inserted('name-of-some-length', 'value-of-some-length'))
  const { fields } = hpack.decode(bytes)
  bytes.fill(0x82)
  expect(fields).toEqual([['name-of-some-length', 'value-of-some-length']])
  expect(decode(hpack, indexed(62)).fields).toEqual(fields)
})

test('an entry larger than the table empties it (§4.4)', () => {
  const hpack = openHpack(CONNECTION)
  decode(hpack, resized(68), inserted('a', '1'), inserted('b', '2'))
  expect(decode(hpack, indexed(63), indexed(62)).fields).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
  expect(decode(hpack, inserted('c', '3'.repeat(36))).fields).toEqual([['c', '3'.repeat(36)]])
  expect(hpack.exact).toBe(true)
  expect(decode(hpack, indexed(62)).broken).toBe(true)
})

test('a name is taken before the insertion evicts its entry (§4.4)', () => {
  const hpack = openHpack(CONNECTION)
  const named = [0x7e, ...string('3', false)]
  const block = decode(hpack, resized(34), inserted('a', '1'), named, indexed(62))
  expect(block.fields).toEqual([
    ['a', '1'],
    ['a', '3'],
    ['a', '3'],
  ])
})

test('SETTINGS allow a size, and the encoder must choose it (§4.2)', () => {
  const hpack = openHpack(CONNECTION)
  hpack.setTableBytesMax(8192)
  decode(hpack, inserted('a', 'v'.repeat(5000)))
  expect(decode(hpack, resized(8192), inserted('a', 'v'.repeat(5000)), indexed(62)).fields).toHaveLength(2)
  hpack.setTableBytesMax(100)
  expect(decode(hpack, resized(101)).broken).toBe(true)
})

test('an encoder that ignores smaller SETTINGS is understood by the table as it has it', () => {
  const hpack = openHpack(CONNECTION)
  decode(hpack, inserted('a', '1'))
  hpack.setTableBytesMax(0)
  expect(decode(hpack, indexed(62))).toMatchObject({ fields: [['a', '1']], broken: false })
})

test('once an encoder has chosen its size, SETTINGS alone change nothing', () => {
  const hpack = openHpack({ joinedLate: true })
  decode(hpack, resized(4096), inserted('a', '1'))
  hpack.setTableBytesMax(0)
  expect(decode(hpack, indexed(62)).fields).toEqual([['a', '1']])
})

test('after a loss the table is as large as SETTINGS allow, but for the larger size that must be chosen', () => {
  const hpack = openHpack(CONNECTION)
  hpack.lose()
  hpack.setTableBytesMax(8192)
  for (let bytes = 0; bytes < 4080; bytes += 34) {
    expect(hpack.exact).toBe(false)
    decode(hpack, inserted('a', '1'))
  }
  expect(hpack.exact).toBe(true)
  hpack.lose()
  hpack.setTableBytesMax(60)
  expect(hpack.exact).toBe(false)
  decode(hpack, inserted('a', '1'))
  expect(hpack.exact).toBe(true)
})

test('when SETTINGS may have passed unseen, insertions prove nothing until a size is seen', () => {
  for (const losesFirst of [true, false]) {
    const hpack = openHpack(CONNECTION)
    if (losesFirst) hpack.lose()
    hpack.setTableBytesMax(Number.POSITIVE_INFINITY)
    if (!losesFirst) hpack.lose()
    for (let bytes = 0; bytes < 8192; bytes += 34) decode(hpack, inserted('a', '1'))
    expect(hpack.exact).toBe(false)
    expect(decode(hpack, indexed(61 + 300))).toMatchObject({
      unknownFields: ['dynamic index 361'],
      broken: false,
    })
    decode(hpack, resized(4096))
    expect(hpack.exact).toBe(true)
  }
})

test('what follows a broken block is read as after a loss', () => {
  const hpack = openHpack(CONNECTION)
  decode(hpack, inserted('a', '1'), inserted('b', '2'))
  expect(decode(hpack, inserted('c', '3'), indexed(99))).toMatchObject({ broken: true, fields: [['c', '3']] })
  expect(hpack.exact).toBe(false)
  expect(decode(hpack, indexed(62), inserted('d', '4'), indexed(62), indexed(63), [0x82])).toEqual({
    fields: [
      ['d', '4'],
      ['d', '4'],
      [':method', 'GET'],
    ],
    unknownFields: ['dynamic index 62', 'dynamic index 63'],
    broken: false,
    cut: false,
  })
})

test('a block is bounded, and the table is right all the same', () => {
  const hpack = openHpack({ joinedLate: false, fieldsBytesMax: 100 })
  const block = decode(hpack, inserted('a', '1'), inserted('b', '2'), inserted('c', '3'), inserted('d', '4'))
  expect(block).toMatchObject({ cut: true, broken: false })
  expect(block.fields.map(([name]) => name)).toEqual(['a', 'b'])
  expect(decode(hpack, indexed(62), indexed(63))).toMatchObject({
    cut: false,
    fields: [
      ['d', '4'],
      ['c', '3'],
    ],
  })
  const large = decode(hpack, inserted('e', 'v'.repeat(100)), inserted('f', '6'))
  expect(large).toMatchObject({ cut: true, fields: [] })
  const late = openHpack({ joinedLate: true, fieldsBytesMax: 100 })
  const unknown = decode(late, ...Array.from({ length: 50 }, () => indexed(70)))
  expect(unknown).toMatchObject({ cut: true, broken: false })
  expect(unknown.unknownFields).toHaveLength(3)
})

test('a table beyond what is held is unknown where it was dropped, and never wrong', () => {
  const hpack = openHpack({ joinedLate: false, tableBytesMax: 100 })
  hpack.setTableBytesMax(2 ** 32 - 1)
  decode(hpack, resized(2 ** 32 - 1), inserted('a', '1'), inserted('b', '2'))
  expect(hpack.exact).toBe(true)
  decode(hpack, inserted('c', '3'))
  expect(hpack.exact).toBe(false)
  expect(decode(hpack, indexed(62), indexed(63), indexed(64))).toEqual({
    fields: [
      ['c', '3'],
      ['b', '2'],
    ],
    unknownFields: ['dynamic index 64'],
    broken: false,
    cut: false,
  })
  decode(hpack, inserted('large', 'v'.repeat(100)))
  expect(decode(hpack, indexed(62)).unknownFields).toEqual(['dynamic index 62'])
  decode(hpack, inserted('e', '5'))
  expect(decode(hpack, indexed(62), indexed(63))).toMatchObject({
    fields: [['e', '5']],
    unknownFields: ['dynamic index 63'],
  })
  decode(hpack, resized(34))
  expect(hpack.exact).toBe(true)
})

test('static fields are shared and cannot be changed', () => {
  const [field] = decode(openHpack(CONNECTION), [0x82]).fields
  expect(Object.isFrozen(field)).toBe(true)
  expect(decode(openHpack(CONNECTION), [0x82]).fields[0]).toBe(field)
})
