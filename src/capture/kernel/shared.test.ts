import { assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { wireCounters, wireLimit, wireMode, wireShared } from '../generated/wire.ts'
import { sharedMemory } from './shared.ts'

/** What the kernel side finds for a key, as `mode_of` in bpf/calls.h looks it up, in 64-bit numbers. */
function modeOf(memory: ArrayBuffer, key: number): number {
  const low = BigInt(key) & 0xffff_ffffn
  const slot = Number((((low * 2_654_435_761n) & 0xffff_ffffn) >> 8n) & BigInt(wireLimit.modes - 1))
  const entry = new DataView(memory).getBigUint64(wireShared.modes + slot * 8, true)
  return entry >> 32n === low ? Number(entry & 0xffff_ffffn) : wireMode.detect
}

test('the kernel side finds the mode that was set for a key', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  const keys = integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  assert(
    property(keys, (key) => {
      shared.setMode(key, 'ignore')
      expect(modeOf(memory, key)).toBe(wireMode.ignore)
      shared.setMode(key, 'whole')
      expect(modeOf(memory, key)).toBe(wireMode.whole)
      shared.setMode(key, 'detect')
      expect(modeOf(memory, key)).toBe(wireMode.detect)
    }),
  )
})

test('modes are written in their own room only', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  for (let key = 1; key <= 2 * wireLimit.modes; key += 1) shared.setMode(key, 'whole')
  expect(new Uint8Array(memory, 0, wireShared.modes).every((byte) => byte === 0)).toBe(true)
  expect(wireShared.modes + wireLimit.modes * 8).toBe(wireShared.byteLength)
})

test('keys in a row, as the kernel gives them, have slots of their own', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  for (let key = 1; key <= 1000; key += 1) shared.setMode(key, 'ignore')
  const found = Array.from({ length: 1000 }, (_, index) => modeOf(memory, index + 1))
  expect(found.filter((mode) => mode === wireMode.ignore).length).toBeGreaterThan(990)
})

test('of two keys with one slot the later has it, and the other is copied whole again', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  shared.setMode(5, 'ignore')
  const other = Array.from({ length: 1 << 20 }, (_, index) => index + 6).find((key) => {
    shared.setMode(key, 'ignore')
    return modeOf(memory, 5) === wireMode.detect
  })
  expect(other).toBeDefined()
  expect(modeOf(memory, other ?? 0)).toBe(wireMode.ignore)
})

test('counters are summed over all processors, beyond 32 bits', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const view = new DataView(memory)
  const at = (cpu: number, field: number) => wireShared.counters + cpu * wireCounters.byteLength + field
  view.setBigUint64(at(0, wireCounters.bytesCopied), 2n ** 40n, true)
  view.setBigUint64(at(1, wireCounters.bytesCopied), 3n, true)
  view.setBigUint64(at(wireLimit.cpus - 1, wireCounters.bytesCopied), 4n, true)
  view.setBigUint64(at(2, wireCounters.recordsLost), 5n, true)
  const { bytesCopied, recordsLost, ...others } = sharedMemory(memory).counters()
  expect({ bytesCopied, recordsLost }).toEqual({ bytesCopied: 2 ** 40 + 7, recordsLost: 5 })
  expect(new Set(Object.values(others))).toEqual(new Set([0]))
})

test('fields are set where the kernel side reads them', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  shared.set('ownProcess', 4242)
  shared.set('wakeBytes', 1 << 20)
  const view = new DataView(memory)
  expect(view.getUint32(wireShared.ownProcess, true)).toBe(4242)
  expect(view.getUint32(wireShared.wakeBytes, true)).toBe(1 << 20)
  expect(view.getUint32(wireShared.watch, true)).toBe(0)
})

test('beginnings of variables are compared in as many bytes as they have', () => {
  const memory = new ArrayBuffer(wireShared.byteLength)
  const shared = sharedMemory(memory)
  const view = new DataView(memory)
  const wanted = (text: string) => {
    const first = Buffer.alloc(8).fill(1)
    first.write(text)
    return Array.from({ length: wireLimit.environmentPrefixes }).some((_, index) => {
      const mask = view.getBigUint64(wireShared.environmentMasks + index * 8, true)
      const prefix = view.getBigUint64(wireShared.environment + index * 8, true)
      return mask !== 0n && (first.readBigUInt64LE() & mask) === prefix
    })
  }
  shared.setEnvironment(['QPOINT_', 'A=', 'DEPLOYME'].map((prefix) => Buffer.from(prefix)))
  expect(['QPOINT_TAGS=', 'A=', 'A=1', 'DEPLOYMENT=x'].map(wanted)).toEqual([true, true, true, true])
  expect(['QPOINT', 'AB=1', 'DEPLOY=1', 'xA=1'].map(wanted)).toEqual([false, false, false, false])
  shared.setEnvironment([Buffer.from('B=')])
  expect(['QPOINT_TAGS=', 'A=1', 'B=1'].map(wanted)).toEqual([false, false, true])
})
