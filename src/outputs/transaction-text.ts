import { Buffer } from 'node:buffer'
import type { Body } from '../exchanges/index.ts'
import { partWords } from './body-text.ts'
import type { HeaderMap } from './headers.ts'
import { printable } from './printable.ts'
import type { Transaction } from './transaction.ts'

/** A document as text, in two pieces: all up to the response, and the response. */
export type TextPieces = readonly [request: Uint8Array, response: Uint8Array]

/**
 * The document as a person reads it. Bodies stand as they are, so the result may hold any bytes;
 * they are given apart from the document, undefined where they are not wanted.
 */
export function transactionText(
  transaction: Transaction,
  requestBody: Body | undefined,
  responseBody: Body | undefined,
): TextPieces {
  const { request, response } = transaction
  const beginning = [
    'HTTP Transaction',
    '================',
    '',
    ...metadataLines(transaction, request.request_id),
    '',
    'Request:',
    `  Method: ${printable(request.method)}`,
    `  URL: ${printable(request.url)}`,
    ...optional('  Content-Type', request.content_type),
    ...headerLines('Headers', request.headers),
    ...headerLines('Trailers', request.trailers),
  ]
  const end = [
    '',
    'Response:',
    `  Status: ${response.status}`,
    ...optional('  Content-Type', response.content_type),
    ...headerLines('Headers', response.headers),
    ...headerLines('Trailers', response.trailers),
  ]
  return [
    Buffer.concat([lines(beginning), ...body(requestBody)]),
    Buffer.concat([lines(end), ...body(responseBody)]),
  ]
}

export function metadataLines(
  {
    metadata,
    transaction_time,
    duration_ms,
    direction,
  }: Pick<Transaction, 'metadata' | 'transaction_time' | 'duration_ms' | 'direction'>,
  requestId: string,
): string[] {
  return [
    'Metadata:',
    `  Transaction Time: ${transaction_time.replace(/\.\d+Z$/, 'Z')}`,
    ...optional('  Duration', duration_ms === undefined ? undefined : `${duration_ms}ms`),
    `  Direction: ${direction}`,
    `  Request ID: ${requestId}`,
    ...optional('  Process ID', metadata.process_id),
    ...optional('  Process', metadata.process_exe),
    ...optional('  Container', metadata.container_name),
    ...optional('  Image', metadata.container_image),
    ...optional('  Pod', metadata.pod_name),
    ...optional('  Namespace', metadata.pod_namespace),
    `  Bytes Sent: ${metadata.bytes_sent ?? 0}`,
    `  Bytes Received: ${metadata.bytes_received ?? 0}`,
    ...optional('  Tags', metadata.tags?.join(', ')),
    ...optional('  Completeness', metadata.completeness),
    ...optional('  Ambiguous', metadata.ambiguous?.join(', ')),
    ...optional('  Unknown Fields', metadata.unknown_fields?.join(', ')),
  ]
}

export function optional(label: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${label}: ${printable(value)}`]
}

export function headerLines(title: string, headers: HeaderMap | undefined): string[] {
  if (headers === undefined) return []
  const written = [`  ${title}:`]
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) {
      written.push(`    ${printable(name)}: ${printable(one)}`)
    }
  }
  return written
}

/** Its heading says how much it is when it is not all. */
export function body(content: Body | undefined): Uint8Array[] {
  if (content === undefined) return []
  const part = partWords(content)
  const heading = part === undefined ? '  Body:' : `  Body (${part}):`
  if (content.bytes.length === 0) return part === undefined ? [] : [lines([heading])]
  return [lines([heading]), content.bytes, lines([''])]
}

export function lines(texts: readonly string[]): Uint8Array {
  return Buffer.from(`${texts.join('\n')}\n`, 'utf8')
}
