import type { Side } from '../../connections/index.ts'
import type { Agreement } from './extensions.ts'

/** RFC 6455 §5.2. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
/** Two bytes, eight of length, four of masking key. */
export const FRAME_HEAD_BYTES_MAX = 14
export const CONTROL_BYTES_MAX = 125

/** The head of a frame; one record is filled again and again. */
export interface Frame {
  final: boolean
  /** RSV1 is 4, RSV2 2, RSV3 1. */
  reserved: number
  opcode: number
  masked: boolean
  readonly key: Uint8Array
  payloadBytes: number
  /** The length stands in as few bytes as it could. */
  shortest: boolean
}

/** Returned for a head that is not whole yet. */
export const MORE = -1
/** Returned for a length that no frame can have. */
export const TOO_LONG = -2

const TWO_BYTE_LENGTH = 126
const EIGHT_BYTE_LENGTH = 127
const KEY_BYTES = 4

export function noFrame(): Frame {
  return {
    final: false,
    reserved: 0,
    opcode: 0,
    masked: false,
    key: new Uint8Array(KEY_BYTES),
    payloadBytes: 0,
    shortest: true,
  }
}

/** Reads a head (RFC 6455 §5.2) from `at`; gives its length, `MORE`, or `TOO_LONG`. */
export function readFrameHead(input: Uint8Array, at: number, end: number, frame: Frame): number {
  if (end - at < 2) return MORE
  const first = input[at] ?? 0
  const second = input[at + 1] ?? 0
  const length = second & 0x7f
  const lengthBytes = length === EIGHT_BYTE_LENGTH ? 8 : length === TWO_BYTE_LENGTH ? 2 : 0
  frame.final = first >= 0x80
  frame.reserved = (first >> 4) & 7
  frame.opcode = first & 0x0f
  frame.masked = second >= 0x80
  const keyAt = at + 2 + lengthBytes
  const headEnd = keyAt + (frame.masked ? KEY_BYTES : 0)
  if (end < headEnd) return MORE
  frame.payloadBytes = lengthBytes === 0 ? length : bigEndian(input, at + 2, lengthBytes)
  frame.shortest = lengthBytes === 0 || frame.payloadBytes >= (lengthBytes === 2 ? TWO_BYTE_LENGTH : 1 << 16)
  if (frame.payloadBytes > Number.MAX_SAFE_INTEGER) return TOO_LONG
  if (frame.masked)
    for (let index = 0; index < KEY_BYTES; index += 1) frame.key[index] = input[keyAt + index] ?? 0
  return headEnd - at
}

/** False for a frame on which the other end must fail the connection (RFC 6455 §5.1, §5.2, §5.5). */
export function isAllowed(frame: Frame, from: Side, { coding }: Agreement): boolean {
  const { opcode, reserved } = frame
  if (frame.masked !== (from === 'client')) return false
  if (isControl(frame) && (!frame.final || frame.payloadBytes > CONTROL_BYTES_MAX)) return false
  // RFC 6455 §9.2: extensions may use the reserved bits and opcodes.
  if (coding === 'unknown') return true
  if (reserved !== 0) return reserved === 4 && coding === 'deflate' && startsMessage(frame)
  return opcode <= OPCODES.binary || (opcode >= OPCODES.close && opcode <= OPCODES.pong)
}

export function isControl({ opcode }: Frame): boolean {
  return opcode >= OPCODES.close
}

/** A part of a text or binary message; false for opcodes that only an extension knows. */
export function isData({ opcode }: Frame): boolean {
  return opcode <= OPCODES.binary
}

export function startsMessage({ opcode }: Frame): boolean {
  return opcode === OPCODES.text || opcode === OPCODES.binary
}

/** RFC 6455 §5.3; masking and its removal are the same. `phase` counts the bytes before, modulo 4. */
export function unmask(
  input: Uint8Array,
  at: number,
  length: number,
  key: Uint8Array,
  phase: number,
  into: Uint8Array,
): void {
  for (let index = 0; index < length; index += 1)
    into[index] = (input[at + index] ?? 0) ^ (key[(phase + index) & 3] ?? 0)
}

function bigEndian(input: Uint8Array, at: number, bytes: number): number {
  let value = 0
  for (let index = 0; index < bytes; index += 1) value = value * 256 + (input[at + index] ?? 0)
  return value
}
