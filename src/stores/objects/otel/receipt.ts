import { type ArtifactRecordDocument, EVENTS } from '../../../outputs/index.ts'

/** The record of an object that is not stored yet: what is to be sent once it is. */
export function writeReceipt(document: ArtifactRecordDocument): Uint8Array {
  return Buffer.from(JSON.stringify(document), 'utf8')
}

/** Undefined for what is no receipt: an older run may have written it. */
export function readReceipt(receipt: Uint8Array): ArtifactRecordDocument | undefined {
  try {
    const text = Buffer.from(receipt.buffer, receipt.byteOffset, receipt.byteLength).toString('utf8')
    return EVENTS.artifact_record.document.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
