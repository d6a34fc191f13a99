import { Buffer } from 'node:buffer'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findSecretCalls } from './find.ts'
import type { SecretCalls } from './secret-calls.ts'

const PIECE_BYTES = 1 << 20
const CONSTANTS_ADDRESS = 0x1000_0000
const CODE_ADDRESS = 0x2000_0000
const FIRST = 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
const SECOND = 'CLIENT_TRAFFIC_SECRET_0'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-calls-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Parts {
  readonly constants: Buffer
  readonly code: Buffer
}

/** A shared library with one segment of constants and one of code, made by hand. */
function elf({ constants, code }: Parts): Buffer {
  const header = Buffer.alloc(0x1000)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(3, 16)
  header.writeUInt16LE(62, 18)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(2, 56)
  writeSegment(header, 64, 4, header.length, CONSTANTS_ADDRESS, constants.length)
  writeSegment(header, 120, 5, header.length + constants.length, CODE_ADDRESS, code.length)
  return Buffer.concat([header, constants, code])
}

function writeSegment(
  into: Buffer,
  at: number,
  flags: number,
  offset: number,
  address: number,
  length: number,
): void {
  into.writeUInt32LE(1, at)
  into.writeUInt32LE(flags, at + 4)
  into.writeBigUInt64LE(BigInt(offset), at + 8)
  into.writeBigUInt64LE(BigInt(address), at + 16)
  into.writeBigUInt64LE(BigInt(length), at + 32)
  into.writeBigUInt64LE(BigInt(length), at + 40)
}

/** `lea label(%rip), %rsi` and a call of the first instruction of the code. */
function writeCall(code: Buffer, at: number, labelAddress: number): void {
  code.set([0x48, 0x8d, 0x35], at)
  code.writeInt32LE(labelAddress - (CODE_ADDRESS + at + 7), at + 3)
  code[at + 7] = 0xe8
  code.writeInt32LE(-(at + 12), at + 8)
}

function small(): Parts {
  const constants = Buffer.from(`\0${FIRST}\0${SECOND}\0`, 'latin1')
  const code = Buffer.alloc(200, 0x90)
  writeCall(code, 100, CONSTANTS_ADDRESS + 1)
  writeCall(code, 150, CONSTANTS_ADDRESS + 1 + FIRST.length + 1)
  return { constants, code }
}

function find(bytes: Uint8Array, sizeBytes = bytes.length): SecretCalls {
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  try {
    return findSecretCalls(fd, sizeBytes)
  } finally {
    closeSync(fd)
  }
}

test('offsets are those in the file, whatever the addresses', () => {
  const parts = small()
  const codeOffset = 0x1000 + parts.constants.length
  expect(find(elf(parts))).toEqual({
    kind: 'found',
    layout: 'session-first',
    functionOffset: codeOffset,
    callOffsets: [codeOffset + 107, codeOffset + 157],
    labels: 2,
    attachFunction: false,
  })
})

test('labels and calls are found wherever the pieces that are read meet', () => {
  for (let shift = -180; shift <= 20; shift += 7) {
    const constants = Buffer.alloc(PIECE_BYTES + 200)
    const code = Buffer.alloc(PIECE_BYTES + 500, 0x90)
    const labelAt = PIECE_BYTES + shift
    constants.write(`${FIRST}\0${SECOND}\0`, labelAt, 'latin1')
    writeCall(code, PIECE_BYTES + shift, CONSTANTS_ADDRESS + labelAt)
    writeCall(code, PIECE_BYTES + shift + 20, CONSTANTS_ADDRESS + labelAt + FIRST.length + 1)
    const codeOffset = 0x1000 + constants.length
    expect(find(elf({ constants, code }))).toMatchObject({
      kind: 'found',
      functionOffset: codeOffset,
      callOffsets: [codeOffset + PIECE_BYTES + shift + 7, codeOffset + PIECE_BYTES + shift + 27],
    })
  }
})

