/*
 * Records that are delivered together or not at all: each behind its length, four bytes.
 */

const LENGTH_BYTES = 4

export function joinRecords(records: readonly Uint8Array[]): Uint8Array {
  const total = records.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0)
  const group = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const record of records) {
    group.writeUInt32LE(record.length, at)
    group.set(record, at + LENGTH_BYTES)
    at += LENGTH_BYTES + record.length
  }
  return group
}

/** Of a group that is damaged, the records before the damage. */
export function splitRecords(group: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(group.buffer, group.byteOffset, group.byteLength)
  const records: Uint8Array[] = []
  for (let at = 0; at + LENGTH_BYTES <= group.length; ) {
    const from = at + LENGTH_BYTES
    const to = from + view.getUint32(at, true)
    if (to > group.length) break
    records.push(group.subarray(from, to))
    at = to
  }
  return records
}
