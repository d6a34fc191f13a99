import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type BlockChoice,
  type FieldChoice,
  type HpackEncoder,
  openEncoder,
  type SentBlock,
  type SentEntry,
} from '../../../../test/support/hpack-encoder.ts'
import type { Hpack } from './hpack.ts'
import { openHpack } from './open.ts'

const LATIN1 = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const NAME = fc.oneof(
  fc.constantFrom('a', 'accept', 'x-long-name'),
  fc.string({ unit: LATIN1, maxLength: 12 }),
)
const VALUE = fc.oneof(fc.constantFrom('', '1', 'v'.repeat(60)), fc.string({ unit: LATIN1, maxLength: 30 }))
const PICK = fc.nat({ max: 300 })
const FIELD: fc.Arbitrary<FieldChoice> = fc.oneof(
  fc.record({ kind: fc.constant('indexed' as const), pick: PICK }),
  fc.record({
    kind: fc.constant('literal' as const),
    how: fc.constantFrom('inserted' as const, 'inserted' as const, 'passing' as const, 'never' as const),
    name: fc.oneof(PICK, NAME),
    value: VALUE,
    huffman: fc.boolean(),
  }),
)
const SIZE = fc.oneof(fc.constantFrom(0, 34, 100, 300, 4096, 65_536), fc.nat({ max: 1000 }))
const BLOCK: fc.Arbitrary<BlockChoice> = fc.record({
  settings: fc.oneof({ arbitrary: fc.constant(undefined), weight: 12 }, SIZE),
  sizes: fc.oneof({ arbitrary: fc.constant([]), weight: 12 }, fc.array(SIZE, { maxLength: 3 })),
  fields: fc.array(FIELD, { maxLength: 8 }),
})
const BLOCKS = fc.array(BLOCK, { minLength: 6, maxLength: 25 })
const RUNS = { numRuns: 2000 }

/** What a reader must know who sees all since `since`: an entry made later, whose name it knows too. */
function knows(entry: SentEntry | undefined, since: number): boolean {
  return entry === undefined || (entry.block >= since && knows(entry.namedBy, since))
}

function said(block: SentBlock, since: number, fields = block.fields) {
  return {
    fields: fields.filter(({ entry }) => knows(entry, since)).map(({ header }) => header),
    unknownFields: fields.filter(({ entry }) => !knows(entry, since)).map(({ unknown }) => unknown),
    broken: false,
    cut: false,
  }
}

function isExactAfter(hpack: Hpack, encoder: HpackEncoder, since: number): boolean {
  return !hpack.exact || encoder.entries.every((entry) => knows(entry, since))
}

test('what is encoded is decoded, whatever the representations and the table sizes', () => {
  fc.assert(
    fc.property(BLOCKS, (choices) => {
      const encoder = openEncoder()
      const hpack = openHpack({ joinedLate: false })
      for (const choice of choices) {
        if (choice.settings !== undefined) hpack.setTableBytesMax(choice.settings)
        const sent = encoder.encode(choice)
        expect(hpack.decode(sent.bytes)).toEqual(said(sent, 0))
        expect(hpack.exact).toBe(true)
      }
    }),
    RUNS,
  )
})

test('joined late: what was inserted since is told, all else is unknown, and nothing is wrong', () => {
  const seen = { unknown: 0, dynamic: 0, exactAgain: 0 }
  fc.assert(
    fc.property(BLOCKS, fc.nat({ max: 12 }), (choices, since) => {
      const encoder = openEncoder()
      const hpack = openHpack({ joinedLate: true })
      choices.forEach((choice, number) => {
        const sent = encoder.encode(choice)
        if (number < since) return
        if (choice.settings !== undefined) hpack.setTableBytesMax(choice.settings)
        const expected = said(sent, since)
        expect(hpack.decode(sent.bytes)).toEqual(expected)
        expect(isExactAfter(hpack, encoder, since)).toBe(true)
        seen.unknown += expected.unknownFields.length
        seen.dynamic += sent.fields.filter(({ entry }) => entry !== undefined).length
        seen.exactAgain += hpack.exact ? 1 : 0
      })
    }),
    RUNS,
  )
  expect(seen.unknown).toBeGreaterThan(1000)
  expect(seen.dynamic - seen.unknown).toBeGreaterThan(1000)
  expect(seen.exactAgain).toBeGreaterThan(1000)
})

test('lost and cut-off blocks: only what was inserted since is told', () => {
  const FATE = fc.constantFrom('seen', 'seen', 'seen', 'seen', 'lost', 'cut off')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(BLOCK, FATE, fc.nat()), { minLength: 1, maxLength: 25 }),
      fc.boolean(),
      (blocks, joinedLate) => {
        const encoder = openEncoder()
        const hpack = openHpack({ joinedLate })
        let since = 0
        blocks.forEach(([choice, fate, place], number) => {
          if (choice.settings !== undefined) hpack.setTableBytesMax(choice.settings)
          const sent = encoder.encode(choice)
          const within = insideFields(sent)
          const at = within[place % Math.max(1, within.length)]
          if (fate === 'seen') expect(hpack.decode(sent.bytes)).toEqual(said(sent, since))
          else if (fate === 'lost' || at === undefined) hpack.lose()
          else expectBroken(hpack, sent, since, at)
          if (fate !== 'seen') since = number + 1
          expect(isExactAfter(hpack, encoder, since)).toBe(true)
        })
      },
    ),
    RUNS,
  )
})

