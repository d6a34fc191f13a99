import { type Clock, type Log, type LogFields, silentLog } from '../../src/base/index.ts'
import type {
  DeliveryLimits,
  DeliveryOptions,
  Outcome,
  Parcel,
  Sender,
} from '../../src/stores/delivery/parcel.ts'

export const DELIVERED: Outcome = { kind: 'delivered' }
export const DOWN: Outcome = { kind: 'again', why: 'down' }
export const REFUSED: Outcome = { kind: 'refused', why: 'bad' }

export const LIMITS: DeliveryLimits = {
  batchBytesMax: 4_000,
  batchCountMax: 10,
  batchWaitMs: 1_000,
  inFlightMax: 1,
  queueBytesMax: 40_000,
  queueCountMax: 100,
  spoolBytesMax: 4_000_000,
}

/** A backend that keeps the numbers of the parcels it is sent, and answers as the test says. */
export interface FakeBackend {
  readonly sender: Sender
  /** Of each batch it was sent, taken or not. */
  readonly batches: (readonly number[])[]
  /** In the order in which it took them. */
  readonly received: number[]
  answer: (numbers: readonly number[]) => Outcome | Promise<Outcome>
}

export function createFakeBackend(): FakeBackend {
  const backend: FakeBackend = {
    sender: { send, close: async () => {} },
    batches: [],
    received: [],
    answer: () => DELIVERED,
  }
  return backend

  async function send(parcels: readonly Parcel[]): Promise<Outcome> {
    const numbers = parcels.map(({ bytes }) => numberOf(bytes))
    backend.batches.push(numbers)
    const outcome = await backend.answer(numbers)
    if (outcome.kind === 'delivered') backend.received.push(...numbers)
    return outcome
  }
}

/** The bytes of a parcel with a number, filled up to a length. */
export function parcelOf(number: number, length = 8): Uint8Array {
  const bytes = Buffer.alloc(Math.max(8, length), number)
  bytes.writeDoubleLE(number)
  return bytes
}

export function numberOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readDoubleLE()
}

/** Time of the test's timers; says what it was told to log. */
export function surroundings(): { clock: Clock; log: Log; said: [message: string, fields?: LogFields][] } {
  const said: [string, LogFields?][] = []
  const say = (message: string, fields?: LogFields) => {
    said.push(fields === undefined ? [message] : [message, fields])
  }
  return {
    // Faked with the timers.
    clock: { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    log: { ...silentLog, warn: say, info: say, error: say },
    said,
  }
}

export function optionsFor(
  backend: FakeBackend,
  folder: string | undefined,
  limits: Partial<DeliveryLimits> = {},
): DeliveryOptions & { readonly said: [message: string, fields?: LogFields][] } {
  return {
    name: 'otel',
    sender: backend.sender,
    limits: { ...LIMITS, ...limits },
    spoolFolder: folder,
    ...surroundings(),
  }
}

export function countTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
