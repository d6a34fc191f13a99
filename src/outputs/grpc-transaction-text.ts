import { Buffer } from 'node:buffer'
import type { Body } from '../exchanges/index.ts'
import type { GrpcTransaction } from './grpc-transaction.ts'
import { printable } from './printable.ts'
import { body, headerLines, lines, metadataLines, optional, type TextPieces } from './transaction-text.ts'

/** The document of a call as a person reads it; bodies are given apart, as for `transactionText`. */
export function grpcTransactionText(
  transaction: GrpcTransaction,
  requestBody: Body | undefined,
  responseBody: Body | undefined,
): TextPieces {
  const { metadata, service, method, request, response } = transaction
  const beginning = [
    'gRPC Transaction',
    '================',
    '',
    ...metadataLines(transaction, metadata.request_id),
    '',
    'RPC:',
    `  Service: ${printable(service)}`,
    `  Method: ${printable(method)}`,
    `  Status: ${statusWords(transaction)}`,
    ...optional('  Message', transaction.grpc_message),
    '',
    'Request:',
    ...optional('  Content-Type', request.content_type),
    `  Messages: ${countWords(request)}`,
    ...headerLines('Headers', request.headers),
  ]
  const end = [
    '',
    'Response:',
    ...optional('  Content-Type', response.content_type),
    `  Messages: ${countWords(response)}`,
    ...headerLines('Headers', response.headers),
    ...headerLines('Trailers', response.trailers),
  ]
  return [
    Buffer.concat([lines(beginning), ...body(requestBody)]),
    Buffer.concat([lines(end), ...body(responseBody)]),
  ]
}

/** `NOT_FOUND (5)` */
function statusWords({ grpc_status, grpc_status_name }: GrpcTransaction): string {
  if (grpc_status === undefined) return 'not known'
  return grpc_status_name === undefined ? `(${grpc_status})` : `${grpc_status_name} (${grpc_status})`
}

function countWords({ message_count, message_count_at_least }: GrpcTransaction['request']): string {
  return message_count_at_least ? `at least ${message_count}` : String(message_count)
}
