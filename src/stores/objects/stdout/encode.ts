import type { Artifact } from '../../../outputs/index.ts'

/**
 * One line of JSON that holds the whole object. Base64 needs no escaping, and going over megabytes of it once
 * more would cost time and a copy, so it is put in as it is.
 */
export function encodeArtifact({ type, contentType, data, digest }: Artifact): string {
  const head = JSON.stringify({
    message: 'object store submission',
    type,
    contentType,
    bytes: data.length,
    digest,
    data_base64: '',
  })
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
  return `${head.slice(0, -'"}'.length)}${base64}"}`
}
