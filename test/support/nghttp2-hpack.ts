import koffi from 'koffi'
import type { Header } from '../../src/decoders/message.ts'

/** The header compression of nghttp2, which Node.js contains and exports. */
export interface Deflater {
  /** SETTINGS_HEADER_TABLE_SIZE of the other side. */
  resize(bytes: number): void
  deflate(fields: readonly Header[], neverIndex: boolean): Uint8Array
  close(): void
}

export interface Inflater {
  resize(bytes: number): void
  /** The fields before the mistake, if there is one. */
  inflate(block: Uint8Array): { readonly fields: readonly Header[]; readonly broken: boolean }
  close(): void
}

// Offsets in the memory that nghttp2 is given addresses of, and the parts of `nghttp2_nv`.
const POINTER_AT = 0
const FLAGS_AT = 8
const NV_AT = 16
const NV_BYTES = 40
const NV_MAX = 512
const TEXT_AT = NV_AT + NV_BYTES * NV_MAX
const BLOCK_AT = TEXT_AT + (512 << 10)
const MEMORY_BYTES = BLOCK_AT + (512 << 10)

const ADDRESS = 'uintptr_t'
const INFLATE_ARGUMENTS = [ADDRESS, ADDRESS, ADDRESS, ADDRESS, 'size_t', 'int']

// From nghttp2.h.
const NV_FLAG_NO_INDEX = 1
const INFLATE_FINAL = 1
const INFLATE_EMIT = 2

const memory = new Uint8Array(new ArrayBuffer(MEMORY_BYTES))
const bytes = Buffer.from(memory.buffer)
const view = new DataView(memory.buffer)
const base = Number(koffi.address(memory))
const functions = nghttp2Functions()

/** `tableBytesMax` is the most that it will use, whatever SETTINGS allow. */
export function openDeflater(tableBytesMax: number): Deflater {
  if (functions.newDeflater(base + POINTER_AT, tableBytesMax) !== 0) throw new Error('no deflater')
  const deflater = pointerAt(POINTER_AT)
  return { resize, deflate, close: () => functions.freeDeflater(deflater) }

  function resize(tableBytes: number): void {
    if (functions.resizeDeflater(deflater, tableBytes) !== 0) throw new Error('not resized')
  }

  function deflate(fields: readonly Header[], neverIndex: boolean): Uint8Array {
    let textAt = TEXT_AT
    fields.forEach(([name, value], index) => {
      const at = NV_AT + NV_BYTES * index
      setNumber(at, base + textAt)
      setNumber(at + 8, base + textAt + name.length)
      setNumber(at + 16, name.length)
      setNumber(at + 24, value.length)
      memory[at + 32] = neverIndex ? NV_FLAG_NO_INDEX : 0
      textAt += bytes.write(name + value, textAt, 'latin1')
    })
    const room = MEMORY_BYTES - BLOCK_AT
    const length = functions.deflate(deflater, base + BLOCK_AT, room, base + NV_AT, fields.length)
    if (length < 0) throw new Error(`not deflated: ${length}`)
    return memory.slice(BLOCK_AT, BLOCK_AT + length)
  }
}

export function openInflater(): Inflater {
  if (functions.newInflater(base + POINTER_AT) !== 0) throw new Error('no inflater')
  const inflater = pointerAt(POINTER_AT)
  return { resize, inflate, close: () => functions.freeInflater(inflater) }

  function resize(tableBytes: number): void {
    if (functions.resizeInflater(inflater, tableBytes) !== 0) throw new Error('not resized')
  }

  function inflate(block: Uint8Array): { fields: Header[]; broken: boolean } {
    const fields: Header[] = []
    memory.set(block, BLOCK_AT)
    let at = 0
    for (;;) {
      view.setInt32(FLAGS_AT, 0, true)
      const from = base + BLOCK_AT + at
      const used = functions.inflate(inflater, base + NV_AT, base + FLAGS_AT, from, block.length - at, 1)
      if (used < 0) return { fields, broken: true }
      at += used
      const flags = view.getInt32(FLAGS_AT, true)
      if ((flags & INFLATE_EMIT) !== 0) fields.push(fieldAt(NV_AT))
      if ((flags & INFLATE_FINAL) === 0) continue
      functions.endInflate(inflater)
      return { fields, broken: false }
    }
  }
}

function fieldAt(at: number): Header {
  return [textAt(pointerAt(at), pointerAt(at + 16)), textAt(pointerAt(at + 8), pointerAt(at + 24))]
}

function textAt(address: number, length: number): string {
  functions.copy(base + TEXT_AT, address, length)
  return bytes.toString('latin1', TEXT_AT, TEXT_AT + length)
}

function pointerAt(at: number): number {
  return Number(view.getBigUint64(at, true))
}

function setNumber(at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true)
}

function nghttp2Functions() {
  const node = koffi.load(null)
  return {
    newDeflater: node.func('nghttp2_hd_deflate_new', 'int', [ADDRESS, 'size_t']),
    freeDeflater: node.func('nghttp2_hd_deflate_del', 'void', [ADDRESS]),
    resizeDeflater: node.func('nghttp2_hd_deflate_change_table_size', 'int', [ADDRESS, 'size_t']),
    deflate: node.func('nghttp2_hd_deflate_hd', 'int64', [ADDRESS, ADDRESS, 'size_t', ADDRESS, 'size_t']),
    newInflater: node.func('nghttp2_hd_inflate_new', 'int', [ADDRESS]),
    freeInflater: node.func('nghttp2_hd_inflate_del', 'void', [ADDRESS]),
    resizeInflater: node.func('nghttp2_hd_inflate_change_table_size', 'int', [ADDRESS, 'size_t']),
    inflate: node.func('nghttp2_hd_inflate_hd2', 'int64', INFLATE_ARGUMENTS),
    endInflate: node.func('nghttp2_hd_inflate_end_headers', 'int', [ADDRESS]),
    copy: node.func('memcpy', ADDRESS, [ADDRESS, ADDRESS, 'size_t']),
  }
}