/** A field cut off in its middle breaks the block, and the fields before it are told. */
function expectBroken(hpack: Hpack, sent: SentBlock, since: number, at: number): void {
  const before = said(sent, since, sent.fields.slice(0, sent.fieldsBefore(at)))
  expect(hpack.decode(sent.bytes.subarray(0, at))).toEqual({ ...before, broken: true })
  expect(hpack.exact).toBe(false)
}

function insideFields(sent: SentBlock): readonly number[] {
  return Array.from(sent.bytes.keys()).filter((at) => at > 0 && !sent.ends.includes(at))
}

test('every place inside a field breaks a block that ends there', () => {
  fc.assert(
    fc.property(BLOCK, (choice) => {
      const sent = openEncoder().encode({ ...choice, settings: undefined })
      for (const at of insideFields(sent)) {
        expectBroken(openHpack({ joinedLate: false }), sent, 0, at)
      }
    }),
  )
})

test('exact again once nothing older can be left, when the size of the table is known', () => {
  fc.assert(
    fc.property(BLOCKS, fc.nat({ max: 12 }), fc.integer({ min: 40, max: 500 }), (choices, since, bytes) => {
      const encoder = openEncoder()
      const hpack = openHpack({ joinedLate: true })
      choices.slice(0, since).forEach((choice) => {
        encoder.encode(choice)
      })
      const field = {
        kind: 'literal',
        how: 'inserted',
        name: 'n',
        value: 'v'.repeat(7),
        huffman: false,
      } as const
      hpack.decode(encoder.encode({ settings: 600, sizes: [bytes], fields: [] }).bytes)
      for (let insertedBytes = 0; insertedBytes + 32 <= bytes; insertedBytes += 40) {
        if (encoder.entries.some((entry) => entry.block < since)) expect(hpack.exact).toBe(false)
        hpack.decode(encoder.encode({ sizes: [], fields: [field] }).bytes)
      }
      expect(hpack.exact).toBe(true)
    }),
  )
})

test('a size of 0 makes the reader exact at once', () => {
  const hpack = openHpack({ joinedLate: true })
  expect(hpack.exact).toBe(false)
  expect(hpack.decode(Uint8Array.of(0x20, 0x82)).broken).toBe(false)
  expect(hpack.exact).toBe(true)
  expect(hpack.decode(Uint8Array.of(0xbe)).broken).toBe(true)
})

test('no SETTINGS and no size seen: no number of insertions proves that nothing older is left', () => {
  const hpack = openHpack({ joinedLate: true })
  const field = Uint8Array.of(0x40, 1, 0x61, 1, 0x62)
  for (let number = 0; number < 10_000; number += 1) hpack.decode(field)
  expect(hpack.exact).toBe(false)
  hpack.setTableBytesMax(4096)
  expect(hpack.exact).toBe(true)
})

test('an entry whose name is unknown stays unknown until it is evicted', () => {
  const hpack = openHpack({ joinedLate: true })
  hpack.setTableBytesMax(101)
  // Index 62 gives a name that nobody saw; then the new entry is asked for whole, and for its name.
  const block = hpack.decode(Uint8Array.of(0x7e, 1, 0x61, 0xbe, 0x0f, 0x2f, 1, 0x62))
  expect(block.unknownFields).toEqual([
    'dynamic index 62 (name)',
    'dynamic index 62',
    'dynamic index 62 (name)',
  ])
  hpack.decode(Uint8Array.of(0x20 | 31, 101 - 31))
  hpack.decode(Uint8Array.of(0x40, 1, 0x61, 1, 0x62, 0x40, 1, 0x63, 1, 0x64))
  expect(hpack.exact).toBe(false)
  hpack.decode(Uint8Array.of(0x40, 1, 0x65, 1, 0x66))
  expect(hpack.exact).toBe(true)
})

test('random bytes never throw, and what comes of them is bounded', () => {
  const BYTES = fc.uint8Array({ maxLength: 3000 })
  fc.assert(
    fc.property(fc.array(BYTES, { maxLength: 6 }), fc.boolean(), SIZE, (blocks, joinedLate, settings) => {
      const fieldsBytesMax = 2000
      const hpack = openHpack({ joinedLate, fieldsBytesMax, tableBytesMax: 500 })
      for (const bytes of blocks) {
        const { fields, unknownFields } = hpack.decode(bytes)
        const total = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
        expect(total + 32 * unknownFields.length).toBeLessThanOrEqual(fieldsBytesMax)
        hpack.setTableBytesMax(settings)
      }
    }),
    RUNS,
  )
})
