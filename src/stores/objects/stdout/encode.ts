import type { Artifact } from '../../../outputs/index.ts'

/** One line of JSON that holds the whole object. */
export function encodeArtifact({ type, contentType, data, digest }: Artifact): string {
  return JSON.stringify({
    message: 'object store submission',
    type,
    contentType,
    bytes: data.length,
    digest,
    data_base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  })
}
