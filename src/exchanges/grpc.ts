import { Buffer } from 'node:buffer'
import type { Header, RequestHead } from '../decoders/index.ts'
import type { Open } from './open-exchanges.ts'

/** A call of gRPC over HTTP/2 (the gRPC project's PROTOCOL-HTTP2 document names its parts). */
export interface Grpc {
  /** `package.Service`; empty when the path is not known. */
  readonly service: string
  readonly method: string
  /** Undefined while the call runs, and when it could not be known. */
  readonly status: number | undefined
  /** Such as `NOT_FOUND`; empty for a status that is undefined or not one of the 17. */
  readonly statusName: string
  /** `grpc-message`, percent-decoded; empty when there is none. */
  readonly message: string
  /** Messages that were seen to begin. */
  readonly requestMessages: number
  readonly responseMessages: number
  /** True when bytes of that side are missing in such a way that there may have been more messages. */
  readonly requestMessagesMissed: boolean
  readonly responseMessagesMissed: boolean
}

/** Status codes 0 to 16, by their number. */
export const GRPC_STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
const CANCELLED = 1

/** Compressed flag and length. */
const PREFIX_BYTES = 5

/** `application/grpc`, also with a suffix or parameters; gRPC-Web is another protocol. */
const CONTENT_TYPE = /^application\/grpc(?:[+;\s]|$)/i

/**
 * Counts the messages of one side by their prefixes: `Length-Prefixed-Message` is a flag of one byte, 0 or 1,
 * a length of four, and so many bytes. Once the place of the next prefix is not known, nothing more is
 * counted: no byte says that a message begins with it.
 */
export class MessageCounter {
  count = 0
  missed = false
  #prefixBytes = 0
  #length = 0
  #left = 0

  add(bytes: Uint8Array): void {
    if (this.missed) return
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at)
        this.#left -= step
        at += step
      } else if (!this.#addPrefixByte(bytes[at] ?? 0)) {
        this.missed = true
        return
      } else {
        at += 1
      }
    }
  }

  /** Bytes that were not read, undefined when nobody knows how many: harmless inside a message. */
  pass(bytes: number | undefined): void {
    if (bytes !== undefined && bytes <= this.#left) this.#left -= bytes
    else this.missed = true
  }

  #addPrefixByte(byte: number): boolean {
    if (this.#prefixBytes === 0 && byte > 1) return false
    this.#length = this.#prefixBytes === 0 ? 0 : this.#length * 256 + byte
    this.#prefixBytes += 1
    if (this.#prefixBytes < PREFIX_BYTES) return true
    this.#prefixBytes = 0
    this.#left = this.#length
    this.count += 1
    return true
  }
}

/** What is followed of a call while it runs. */
export interface GrpcCall {
  readonly client: MessageCounter
  readonly server: MessageCounter
  /** False when only the response can say whether this is a call: the request's type was not seen. */
  readonly certain: boolean
}

/** Undefined for what is no call of gRPC. */
export function openCall(head: RequestHead): GrpcCall | undefined {
  if (head.version !== 'HTTP/2') return undefined
  const type = fieldValue(head.headers, 'content-type')
  if (type !== undefined && !CONTENT_TYPE.test(type)) return undefined
  if (type === undefined && !hasUnknownFields(head)) return undefined
  return { client: new MessageCounter(), server: new MessageCounter(), certain: type !== undefined }
}

/** What is known of the call now; `over` when nothing more will come of it. */
export function describeCall(open: Open, over: boolean): Grpc | undefined {
  const { call, head, response } = open
  if (call === undefined) return undefined
  if (!call.certain && !CONTENT_TYPE.test(fieldValue(response?.headers ?? [], 'content-type') ?? ''))
    return undefined
  const status = over ? statusOf(open) : undefined
  const slash = head.target.lastIndexOf('/')
  return {
    service: head.target.slice(0, Math.max(0, slash)).replace(/^\//, ''),
    method: head.target.slice(slash + 1),
    status,
    statusName: status === undefined ? '' : (GRPC_STATUS_NAMES[status] ?? ''),
    message: over ? percentDecoded(lastField(open, 'grpc-message') ?? '') : '',
    requestMessages: call.client.count,
    responseMessages: call.server.count,
    requestMessagesMissed: call.client.missed,
    responseMessagesMissed: call.server.missed,
  }
}

/** What the server said; else `CANCELLED` when it is certain that it said nothing. */
function statusOf(open: Open): number | undefined {
  const { response, server, gap } = open
  const said = lastField(open, 'grpc-status')
  if (said !== undefined) return /^\d{1,9}$/.test(said) ? Number(said) : undefined
  if (gap || server.cut === 'limit' || server.trailers !== undefined) return undefined
  if (response === undefined) return CANCELLED
  // Something in between answered, a proxy perhaps: the status of HTTP is all there is.
  if (response.status !== 200 || hasUnknownFields(response)) return undefined
  return CANCELLED
}

/** In the trailers, or in the headers where there are no trailers (`Trailers-Only`). */
function lastField({ server, response }: Open, name: string): string | undefined {
  return fieldValue(server.trailers ?? response?.headers ?? [], name)
}

function hasUnknownFields({ doubts }: Pick<RequestHead, 'doubts'>): boolean {
  return doubts !== undefined && doubts.unknownFields.length > 0
}

/** `name` is in lower case, as all names are in HTTP/2 (RFC 9113 §8.2.1). */
function fieldValue(headers: readonly Header[], name: string): string | undefined {
  for (const header of headers) if (header[0] === name) return header[1]
  return undefined
}

/** UTF-8 with `%XX` for what is not plain ASCII; what is no such escape stands for itself. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const plain = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(plain, 'latin1').toString('utf8')
}
