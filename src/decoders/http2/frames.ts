import type { Side } from '../../connections/index.ts'

/** RFC 9113 §4.1: every frame begins with so many bytes. */
export const FRAME_HEADER_BYTES = 9
/** What a frame may hold unless SETTINGS_MAX_FRAME_SIZE says otherwise (RFC 9113 §4.2). */
export const FRAME_BYTES_DEFAULT = 16_384
/** The most that SETTINGS_MAX_FRAME_SIZE may say. */
export const FRAME_BYTES_MAX = 0xffffff

export const DATA = 0x0
export const HEADERS = 0x1
export const PRIORITY = 0x2
export const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PUSH_PROMISE = 0x5
export const PING = 0x6
export const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9
/** RFC 7838 §4 */
const ALTSVC = 0xa
/** RFC 8336 §2 */
const ORIGIN = 0xc
/** RFC 9218 §7.1 */
const PRIORITY_UPDATE = 0x10

/** Of DATA and HEADERS. */
export const END_STREAM = 0x1
/** Of SETTINGS and PING. */
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
/** Of HEADERS: five bytes of priority stand in front of the block. */
export const PRIORITISED = 0x20

/** A longer SETTINGS frame is passed over: there are not that many settings. */
const SETTINGS_BYTES_MAX = 4096
/** RFC 9113 §7: error codes end here, and no extension has added to them. */
const ERROR_CODE_MAX = 0xd

export function lengthAt(input: Uint8Array, at: number): number {
  return ((input[at] ?? 0) << 16) | ((input[at + 1] ?? 0) << 8) | (input[at + 2] ?? 0)
}

/** Of the frame that begins at `at`; the reserved bit is left out (RFC 9113 §4.1). */
export function streamIdAt(input: Uint8Array, at: number): number {
  return uint31At(input, at + 5)
}

export function uint31At(input: Uint8Array, at: number): number {
  return (
    (((input[at] ?? 0) & 0x7f) << 24) |
    ((input[at + 1] ?? 0) << 16) |
    ((input[at + 2] ?? 0) << 8) |
    (input[at + 3] ?? 0)
  )
}

/** Bytes of the payload that are read together with the frame header. */
export function fixedBytes(type: number, flags: number, length: number): number {
  const padding = (flags & PADDED) === 0 ? 0 : 1
  switch (type) {
    case DATA:
      return padding
    case HEADERS:
      return padding + ((flags & PRIORITISED) === 0 ? 0 : 5)
    case PUSH_PROMISE:
      return padding + 4
    case RST_STREAM:
      return 4
    case GOAWAY:
      return 8
    case SETTINGS:
      return length <= SETTINGS_BYTES_MAX ? length : 0
    default:
      return 0
  }
}

/**
 * Can a frame be so? Lengths and stream ids as RFC 9113 §6 asks for; flags and types without a meaning are
 * let pass, as §4.1 and §5.5 ask for.
 */
export function isLegal(from: Side, type: number, flags: number, length: number, streamId: number): boolean {
  switch (type) {
    case DATA:
    case HEADERS:
    case PUSH_PROMISE: {
      // A client sends nothing on streams that the server began (RFC 9113 §8.4), and promises nothing (§6.6).
      const isAllowed = from === 'client' ? type !== PUSH_PROMISE && isOdd(streamId) : streamId !== 0
      if (!isAllowed || (type === PUSH_PROMISE && !isOdd(streamId))) return false
      return length >= fixedBytes(type, flags, length)
    }
    case PRIORITY:
      return streamId !== 0 && length === 5
    case RST_STREAM:
      return streamId !== 0 && length === 4
    case SETTINGS:
      return streamId === 0 && ((flags & ACK) === 0 ? length % 6 === 0 : length === 0)
    case PING:
      return streamId === 0 && length === 8
    case GOAWAY:
      return streamId === 0 && length >= 8
    case WINDOW_UPDATE:
      return length === 4
    case CONTINUATION:
      return streamId !== 0
    default:
      return true
  }
}

/**
 * Does the frame at `at` look as real frames do? As `isLegal`, and no flag, type or bit is used that has no
 * meaning, and what can be seen of the payload (up to `end`) agrees.
 */
export function isLikely(from: Side, input: Uint8Array, at: number, end: number): boolean {
  const length = lengthAt(input, at)
  const type = input[at + 3] ?? 0
  const flags = input[at + 4] ?? 0
  const streamId = streamIdAt(input, at)
  if ((input[at + 5] ?? 0) > 0x7f || (flags & ~likelyFlags(type)) !== 0) return false
  if (!isLegal(from, type, flags, length, streamId)) return false
  const payload = at + FRAME_HEADER_BYTES
  switch (type) {
    case DATA:
    case HEADERS:
      return holdsMore(type, flags, length) && fitsPadding(input, at, end)
    case CONTINUATION:
      return length > 0
    case PUSH_PROMISE:
      return fitsPadding(input, at, end) && promisesWell(input, at, end)
    case RST_STREAM:
      return payload + 4 > end || uint31At(input, payload) <= ERROR_CODE_MAX
    case WINDOW_UPDATE:
      return payload + 4 > end || ((input[payload] ?? 0) <= 0x7f && uint31At(input, payload) > 0)
    case ALTSVC:
      return from === 'server' && length >= 2
    case ORIGIN:
      return from === 'server' && streamId === 0
    case PRIORITY_UPDATE:
      return from === 'client' && streamId === 0 && length >= 4
    default:
      return type <= CONTINUATION
  }
}

export function isOdd(streamId: number): boolean {
  return (streamId & 1) === 1
}

/** The server's own streams have even ids (RFC 9113 §5.1.1). */
export function isPromised(streamId: number): boolean {
  return streamId > 0 && !isOdd(streamId)
}

function likelyFlags(type: number): number {
  switch (type) {
    case DATA:
      return END_STREAM | PADDED
    case HEADERS:
      return END_STREAM | END_HEADERS | PADDED | PRIORITISED
    case PUSH_PROMISE:
      return END_HEADERS | PADDED
    case CONTINUATION:
      return END_HEADERS
    case SETTINGS:
    case PING:
      return ACK
    default:
      return 0
  }
}

/** Nothing is gained by a header block without a field, or by no content that ends nothing. */
function holdsMore(type: number, flags: number, length: number): boolean {
  return length > fixedBytes(type, flags, length) || (type === DATA && (flags & END_STREAM) !== 0)
}

function promisesWell(input: Uint8Array, at: number, end: number): boolean {
  const promised = at + FRAME_HEADER_BYTES + (((input[at + 4] ?? 0) & PADDED) === 0 ? 0 : 1)
  return promised + 4 > end || isPromised(uint31At(input, promised))
}

/** Padding is zeros (RFC 9113 §6.1). */
function fitsPadding(input: Uint8Array, at: number, end: number): boolean {
  const payload = at + FRAME_HEADER_BYTES
  const flags = input[at + 4] ?? 0
  if ((flags & PADDED) === 0 || payload >= end) return true
  const length = lengthAt(input, at)
  const padding = input[payload] ?? 0
  if (fixedBytes(input[at + 3] ?? 0, flags, length) + padding > length) return false
  const last = Math.min(end, payload + length)
  for (let place = payload + length - padding; place < last; place += 1) if (input[place] !== 0) return false
  return true
}
