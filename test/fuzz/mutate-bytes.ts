import { concat } from './input.ts'
import type { Random } from './random.ts'

export interface ByteSources {
  readonly random: Random
  readonly tokens: readonly (string | Uint8Array)[]
  /** Bytes of another input. */
  readonly other: () => Uint8Array
}

type ByteMutator = (bytes: Uint8Array, sources: ByteSources) => Uint8Array

const EDGE_BYTES = [0, 1, 9, 10, 13, 32, 48, 58, 127, 128, 192, 254, 255] as const
const EDGE_LENGTHS = [0, 1, 125, 126, 127, 128, 255, 256, 16_383, 16_384, 65_535, 1 << 24, 2 ** 31] as const
const EDGE_NUMBERS = [
  '0',
  '00',
  '1',
  '-1',
  '9',
  '65536',
  '4294967296',
  '9007199254740993',
  'f'.repeat(20),
] as const
const REPEATS_MAX = 64

const MUTATORS: readonly [ByteMutator, ...ByteMutator[]] = [
  flipBit,
  setByte,
  addToByte,
  remove,
  repeat,
  insertNoise,
  insertToken,
  insertToken,
  overwriteWithToken,
  spliceOther,
  setLength,
  setNumber,
  swapRanges,
  cutShort,
]

export function mutateBytes(bytes: Uint8Array, sources: ByteSources): Uint8Array {
  return sources.random.pick(MUTATORS)(bytes, sources)
}

export function tokenBytes({ random, tokens }: ByteSources): Uint8Array {
  const token = tokens[random.below(tokens.length)] ?? ''
  return typeof token === 'string' ? Buffer.from(token, 'latin1') : token
}

/** Puts `replacement` where `removed` bytes from `at` on were. */
export function replaced(
  bytes: Uint8Array,
  at: number,
  removed: number,
  replacement: Uint8Array,
): Uint8Array {
  return concat([bytes.subarray(0, at), replacement, bytes.subarray(at + removed)])
}

function flipBit(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const at = random.below(bytes.length)
  return replaced(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.below(8))))
}

function setByte(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const value = random.once(2) ? random.pick(EDGE_BYTES) : random.below(256)
  return replaced(bytes, random.below(bytes.length), 1, Uint8Array.of(value))
}

function addToByte(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const at = random.below(bytes.length)
  return replaced(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) + random.below(17) - 8))
}

function remove(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const at = random.below(bytes.length)
  return replaced(bytes, at, random.length(bytes.length - at), new Uint8Array(0))
}

function cutShort(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  return bytes.slice(0, random.below(bytes.length))
}

function repeat(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const at = random.below(bytes.length)
  const part = bytes.subarray(at, at + random.length(bytes.length - at))
  const times = part.length > 256 ? 1 : random.length(REPEATS_MAX)
  const place = random.once(2) ? at : random.below(bytes.length + 1)
  return replaced(bytes, place, 0, concat(Array.from({ length: times }, () => part)))
}

function insertNoise(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const noise = Uint8Array.from({ length: random.length(32) }, () => random.below(256))
  return replaced(bytes, random.below(bytes.length + 1), 0, noise)
}

function insertToken(bytes: Uint8Array, sources: ByteSources): Uint8Array {
  return replaced(bytes, placeOf(bytes, sources.random), 0, tokenBytes(sources))
}

function overwriteWithToken(bytes: Uint8Array, sources: ByteSources): Uint8Array {
  const token = tokenBytes(sources)
  return replaced(bytes, placeOf(bytes, sources.random), token.length, token)
}

/** Often where a line begins, which is where a token of a text protocol says something. */
function placeOf(bytes: Uint8Array, random: Random): number {
  const at = random.below(bytes.length + 1)
  if (random.once(2)) return at
  const line = bytes.indexOf(10, at)
  return line === -1 ? at : line + 1
}

function spliceOther(bytes: Uint8Array, { random, other }: ByteSources): Uint8Array {
  const source = other()
  const at = random.below(source.length)
  const part = source.subarray(at, at + random.length(source.length - at))
  const place = random.below(bytes.length + 1)
  return replaced(bytes, place, random.once(2) ? part.length : 0, part)
}

/** Writes a number into one to four bytes: what is left behind it, nearly that, or an edge. */
function setLength(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const width = 1 + random.below(4)
  const at = random.below(bytes.length)
  const left = Math.max(0, bytes.length - at - width)
  const length = random.once(2) ? random.pick(EDGE_LENGTHS) : Math.max(0, left + random.below(5) - 2)
  const field = new Uint8Array(4)
  new DataView(field.buffer).setUint32(0, length >>> 0)
  return replaced(bytes, at, width, field.subarray(4 - width))
}

/** The same for a number in digits. */
function setNumber(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1')
  const numbers = [...text.matchAll(/[0-9]{1,20}/g)]
  const found = numbers[random.below(numbers.length)]
  if (found === undefined) return bytes
  const value = Number(found[0])
  const near = String(Math.max(0, value + random.below(5) - 2))
  const number = random.pick([near, value.toString(16), String(random.below(300)), random.pick(EDGE_NUMBERS)])
  return replaced(bytes, found.index, found[0].length, Buffer.from(number))
}

function swapRanges(bytes: Uint8Array, { random }: ByteSources): Uint8Array {
  const [first = 0, second = 0, third = 0] = [0, 0, 0]
    .map(() => random.below(bytes.length + 1))
    .sort((one, other) => one - other)
  return concat([
    bytes.subarray(0, first),
    bytes.subarray(second, third),
    bytes.subarray(first, second),
    bytes.subarray(third),
  ])
}
