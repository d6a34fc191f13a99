import { Buffer } from 'node:buffer'
import { readFully } from './pieces.ts'

/** A part of the file that is mapped when the program runs. */
export interface Segment {
  readonly address: number
  readonly offset: number
  /** Bytes that lie in the file. */
  readonly length: number
  readonly executable: boolean
}

export interface ElfFile {
  readonly fd: number
  readonly sizeBytes: number
  /** Addresses are fixed at link time: code may hold them as plain numbers. */
  readonly fixedAddresses: boolean
  readonly segments: readonly Segment[]
}

/** `foreign`: an ELF file, but not one whose code can be searched; `why` is a sentence part. */
export type ElfReading =
  | { readonly kind: 'elf'; readonly elf: ElfFile }
  | { readonly kind: 'foreign'; readonly why: string }
  | { readonly kind: 'not elf' }

const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
/** Linkers write about a dozen. */
const PROGRAM_HEADERS_MAX = 256

const TYPE_FIXED = 2
const TYPE_SHARED = 3
const MACHINE_X86_64 = 62
const SEGMENT_LOAD = 1
const FLAG_EXECUTABLE = 1

/** Reads the ELF header and program headers (System V ABI, chapters 4 and 5). Throws what reading throws. */
export function readElf(fd: number, sizeBytes: number): ElfReading {
  const header = Buffer.alloc(HEADER_BYTES)
  const read = readFully(fd, header, 0, HEADER_BYTES)
  if (read < 4 || header.readUInt32BE(0) !== 0x7f454c46) return { kind: 'not elf' }
  if (read < HEADER_BYTES) return { kind: 'foreign', why: 'its ELF header is cut off' }
  if (header[4] !== 2) return { kind: 'foreign', why: 'it is not a 64-bit file' }
  if (header[5] !== 1) return { kind: 'foreign', why: 'it is not little-endian' }
  const type = header.readUInt16LE(16)
  if (type !== TYPE_FIXED && type !== TYPE_SHARED) {
    return { kind: 'foreign', why: 'it is neither a program nor a shared library' }
  }
  const machine = header.readUInt16LE(18)
  if (machine !== MACHINE_X86_64) {
    return { kind: 'foreign', why: `it is built for another processor (ELF machine ${machine})` }
  }
  const segments = readSegments(fd, sizeBytes, header)
  if (segments === undefined) return { kind: 'foreign', why: 'its program headers are damaged' }
  return { kind: 'elf', elf: { fd, sizeBytes, fixedAddresses: type === TYPE_FIXED, segments } }
}

function readSegments(fd: number, sizeBytes: number, header: Buffer): Segment[] | undefined {
  const tableOffset = Number(header.readBigUInt64LE(32))
  const entryBytes = header.readUInt16LE(54)
  const count = header.readUInt16LE(56)
  const tableBytes = count * PROGRAM_HEADER_BYTES
  if (entryBytes !== PROGRAM_HEADER_BYTES || count === 0 || count > PROGRAM_HEADERS_MAX) return undefined
  if (tableOffset + tableBytes > sizeBytes) return undefined
  const table = Buffer.alloc(tableBytes)
  if (readFully(fd, table, tableOffset, tableBytes) < tableBytes) return undefined
  const segments: Segment[] = []
  for (let at = 0; at < tableBytes; at += PROGRAM_HEADER_BYTES) {
    if (table.readUInt32LE(at) !== SEGMENT_LOAD) continue
    const offset = Number(table.readBigUInt64LE(at + 8))
    const address = Number(table.readBigUInt64LE(at + 16))
    const length = Math.min(Number(table.readBigUInt64LE(at + 32)), sizeBytes - offset)
    if (length <= 0 || !Number.isSafeInteger(address + length)) continue
    const executable = (table.readUInt32LE(at + 4) & FLAG_EXECUTABLE) !== 0
    segments.push({ address, offset, length, executable })
  }
  return segments.length > 0 ? segments : undefined
}

/** File offset of an instruction at this virtual address; nothing if no executable segment holds it. */
export function codeOffset(elf: ElfFile, address: number): number | undefined {
  for (const segment of elf.segments) {
    const within = address - segment.address
    if (segment.executable && within >= 0 && within < segment.length) return segment.offset + within
  }
  return undefined
}
