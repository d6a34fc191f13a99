import { ByteBuilder } from '../../../base/index.ts'
import type { Artifact } from '../../../outputs/index.ts'

const END = '"}'

/** One line of JSON, without its newline, that holds the whole object. */
export function encodeArtifact(artifact: Artifact): string {
  const { data } = artifact
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
  return headOf(artifact) + base64 + END
}

/** The same for a large object, as bytes and with its newline. */
export function encodeLargeArtifact(artifact: Artifact): Uint8Array {
  const head = headOf(artifact)
  const builder = new ByteBuilder(3 * head.length + Math.ceil(artifact.data.length / 3) * 4 + 8)
  builder.add(head)
  builder.addBase64(artifact.data)
  builder.add(`${END}\n`)
  return builder.take()
}

/** Base64 needs no escaping, so it is put in as it is: going over it once more would cost time and a copy. */
function headOf({ type, contentType, data, digest }: Artifact): string {
  const message = 'object store submission'
  const head = JSON.stringify({ message, type, contentType, bytes: data.length, digest, data_base64: '' })
  return head.slice(0, -END.length)
}
