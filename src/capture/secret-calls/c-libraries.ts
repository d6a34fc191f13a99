import type { Buffer } from 'node:buffer'
import type { SecretLabel } from '../events.ts'
import { codeOffset, type ElfFile } from './elf.ts'
import { findLabels } from './labels.ts'
import {
  type AddressCluster,
  clusterAddresses,
  eachAbsoluteOperand,
  eachRelativeOperand,
} from './operands.ts'
import { eachPiece } from './pieces.ts'
import type { SecretCalls, SecretLayout } from './secret-calls.ts'

/** How far behind the instruction that loads a label its call may stand. */
const CALL_WITHIN_BYTES = 40

/** Libraries have five to ten. More means a function such as `strcmp`, which a probe would slow down. */
const CALLS_MAX = 32

/** Which labels were passed to which function, by layout and the function's virtual address. */
type Votes = Readonly<Record<SecretLayout, Map<number, Set<SecretLabel>>>>

interface Candidate {
  readonly layout: SecretLayout
  readonly address: number
  readonly labels: number
}

/**
 * Finds the calls of a C or C++ library's key-log function (OpenSSL, BoringSSL, GnuTLS): the one function
 * to which different label strings of the SSLKEYLOGFILE format are passed. Needs no symbols and no versions.
 */
export function findInCLibrary(elf: ElfFile): SecretCalls {
  const labels = findLabels(elf)
  if (labels.size === 0) return { kind: 'none' }
  const [best, second] = countVotes(elf, labels)
  if (best === undefined || best.labels < 2) {
    return { kind: 'not found', why: 'no two of its key-log labels are passed to one function' }
  }
  if (second !== undefined && second.labels === best.labels) {
    return { kind: 'not found', why: 'its key-log labels are passed to several functions alike' }
  }
  const functionOffset = codeOffset(elf, best.address)
  const calls = findCalls(elf, best.address)
  if (functionOffset === undefined || calls.offsets.length > CALLS_MAX) {
    return { kind: 'not found', why: `${calls.offsets.length} calls are too many for a key-log function` }
  }
  return {
    kind: 'found',
    layout: best.layout,
    functionOffset,
    callOffsets: calls.offsets,
    labels: best.labels,
    attachFunction: calls.addressTaken,
  }
}

/** The functions that labels are passed to, those with the most labels first. */
function countVotes(elf: ElfFile, labels: ReadonlyMap<number, SecretLabel>): Candidate[] {
  const votes: Votes = { 'session-first': new Map(), 'label-first': new Map() }
  const clusters = clusterAddresses(labels.keys())
  eachCode(elf, (code, codeAddress) => {
    for (const cluster of clusters) {
      eachRelativeOperand(code, codeAddress, cluster, (at, address) => {
        if (code[at - 3] === 0x48 && code[at - 2] === 0x8d) {
          vote(layoutOf(code[at - 1], 0x35, 0x3d), code, codeAddress, at + 4, address)
        }
      })
      if (!elf.fixedAddresses) continue
      eachAbsoluteOperand(code, cluster, (at, address) => {
        vote(layoutOf(code[at - 1], 0xbe, 0xbf), code, codeAddress, at + 4, address)
      })
    }
  })
  const candidates: Candidate[] = []
  for (const layout of ['session-first', 'label-first'] as const) {
    for (const [address, passed] of votes[layout]) candidates.push({ layout, address, labels: passed.size })
  }
  return candidates.toSorted((a, b) => b.labels - a.labels)

  function vote(
    layout: SecretLayout | undefined,
    code: Buffer,
    codeAddress: number,
    from: number,
    labelAddress: number,
  ): void {
    const label = labels.get(labelAddress)
    if (layout === undefined || label === undefined) return
    const called = firstCall(elf, code, codeAddress, from)
    if (called === undefined) return
    const passed = votes[layout].get(called)
    if (passed === undefined) votes[layout].set(called, new Set([label]))
    else passed.add(label)
  }
}

/** A label in rsi is the second argument, in rdi the first. */
function layoutOf(opcode: number | undefined, intoRsi: number, intoRdi: number): SecretLayout | undefined {
  if (opcode === intoRsi) return 'session-first'
  return opcode === intoRdi ? 'label-first' : undefined
}

/**
 * What the first `call` behind a position calls; nothing if that call is indirect.
 * Bytes that only look like a call rarely lead into code, and never twice to the same place.
 */
function firstCall(elf: ElfFile, code: Buffer, codeAddress: number, from: number): number | undefined {
  const until = Math.min(from + CALL_WITHIN_BYTES, code.length - 5)
  for (let at = from; at <= until; at += 1) {
    const next = code[at + 1] ?? 0
    if (code[at] === 0xff && (next & 0x38) === 0x10) return undefined
    if (code[at] !== 0xe8) continue
    const called = codeAddress + at + 5 + code.readInt32LE(at + 1)
    if (codeOffset(elf, called) !== undefined) return called
  }
  return undefined
}

/** Offsets of the calls and tail calls of a function, and whether code or data takes its address. */
function findCalls(elf: ElfFile, address: number): { offsets: number[]; addressTaken: boolean } {
  const cluster = { base: address, addresses: new Set([address]) }
  const offsets = new Set<number>()
  let addressTaken = false
  eachCode(elf, (code, codeAddress, codeFileOffset) => {
    eachRelativeOperand(code, codeAddress, cluster, (at) => {
      const opcode = code[at - 1] ?? 0
      if (opcode === 0xe8 || opcode === 0xe9) offsets.add(codeFileOffset + at - 1)
      // `lea`, whatever the register: the operand is relative to the next instruction.
      if (code[at - 2] === 0x8d && (opcode & 0xc7) === 0x05) addressTaken = true
    })
    if (!elf.fixedAddresses) return
    eachAbsoluteOperand(code, cluster, (at) => {
      // `mov` of a constant into a register or to memory.
      const opcode = code[at - 1] ?? 0
      if ((opcode & 0xf8) === 0xb8 || code[at - 2] === 0xc7) addressTaken = true
    })
  })
  addressTaken ||= pointedTo(elf, cluster)
  return { offsets: [...offsets].toSorted((a, b) => a - b), addressTaken }
}

/** Whether data (tables, relocations) holds the function's address. Exported symbols do not count. */
function pointedTo(elf: ElfFile, cluster: AddressCluster): boolean {
  let pointed = false
  for (const segment of elf.segments) {
    if (segment.executable || pointed) continue
    eachPiece(elf.fd, segment.offset, segment.length, (bytes) => {
      eachAbsoluteOperand(bytes, cluster, (at) => {
        const pointer = at + 8 <= bytes.length && bytes.readUInt32LE(at + 4) === 0
        pointed ||= pointer && !isSymbolValue(bytes, at)
      })
    })
  }
  return pointed
}

/** In the symbol table a value stands behind the symbol's type: global (0x12) or weak (0x22) function. */
function isSymbolValue(bytes: Buffer, at: number): boolean {
  return bytes[at - 4] === 0x12 || bytes[at - 4] === 0x22
}

function eachCode(
  elf: ElfFile,
  visit: (code: Buffer, codeAddress: number, codeFileOffset: number) => void,
): void {
  for (const segment of elf.segments) {
    if (!segment.executable) continue
    eachPiece(elf.fd, segment.offset, segment.length, (bytes, offset) => {
      visit(bytes, segment.address + offset - segment.offset, offset)
    })
  }
}
