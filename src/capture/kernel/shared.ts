import type { ConnectionKey } from '../events.ts'
import { wireCounters, wireLimit, wireMode, wireShared } from '../generated/wire.ts'

/** How much of a connection the kernel copies from now on; `heads`: the first few bytes of each call. */
export type CopyMode = 'detect' | 'whole' | 'heads' | 'ignore'

export type KernelCounters = Record<Exclude<keyof typeof wireCounters, 'byteLength' | 'reserved'>, number>

/** The block of memory that the kernel side and the agent both read and write in place. */
export interface SharedMemory {
  readonly version: number
  set(
    field:
      | 'ownProcess'
      | 'watch'
      | 'treeOnly'
      | 'readerWaits'
      | 'wakeBytes'
      | 'anyIgnored'
      | 'scarceBytes'
      | 'dnsSent',
    value: number,
  ): void
  /** Beginnings of the environment variables that are taken when a program starts: 8 bytes each at most. */
  setEnvironment(prefixes: readonly Uint8Array[]): void
  setMode(key: ConnectionKey, mode: CopyMode): void
  /** Summed over all processors. */
  counters(): KernelCounters
}

export function sharedMemory(memory: ArrayBuffer): SharedMemory {
  const view = new DataView(memory)
  return { version: view.getUint32(wireShared.version, true), set, setEnvironment, setMode, counters }

  function set(field: keyof typeof wireShared, value: number): void {
    view.setUint32(wireShared[field], value, true)
  }

  function setEnvironment(prefixes: readonly Uint8Array[]): void {
    for (let index = 0; index < wireLimit.environmentPrefixes; index += 1) {
      const at = wireShared.environment + index * 8
      const maskAt = wireShared.environmentMasks + index * 8
      const prefix = Buffer.alloc(8)
      prefix.set(prefixes[index] ?? [])
      view.setBigUint64(at, prefix.readBigUInt64LE(), true)
      prefix.fill(0xff, 0, prefixes[index]?.length ?? 0)
      view.setBigUint64(maskAt, prefix.readBigUInt64LE(), true)
    }
  }

  /**
   * A slot is found by a hash of the key; of two connections with one slot the later has it, the other is
   * copied whole.
   */
  function setMode(key: ConnectionKey, mode: CopyMode): void {
    const low = key >>> 0
    const slot = (Math.imul(low, 2_654_435_761) >>> 8) & (wireLimit.modes - 1)
    const at = wireShared.modes + slot * 8
    view.setUint32(at, wireMode[mode], true)
    view.setUint32(at + 4, low, true)
  }

  function counters(): KernelCounters {
    return {
      recordsLost: sum(wireCounters.recordsLost),
      bytesLost: sum(wireCounters.bytesLost),
      bytesCopied: sum(wireCounters.bytesCopied),
      callsOvertaken: sum(wireCounters.callsOvertaken),
      readsFailed: sum(wireCounters.readsFailed),
      socketsRefused: sum(wireCounters.socketsRefused),
      secretsRefused: sum(wireCounters.secretsRefused),
      calls32bit: sum(wireCounters.calls32bit),
      bytesLeftOut: sum(wireCounters.bytesLeftOut),
    }
  }

  function sum(offset: number): number {
    let total = 0
    for (let cpu = 0; cpu < wireLimit.cpus; cpu += 1)
      total += Number(view.getBigUint64(wireShared.counters + cpu * wireCounters.byteLength + offset, true))
    return total
  }
}
