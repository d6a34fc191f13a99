import { Buffer, isUtf8 } from 'node:buffer'
import type { Body } from '../exchanges/index.ts'
import type { LargeBodies } from './large-bodies.ts'

/** Present when `body` is not all of the content; `kept_bytes` is how much of it `body` stands for. */
export interface Truncation {
  readonly kept_bytes: number
  /** Length of the whole content, where it is known. */
  readonly original_bytes: number | undefined
  /** In its place when a content coding hides it: the length as it passed, coded. */
  readonly wire_bytes: number | undefined
  /** In place of both when bytes were missed that nobody counted: how many passed as content, at least. */
  readonly seen_bytes: number | undefined
}

/** How a body stands in a JSON document. Absent fields are undefined. */
export interface BodyFields {
  /** Text, or base64 when the content is not UTF-8; undefined when nothing of it was seen. */
  readonly body: string | undefined
  readonly body_encoding: 'base64' | undefined
  /** Content codings (such as `zstd`) that are still on the body. */
  readonly body_content_encoding: string | undefined
  readonly body_truncated: Truncation | undefined
  /** Of the whole content as it passed on the wire. */
  readonly body_sha256: string | undefined
}

/** Large bodies are placed in `large` and only named here. */
export function bodyFields(body: Body, large: LargeBodies): BodyFields {
  const whole = keptCharacters(body)
  const isText = isUtf8(whole)
  const kept = isText ? whole : body.bytes
  const inPlace = () => large.place(kept, isText) ?? asBuffer(kept).toString(isText ? 'utf8' : 'base64')
  return {
    body: kept.length === 0 ? undefined : inPlace(),
    body_encoding: isText ? undefined : 'base64',
    body_content_encoding: body.codingsLeft.length === 0 ? undefined : body.codingsLeft.join(', '),
    body_truncated: isPartial(body) ? truncation(body, kept.length) : undefined,
    body_sha256: body.sha256,
  }
}

function truncation({ decodedBytes, wireBytes, lengthKnown }: Body, keptBytes: number): Truncation {
  const known = decodedBytes > keptBytes
  return {
    kept_bytes: keptBytes,
    original_bytes: known && lengthKnown ? decodedBytes : undefined,
    wire_bytes: known || !lengthKnown ? undefined : wireBytes,
    seen_bytes: lengthKnown ? undefined : wireBytes,
  }
}

/** `13 of 22 bytes`, for a person; undefined when `bytes` is all of the content. */
export function partWords(body: Body): string | undefined {
  if (!isPartial(body)) return undefined
  const { kept_bytes, original_bytes, wire_bytes, seen_bytes } = truncation(body, body.bytes.length)
  if (original_bytes !== undefined) return `${kept_bytes} of ${original_bytes} bytes`
  if (seen_bytes !== undefined) return `${kept_bytes} of at least ${seen_bytes} bytes`
  return `${kept_bytes} bytes, of ${wire_bytes} as they passed`
}

/** The body as text, undefined when it is not UTF-8. A character that was cut at the end is left out. */
export function bodyText(body: Body): string | undefined {
  const kept = keptCharacters(body)
  return isUtf8(kept) ? asBuffer(kept).toString('utf8') : undefined
}

/** True when some of the content is not in `bytes`. */
export function isPartial(body: Body): boolean {
  return body.truncated || body.missing
}

function keptCharacters(body: Body): Uint8Array {
  return isPartial(body) ? wholeCharacters(body.bytes) : body.bytes
}

/** Without the beginning of a character whose end was cut off. */
export function wholeCharacters(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    // RFC 3629 §3: continuation bytes are 10xxxxxx; a first byte says how many follow it.
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
