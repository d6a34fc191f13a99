import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { createRanges, type Range, type Ranges } from './ranges.ts'

const MAGIC = 'qtapspp1'
const SLOT_BYTES = 512
/** As many as fit; what is delivered beyond them would be delivered again after a crash. */
const RANGES_MAX = 40
const RANGES_AT = 24
const RANGE_BYTES = 12
const CRC_AT = SLOT_BYTES - 4
/** The agent of former days, or a stranger, might have made anything of this file. */
const NUMBER_BYTES = 6

/** What is delivered of a spool, on disk. */
export interface PositionFile {
  /** Throws what the system throws. */
  write(delivered: Ranges): void
  close(): void
}

/**
 * Reads which parcels are delivered; none where the file says nothing that can be trusted. There are two
 * slots, written in turn, so that one of them is whole at any time, and the file never grows: what is
 * delivered can still be noted on a full disk. Throws what the system throws.
 */
export function openPosition(path: string): { readonly delivered: Ranges; readonly file: PositionFile } {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  const slots = Buffer.alloc(SLOT_BYTES * 2)
  readSync(descriptor, slots, 0, slots.length, 0)
  const [latest] = [slots.subarray(0, SLOT_BYTES), slots.subarray(SLOT_BYTES)]
    .map(readSlot)
    .filter((slot) => slot !== undefined)
    .toSorted((one, other) => other.turn - one.turn)
  let turn = latest?.turn ?? 0
  const slot = Buffer.alloc(SLOT_BYTES)
  const delivered = createRanges(latest?.low ?? 0, latest?.above)
  return { delivered, file: { write, close: () => closeSync(descriptor) } }

  function write({ low, above }: Ranges): void {
    turn += 1
    const count = Math.min(above.length, RANGES_MAX)
    slot.fill(0)
    slot.write(MAGIC, 0, 'latin1')
    slot.writeUIntLE(turn, 8, NUMBER_BYTES)
    slot.writeUInt16LE(count, 14)
    slot.writeUIntLE(low, 16, NUMBER_BYTES)
    for (const [index, { from, to }] of above.slice(0, count).entries()) {
      slot.writeUIntLE(from, RANGES_AT + index * RANGE_BYTES, NUMBER_BYTES)
      slot.writeUIntLE(to, RANGES_AT + index * RANGE_BYTES + NUMBER_BYTES, NUMBER_BYTES)
    }
    slot.writeUInt32LE(crc32(slot.subarray(0, CRC_AT)), CRC_AT)
    writeSync(descriptor, slot, 0, SLOT_BYTES, (turn % 2) * SLOT_BYTES)
  }
}

function readSlot(slot: Buffer) {
  if (slot.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  if (slot.readUInt32LE(CRC_AT) !== crc32(slot.subarray(0, CRC_AT))) return undefined
  const above: Range[] = []
  const count = Math.min(slot.readUInt16LE(14), RANGES_MAX)
  for (let index = 0; index < count; index += 1) {
    const at = RANGES_AT + index * RANGE_BYTES
    above.push({
      from: slot.readUIntLE(at, NUMBER_BYTES),
      to: slot.readUIntLE(at + NUMBER_BYTES, NUMBER_BYTES),
    })
  }
  return { turn: slot.readUIntLE(8, NUMBER_BYTES), low: slot.readUIntLE(16, NUMBER_BYTES), above }
}
