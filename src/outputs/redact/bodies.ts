import { Buffer } from 'node:buffer'
import type { Header } from '../../decoders/index.ts'
import type { Body } from '../../exchanges/index.ts'
import { headerValue } from '../headers.ts'
import type { ContentRedactor } from './content.ts'

/** gRPC-Web as base64: what is searched for does not stand there as it is. */
const ENCODED_TYPE = /^application\/grpc-web-text\b/i

/** Makes bodies that are searched when somebody first reads them. */
export function bodyRedactor(content: ContentRedactor): (body: Body, headers: readonly Header[]) => Body {
  return (body, headers) => (body.wireBytes === 0 ? body : redactedBody(body, headers, content))
}

function redactedBody(body: Body, headers: readonly Header[], content: ContentRedactor): Body {
  let bytes: Uint8Array | undefined
  return {
    get bytes() {
      return search()
    },
    wireBytes: body.wireBytes,
    lengthKnown: body.lengthKnown,
    get decodedBytes() {
      const { decodedBytes } = body
      // Where not more is known than what was kept, no more must seem to be known.
      return decodedBytes === body.bytes.length ? search().length : decodedBytes
    },
    get truncated() {
      return body.truncated
    },
    missing: body.missing,
    // It would tell who guesses the content whether the guess is right.
    get sha256() {
      return search() === body.bytes ? body.sha256 : undefined
    },
    get codingsLeft() {
      return search() === body.bytes ? body.codingsLeft : []
    },
  }

  function search(): Uint8Array {
    bytes ??= redactedBytes(body, headers, content)
    return bytes
  }
}

/**
 * What cannot be searched is withheld: content that is still coded, and what stands behind a hole, since
 * nobody knows what it is a part of.
 */
function redactedBytes(body: Body, headers: readonly Header[], content: ContentRedactor): Uint8Array {
  const { bytes, wholeBytes = bytes.length } = body
  if (bytes.length === 0) return bytes
  const contentType = headerValue(headers, 'content-type') ?? ''
  const isCoded = body.codingsLeft.length > 0 || ENCODED_TYPE.test(contentType) || areMessagesCoded(headers)
  if (isCoded) return content.withheld(bytes)
  if (wholeBytes >= bytes.length) return content.redact(bytes, contentType, body.truncated || body.missing)
  const before = content.redact(bytes.subarray(0, wholeBytes), contentType, true)
  return Buffer.concat([before, content.withheld(bytes.subarray(wholeBytes))])
}

/** Messages of gRPC have a coding of their own. */
function areMessagesCoded(headers: readonly Header[]): boolean {
  const coding = headerValue(headers, 'grpc-encoding')
  return coding !== undefined && coding.toLowerCase() !== 'identity'
}
