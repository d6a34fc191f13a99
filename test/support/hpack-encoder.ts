import { CODE_BITS } from '../../src/decoders/http2/hpack/huffman.ts'
import { DYNAMIC_FROM, STATIC_TABLE } from '../../src/decoders/http2/hpack/static-table.ts'
import type { Header } from '../../src/decoders/message.ts'

/**
 * A field as it shall be sent. An even number picks a dynamic entry, if there is one, an odd one a static
 * entry; half of it is taken modulo the entries there are.
 */
export type FieldChoice =
  | { readonly kind: 'indexed'; readonly pick: number }
  | {
      readonly kind: 'literal'
      readonly how: 'inserted' | 'passing' | 'never'
      /** A number picks an entry for the name. */
      readonly name: string | number
      readonly value: string
      readonly huffman: boolean
    }

export interface BlockChoice {
  /** SETTINGS_HEADER_TABLE_SIZE acknowledged before this block. */
  readonly settings?: number | undefined
  /** Sizes the encoder chooses at the beginning of the block, taken modulo one more than is allowed. */
  readonly sizes: readonly number[]
  readonly fields: readonly FieldChoice[]
}

/** A field as it was sent, and what a reader must have seen to know it. */
export interface SentField {
  readonly header: Header
  /** The dynamic entry referred to. */
  readonly entry: SentEntry | undefined
  /** What a reader says who does not know that entry. */
  readonly unknown: string
}

export interface SentEntry {
  readonly header: Header
  /** Number of the block in which it was inserted. */
  readonly block: number
  /** The entry that its name was taken from. */
  readonly namedBy: SentEntry | undefined
}

export interface SentBlock {
  readonly bytes: Uint8Array
  readonly fields: readonly SentField[]
  /** Where a field or a change of size ends. */
  readonly ends: readonly number[]
  /** How many fields end there. */
  readonly fieldsBefore: (end: number) => number
}

export interface HpackEncoder {
  encode(choice: BlockChoice): SentBlock
  /** Newest first. */
  readonly entries: readonly SentEntry[]
  readonly sizeMax: number
}

/** Encodes as RFC 7541 allows and as it is told, without any thrift. */
export function openEncoder(): HpackEncoder {
  const entries: SentEntry[] = []
  let allowed = 4096
  let sizeMax = 4096
  let blocks = 0
  return {
    encode,
    entries,
    get sizeMax() {
      return sizeMax
    },
  }

  function encode({ settings, sizes, fields }: BlockChoice): SentBlock {
    const bytes: number[] = []
    const ends: number[] = []
    const sent: SentField[] = []
    allowed = settings ?? allowed
    for (const size of sizeMax > allowed ? [allowed, ...sizes] : sizes) {
      sizeMax = size % (allowed + 1)
      bytes.push(...integer(sizeMax, 5, 0x20))
      ends.push(bytes.length)
      evict()
    }
    const updates = ends.length
    for (const field of fields) {
      sent.push(field.kind === 'indexed' ? sendIndexed(field.pick, bytes) : sendLiteral(field, bytes))
      ends.push(bytes.length)
    }
    blocks += 1
    const fieldsBefore = (end: number): number =>
      ends.filter((at, index) => index >= updates && at <= end).length
    return { bytes: Uint8Array.from(bytes), fields: sent, ends, fieldsBefore }
  }

  function sendIndexed(pick: number, bytes: number[]): SentField {
    const index = picked(pick)
    const entry = entries[index - DYNAMIC_FROM]
    bytes.push(...integer(index, 7, 0x80))
    return { header: headerAt(index), entry, unknown: `dynamic index ${index}` }
  }

  function sendLiteral(field: FieldChoice & { kind: 'literal' }, bytes: number[]): SentField {
    const { how, value, huffman } = field
    const index = typeof field.name === 'number' ? picked(field.name) : 0
    const name = typeof field.name === 'number' ? headerAt(index)[0] : field.name
    const [bits, first] = how === 'inserted' ? [6, 0x40] : [4, how === 'never' ? 0x10 : 0]
    bytes.push(...integer(index, bits, first))
    if (index === 0) bytes.push(...string(name, huffman))
    bytes.push(...string(value, huffman))
    const namedBy = entries[index - DYNAMIC_FROM]
    if (how === 'inserted') {
      entries.unshift({ header: [name, value], block: blocks, namedBy })
      evict()
    }
    return { header: [name, value], entry: namedBy, unknown: `dynamic index ${index} (name)` }
  }

  function picked(pick: number): number {
    const half = pick >>> 1
    if (pick % 2 === 0 && entries.length > 0) return DYNAMIC_FROM + (half % entries.length)
    return 1 + (half % (DYNAMIC_FROM - 1))
  }

  function headerAt(index: number): Header {
    return STATIC_TABLE[index] ?? entries[index - DYNAMIC_FROM]?.header ?? ['', '']
  }

  function evict(): void {
    while (sizeOf(entries) > sizeMax) entries.pop()
  }
}

/** RFC 7541 §4.1 */
function sizeOf(entries: readonly SentEntry[]): number {
  return entries.reduce((sum, { header }) => sum + header[0].length + header[1].length + 32, 0)
}

/** RFC 7541 §5.1 */
export function integer(value: number, prefixBits: number, first: number): number[] {
  const mask = 2 ** prefixBits - 1
  if (value < mask) return [first | value]
  const bytes = [first | mask]
  let rest = value - mask
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}

/** RFC 7541 §5.2, of Latin-1 text. */
export function string(text: string, huffman: boolean): number[] {
  const bytes = huffman ? huffmanCode(text) : [...Buffer.from(text, 'latin1')]
  return [...integer(bytes.length, 7, huffman ? 0x80 : 0), ...bytes]
}

function huffmanCode(text: string): number[] {
  let bits = ''
  for (const byte of Buffer.from(text, 'latin1')) bits += CODES[byte] ?? ''
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return (bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2))
}

/** The canonical code, in zeros and ones, that has these lengths. */
const CODES = codes()

function codes(): string[] {
  const lengths = Array.from(CODE_BITS, (digit) => Number.parseInt(digit, 36))
  const found: string[] = []
  let code = -1
  let before = 0
  for (let length = 1; length <= 30; length += 1) {
    lengths.forEach((bits, symbol) => {
      if (bits !== length) return
      code = (code + 1) * 2 ** (length - before)
      before = length
      found[symbol] = code.toString(2).padStart(length, '0')
    })
  }
  return found
}