test('a label at the very end of the file counts with its NUL and not without', () => {
  const ended = Buffer.from(`${FIRST}\0`, 'latin1')
  const open = Buffer.from(FIRST, 'latin1')
  const code = Buffer.alloc(16, 0x90)
  const [withNul, without] = [ended, open].map((constants) => {
    const file = elf({ constants: Buffer.alloc(0), code: Buffer.concat([code, constants]) })
    return find(file)
  })
  expect(withNul).toMatchObject({ kind: 'not found' })
  expect(without).toEqual({ kind: 'none' })
})

test('what is no ELF file has no secrets, even with the labels in it', () => {
  expect(find(Buffer.alloc(0))).toEqual({ kind: 'none' })
  expect(find(Buffer.from([0x7f, 0x45]))).toEqual({ kind: 'none' })
  expect(find(Buffer.from(`#!/bin/sh\n${FIRST}\0${SECOND}\0`))).toEqual({ kind: 'none' })
})

const foreign: [string, (file: Buffer) => void, string][] = [
  ['32-bit', (file) => file.writeUInt8(1, 4), 'it is not a 64-bit file'],
  ['big-endian', (file) => file.writeUInt8(2, 5), 'it is not little-endian'],
  ['arm64', (file) => file.writeUInt16LE(183, 18), 'it is built for another processor (ELF machine 183)'],
  ['object', (file) => file.writeUInt16LE(1, 16), 'it is neither a program nor a shared library'],
  ['no program headers', (file) => file.writeUInt16LE(0, 56), 'its program headers are damaged'],
  ['too many program headers', (file) => file.writeUInt16LE(0xffff, 56), 'its program headers are damaged'],
  ['headers of another size', (file) => file.writeUInt16LE(32, 54), 'its program headers are damaged'],
  ['headers outside the file', (file) => file.fill(0xff, 32, 40), 'its program headers are damaged'],
  [
    'segments outside the file',
    (file) => [72, 128].forEach((at) => void file.fill(0x7f, at, at + 8)),
    'its program headers are damaged',
  ],
]

for (const [name, change, why] of foreign) {
  test(`an ELF file that cannot be searched says why if it has the labels (${name})`, () => {
    const file = elf(small())
    change(file)
    expect(find(file)).toEqual({ kind: 'not found', why })
    expect(find(Buffer.from(file.toString('latin1').replaceAll('SECRET', 'SILENT'), 'latin1'))).toEqual({
      kind: 'none',
    })
  })
}

test('a file cut off anywhere is answered, never thrown for', () => {
  const whole = elf(small())
  for (let length = 0; length < 300; length += 1) {
    const cut = find(whole.subarray(0, length), whole.length)
    expect(cut.kind).not.toBe('found')
  }
  for (let length = 0x1000; length < whole.length - 43; length += 1) {
    expect(find(whole.subarray(0, length)).kind).not.toBe('found')
  }
})

test('any damage to a file is answered, never thrown for', () => {
  const damage = fc.array(fc.tuple(fc.nat(0x1000 + 260), fc.integer({ min: 0, max: 255 })), { maxLength: 40 })
  const headers = fc.array(fc.tuple(fc.nat(176), fc.integer({ min: 0, max: 255 })), { maxLength: 10 })
  fc.assert(
    fc.property(damage, headers, (changes, headerChanges) => {
      const file = elf(small())
      for (const [at, value] of [...changes, ...headerChanges]) file[at] = value
      expect(['found', 'not found', 'none']).toContain(find(file).kind)
    }),
    { numRuns: 200 },
  )
})

test('a file with millions of labels is answered', () => {
  const constants = Buffer.alloc(3 << 20, `${FIRST}\0`, 'latin1')
  expect(find(elf({ constants, code: small().code }))).toMatchObject({ kind: 'not found' })
})

test('a descriptor that cannot be read is said with its error', () => {
  const fd = openSync(folder, 'r')
  expect(findSecretCalls(fd, 4096)).toEqual({ kind: 'not found', why: 'it cannot be read (EISDIR)' })
  closeSync(fd)
})

test('a file too large to be searched at once is said to be', () => {
  expect(find(elf(small()), 2 ** 30 + 1)).toEqual({ kind: 'not found', why: 'it is larger than 1 GiB' })
})
