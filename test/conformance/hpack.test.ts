import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Hpack } from '../../src/decoders/http2/hpack/hpack.ts'
import { openHpack } from '../../src/decoders/http2/hpack/open.ts'
import { STATIC_TABLE } from '../../src/decoders/http2/hpack/static-table.ts'
import type { Header } from '../../src/decoders/message.ts'
import { integer, string } from '../support/hpack-encoder.ts'
import { type Deflater, openDeflater, openInflater } from '../support/nghttp2-hpack.ts'
import { runs } from '../support/run-counts.ts'

const CONNECTIONS = runs(200)
const BLOCKS_PER_CONNECTION = 50
const TABLE_SIZES = [0, 31, 32, 64, 100, 256, 1000, 4096, 4096, 4096, 16_384, 65_536, 2 ** 32 - 1]
const NAMES = [...new Set(STATIC_TABLE.slice(1).map(([name]) => name)), 'x-request-id', 'x-forwarded-for']
const VALUES = [
  '',
  '200',
  'GET',
  '/',
  'gzip, deflate',
  'no-cache',
  'text/html; charset=utf-8',
  'a'.repeat(300),
]

interface Choices {
  below(limit: number): number
  of<Item>(items: readonly Item[], otherwise: Item): Item
}

/** The same numbers in each run: mulberry32. */
function chooseFrom(seed: number): Choices {
  let state = seed
  return { below, of: (items, otherwise) => items[below(items.length)] ?? otherwise }

  function below(limit: number): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

/** Mostly from the fields that are usual on this connection, so that there is something to refer to. */
function someFields(choices: Choices, usual: readonly Header[] = []): Header[] {
  return Array.from({ length: choices.below(12) }, () => {
    const field = someField(choices)
    return choices.below(4) === 0 ? field : choices.of(usual, field)
  })
}

function someField({ below, of }: Choices): Header {
  const name = below(20) === 0 ? `x-${below(40)}` : of(NAMES, 'x')
  const kind = below(10)
  if (kind === 0) return [name, String.fromCharCode(...Array.from({ length: below(40) }, () => below(256)))]
  return [name, kind < 4 ? `v${below(30)}` : of(VALUES, '')]
}

/** What came of the blocks; the fields are those that readers told who came late or lost blocks. */
interface Told {
  blocks: number
  fields: number
  unknown: number
  exactAgain: number
}

test('header blocks of nghttp2 are read as they were meant, by readers who come late too', () => {
  const choices = chooseFrom(7541)
  const told: Told = { blocks: 0, fields: 0, unknown: 0, exactAgain: 0 }
  for (let connection = 0; connection < CONNECTIONS; connection += 1) {
    const deflater = openDeflater(choices.of(TABLE_SIZES.slice(0, -1), 4096))
    readConnection(deflater, choices, told)
    deflater.close()
  }
  expect(told.blocks).toBe(CONNECTIONS * BLOCKS_PER_CONNECTION)
  expect(told.fields).toBeGreaterThan(CONNECTIONS * 250)
  expect(told.unknown).toBeGreaterThan(CONNECTIONS * 5)
  expect(told.exactAgain).toBeGreaterThan(CONNECTIONS * 5)
})

function readConnection(deflater: Deflater, choices: Choices, told: Told): void {
  const whole = openHpack({ joinedLate: false })
  const holed = openHpack({ joinedLate: choices.below(2) === 0 })
  const usual = Array.from({ length: 30 }, () => someField(choices))
  const joinsAt = choices.below(BLOCKS_PER_CONNECTION)
  let late: Hpack | undefined
  for (let number = 0; number < BLOCKS_PER_CONNECTION; number += 1) {
    if (number === joinsAt) late = openHpack({ joinedLate: true })
    for (let changes = Math.max(0, choices.below(100) - 97); changes > 0; changes -= 1) {
      const settings = choices.of(TABLE_SIZES, 4096)
      deflater.resize(settings)
      for (const hpack of [whole, holed, late]) hpack?.setTableBytesMax(settings)
    }
    const fields = someFields(choices, usual)
    const block = deflater.deflate(fields, choices.below(8) === 0)
    expectWhole(whole, block, fields)
    if (choices.below(12) === 0) holed.lose()
    else expectSome(holed, block, fields, told)
    if (late !== undefined) expectSome(late, block, fields, told)
    told.blocks += 1
  }
}

function expectWhole(hpack: Hpack, bytes: Uint8Array, fields: readonly Header[]): void {
  const block = hpack.decode(bytes)
  const right = isSame(block.fields, fields) && block.unknownFields.length === 0
  if (!right || block.broken || block.cut || !hpack.exact) expect(block.fields).toEqual(fields)
  expect(right && hpack.exact).toBe(true)
}

/** Each field is told as it was meant, in its order, or is unknown; none is when the reader was exact. */
function expectSome(hpack: Hpack, bytes: Uint8Array, fields: readonly Header[], told: Told): void {
  const wasExact = hpack.exact
  const block = hpack.decode(bytes)
  const { unknownFields } = block
  const right = isPartOf(block.fields, fields) && block.fields.length + unknownFields.length === fields.length
  if (!right || block.broken || block.cut) expect(block).toEqual(fields)
  expect(right && (unknownFields.length === 0 || !wasExact)).toBe(true)
  told.fields += block.fields.length
  told.unknown += unknownFields.length
  told.exactAgain += hpack.exact ? 1 : 0
}

function isSame(some: readonly Header[], all: readonly Header[]): boolean {
  return some.length === all.length && isPartOf(some, all)
}

/** Whether `some` is what is left of `all` when fields are taken away. */
function isPartOf(some: readonly Header[], all: readonly Header[]): boolean {
  let found = 0
  for (const [name, value] of all) {
    const next = some[found]
    if (next !== undefined && next[0] === name && next[1] === value) found += 1
  }
  return found === some.length
}

test('blocks that are damaged or made up are judged as nghttp2 judges them', () => {
  const choices = chooseFrom(9113)
  let broken = 0
  for (let connection = 0; connection < 4000; connection += 1) {
    const deflater = openDeflater(4096)
    const inflater = openInflater()
    const hpack = openHpack({ joinedLate: false })
    for (let number = 0; number < 5; number += 1) {
      const block = deflater.deflate(someFields(choices), false)
      const bytes = choices.below(4) === 0 ? madeUp(choices) : damaged(block, choices)
      const { fields, unknownFields, broken: isBroken } = hpack.decode(bytes)
      expect({ fields, broken: isBroken, unknownFields }).toEqual({
        ...inflater.inflate(bytes),
        unknownFields: [],
      })
      broken += isBroken ? 1 : 0
      if (isBroken) break
    }
    deflater.close()
    inflater.close()
  }
  expect(broken).toBeGreaterThan(1000)
  expect(broken).toBeLessThan(4000)
})

function damaged(block: Uint8Array, { below }: Choices): Uint8Array {
  const copy = Uint8Array.from(block)
  if (copy.length === 0 || below(2) === 0) return copy
  copy[below(copy.length)] = below(256)
  return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy
}

function madeUp({ below }: Choices): Uint8Array {
  return Uint8Array.from({ length: below(30) }, () => below(256))
}

test('the static table is that of nghttp2', () => {
  const inflater = openInflater()
  const all = Uint8Array.from({ length: STATIC_TABLE.length - 1 }, (_, index) => 0x80 | (index + 1))
  expect(STATIC_TABLE.slice(1)).toEqual(inflater.inflate(all).fields)
  inflater.close()
})

test('Huffman strings are read as nghttp2 reads them, whatever the bytes', () => {
  const coded = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary-ascii' }).map((text) => Uint8Array.from(string(text, true).slice(1))),
  )
  fc.assert(
    fc.property(coded, (bytes) => {
      const block = Uint8Array.from([0, 1, 0x61, ...integer(bytes.length, 7, 0x80), ...bytes])
      const inflater = openInflater()
      const { fields, broken } = openHpack({ joinedLate: false }).decode(block)
      expect({ fields, broken }).toEqual(inflater.inflate(block))
      inflater.close()
    }),
    { numRuns: runs(1000) },
  )
})
