import { type Clock, createLineWriter, type LineWriter, silentLog } from '../../src/base/index.ts'
import type { Parcel } from '../../src/stores/delivery/parcel.ts'
import type { OtlpSurroundings } from '../../src/stores/otlp/transport.ts'

/** Two parcels, of text that a test can look for. */
export const SENT: readonly Parcel[] = [parcelOf('one'), parcelOf('two')]

export function parcelOf(content: string | Uint8Array): Parcel {
  return { bytes: Buffer.from(content as string), receipt: new Uint8Array() }
}

/** A request that shows what is in it. */
export function joined(parcels: readonly Uint8Array[]): Uint8Array {
  return Buffer.from(parcels.map((bytes) => Buffer.from(bytes).toString('latin1')).join('|'), 'latin1')
}

export function surroundings(changes: Partial<OtlpSurroundings> = {}): OtlpSurroundings {
  return { version: '1.2.3', standardOutput: nowhere(), clock: clockAt(() => Date.now()), ...changes }
}

export function clockAt(nowMs: () => number): Clock {
  return { bootEpochMs: 0, nowMs, elapsedMs: () => performance.now() }
}

function nowhere(): LineWriter {
  return createLineWriter((batches, done) => setImmediate(done, null, batches.length), { log: silentLog })
}
