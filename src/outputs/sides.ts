import { Buffer } from 'node:buffer'
import type { Artifact } from './output.ts'

/** An object in two: each is the document without what the other side sent. */
export interface TransactionSides {
  readonly request: Uint8Array
  readonly response: Uint8Array
}

/*
 * Keys of the document itself. Nothing else in it looks like them: within a text a quote is escaped, headers
 * have no mappings as values, and `transaction_time` is no field of a side.
 */
const REQUEST = ',"request":{'
const RESPONSE = ',"response":{'
const AFTER_SIDES = '},"transaction_time":"'
const REQUEST_HEADING = '\nRequest:\n'

/** Undefined for an object that is no whole transaction. */
export function sidesOf({ type, data, responseAt }: Artifact): TransactionSides | undefined {
  if (type !== 'http_transaction') return undefined
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return responseAt === undefined ? sidesOfJson(bytes) : sidesOfText(bytes, responseAt)
}

/**
 * What follows both, such as the time, stands in both; a conversation is with the response, which began it.
 */
function sidesOfJson(bytes: Buffer): TransactionSides | undefined {
  const requestAt = bytes.indexOf(REQUEST)
  const responseAt = bytes.indexOf(RESPONSE, requestAt)
  const afterAt = bytes.indexOf(AFTER_SIDES, responseAt) + 1
  if (requestAt < 0 || responseAt < 0 || afterAt <= 0) return undefined
  const conversationAt = bytes.indexOf(',"websocket":{', afterAt)
  const after = bytes.subarray(afterAt, conversationAt < 0 ? bytes.length - 1 : conversationAt)
  return {
    request: Buffer.concat([bytes.subarray(0, responseAt), after, Buffer.from('}')]),
    response: Buffer.concat([bytes.subarray(0, requestAt), bytes.subarray(responseAt)]),
  }
}

function sidesOfText(bytes: Buffer, responseAt: number): TransactionSides {
  const requestAt = bytes.indexOf(REQUEST_HEADING)
  return {
    request: bytes.subarray(0, responseAt),
    response: Buffer.concat([bytes.subarray(0, requestAt), bytes.subarray(responseAt)]),
  }
}
