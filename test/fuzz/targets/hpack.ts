import type { FieldBlock, Hpack } from '../../../src/decoders/http2/hpack/hpack.ts'
import { readInteger } from '../../../src/decoders/http2/hpack/integers.ts'
import { openHpack } from '../../../src/decoders/http2/hpack/open.ts'
import { headerBlocks } from '../../support/http2-recording.ts'
import { Finding } from '../finding.ts'
import { bounded, bytesFrom, hashOf, type Input } from '../input.ts'
import type { Target } from '../target.ts'

const SMALL_FIELDS_BYTES = 600
const SMALL_TABLE_BYTES = 128
const FIRST_TABLE_BYTES = 4096
const BLOCKS_EACH = [1, 3, 12, 60]
const REQUESTS = 60

/**
 * A client's chunk is a header block; a server's chunk sets the table's size by its first two bytes; a gap is
 * the next block lost. Beside one who hears everything listens one who joins late and loses blocks: what it
 * gives must be what the other gives, with unknown fields in places.
 */
export const hpack: Target = {
  covers: /^src\/decoders\/http2\/hpack\//,
  variants: 4,
  tokens: [
    Uint8Array.of(0x20),
    Uint8Array.of(0x3f, 0xe1, 0x1f),
    Uint8Array.of(0x82, 0x86, 0x84),
    Uint8Array.of(0xbe),
    Uint8Array.of(0xbf, 0xc0),
    Uint8Array.of(0x7e, 1, 97),
    Uint8Array.of(0x40, 1, 97, 1, 98),
    Uint8Array.of(0x10, 1, 97, 1, 98),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0x40, 0x82, 0xff, 0xff, 0x00),
    Buffer.from('418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'),
    Buffer.from('488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff', 'hex'),
  ],
  check,
  feed,
  async seeds() {
    const { client, server } = await headerBlocks(REQUESTS)
    return [client, server].flatMap((blocks) => {
      return BLOCKS_EACH.map((count) => {
        const actions = blocks.slice(0, count).map((block) => bytesFrom('client', block))
        return bounded({ variant: 0, actions })
      })
    })
  },
}

function openBoth(variant: number): { readonly knows: Hpack; readonly late: Hpack } {
  const fieldsBytesMax = variant & 1 ? SMALL_FIELDS_BYTES : undefined
  const limits = fieldsBytesMax === undefined ? {} : { fieldsBytesMax }
  const table = variant & 2 ? { tableBytesMax: SMALL_TABLE_BYTES } : {}
  return {
    knows: openHpack({ joinedLate: false, ...limits }),
    late: openHpack({ joinedLate: true, ...limits, ...table }),
  }
}

function feed({ variant, actions }: Input): void {
  const { knows } = openBoth(variant)
  for (const action of actions) if (action.kind === 'bytes') knows.decode(action.bytes)
}

function check(input: Input, traits: Set<string>): void {
  const { knows, late } = openBoth(input.variant)
  let missedBlocks = hashOf(input) % 4
  let allowedBytes = FIRST_TABLE_BYTES
  let announcedBytes = Number.POSITIVE_INFINITY
  for (const action of input.actions) {
    if (action.kind === 'gap') {
      missedBlocks += 1
      continue
    }
    if (action.from === 'server') {
      const size = ((action.bytes[0] ?? 0) << 8) | (action.bytes[1] ?? 0)
      if (size < allowedBytes) announcedBytes = Math.min(announcedBytes, size)
      allowedBytes = size
      knows.setTableBytesMax(size)
      late.setTableBytesMax(size)
      continue
    }
    if (Number.isFinite(announcedBytes) && firstSizeIn(action.bytes) > announcedBytes) return
    announcedBytes = Number.POSITIVE_INFINITY
    const whole = knows.decode(action.bytes)
    checkSize(whole, input.variant)
    // What follows a mistake of the encoder has no meaning that two could agree on.
    if (whole.broken) return
    if (whole.unknownFields.length > 0)
      throw new Finding('unknown though all was heard', whole.unknownFields.join())
    if (missedBlocks > 0) {
      missedBlocks -= 1
      late.lose()
      continue
    }
    const partial = late.decode(action.bytes)
    checkSize(partial, input.variant)
    compare(whole, partial)
    traits.add(`unknown ${Math.min(4, partial.unknownFields.length)} of ${Math.min(4, whole.fields.length)}`)
    traits.add(`exact ${late.exact} cut ${whole.cut}`)
  }
}

/**
 * An encoder must take up a smaller table before anything else (RFC 7541 §4.2), or what it says has no
 * meaning that two could agree on. Infinity when the block does not begin with a size.
 */
function firstSizeIn(block: Uint8Array): number {
  const cursor = { block, at: 0 }
  if (((block[0] ?? 0) & 0xe0) !== 0x20) return Number.POSITIVE_INFINITY
  const size = readInteger(cursor, 0x1f)
  return size < 0 ? Number.POSITIVE_INFINITY : size
}

function compare(whole: FieldBlock, partial: FieldBlock): void {
  if (partial.broken) throw new Finding('a sound block is broken for who came late', '')
  if (whole.cut || partial.cut) return
  const unknown = partial.unknownFields.length
  if (partial.fields.length + unknown !== whole.fields.length)
    throw new Finding('fields', `${partial.fields.length} and ${unknown} unknown of ${whole.fields.length}`)
  let at = 0
  for (const [name, value] of partial.fields) {
    while (at < whole.fields.length && (whole.fields[at]?.[0] !== name || whole.fields[at]?.[1] !== value))
      at += 1
    if (at === whole.fields.length) throw new Finding('a field was guessed', `${name}: ${value}`)
    at += 1
  }
}

function checkSize({ fields }: FieldBlock, variant: number): void {
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  if (variant & 1 && bytes > SMALL_FIELDS_BYTES)
    throw new Finding('fields past their limit', `${bytes} bytes`)
}
