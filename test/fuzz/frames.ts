import { concat } from './input.ts'
import type { Random } from './random.ts'

/** How a binary protocol frames its payloads. */
export interface FrameLayout {
  /** Header and payload length of the frame at `at`; undefined when no whole header stands there. */
  frameAt(bytes: Uint8Array, at: number): { header: number; payload: number } | undefined
  /** The header again, for another length of payload. */
  resized(header: Uint8Array, payload: number): Uint8Array
  /** Bytes in front of the first frame. */
  skip?(bytes: Uint8Array): number
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113 §4.1. */
export const HTTP2_FRAMES: FrameLayout = {
  frameAt: (bytes, at) =>
    at + 9 > bytes.length
      ? undefined
      : {
          header: 9,
          payload: (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2),
        },
  resized(header, payload) {
    const written = new Uint8Array(header)
    written.set([(payload >> 16) & 255, (payload >> 8) & 255, payload & 255])
    return written
  },
  skip: (bytes) => (PREFACE.equals(bytes.subarray(0, PREFACE.length)) ? PREFACE.length : 0),
}

/** RFC 6455 §5.2. */
export const WEBSOCKET_FRAMES: FrameLayout = {
  frameAt(bytes, at) {
    if (at + 2 > bytes.length) return undefined
    const second = byteAt(bytes, at + 1)
    const mask = second & 128 ? 4 : 0
    const short = second & 127
    const header = 2 + mask + (short === 126 ? 2 : short === 127 ? 8 : 0)
    if (at + header > bytes.length) return undefined
    if (short < 126) return { header, payload: short }
    const low = short === 126 ? at + 2 : at + 8
    return { header, payload: (byteAt(bytes, low) << 8) | byteAt(bytes, low + 1) }
  },
  resized(header, payload) {
    const first = byteAt(header, 0)
    const masked = byteAt(header, 1) & 128
    const mask = masked ? header.subarray(-4) : new Uint8Array(0)
    if (payload < 126) return Uint8Array.of(first, masked | payload, ...mask)
    return Uint8Array.of(first, masked | 126, (payload >> 8) & 255, payload & 255, ...mask)
  },
}

/** RFC 8446 §5.1. */
export const TLS_FRAMES: FrameLayout = {
  frameAt: (bytes, at) =>
    at + 5 > bytes.length
      ? undefined
      : { header: 5, payload: (byteAt(bytes, at + 3) << 8) | byteAt(bytes, at + 4) },
  resized(header, payload) {
    const written = new Uint8Array(header)
    written.set([(payload >> 8) & 255, payload & 255], 3)
    return written
  },
}

/** RFC 7766 §8: messages over TCP, each behind its length. */
export const DNS_FRAMES: FrameLayout = {
  frameAt: (bytes, at) =>
    at + 2 > bytes.length
      ? undefined
      : { header: 2, payload: (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1) },
  resized: (_header, payload) => Uint8Array.of((payload >> 8) & 255, payload & 255),
}

interface Frame {
  readonly header: Uint8Array
  readonly payload: Uint8Array
}

/** Changes whole frames, or the payload of one with its length set right again. */
export function mutateFrames(
  bytes: Uint8Array,
  layout: FrameLayout,
  random: Random,
  mutatePayload: (payload: Uint8Array) => Uint8Array,
): Uint8Array {
  const begin = layout.skip?.(bytes) ?? 0
  const { frames, end } = framesIn(bytes, begin, layout)
  const at = random.below(frames.length)
  const frame = frames[at]
  if (frame === undefined) return mutatePayload(bytes)
  switch (random.below(7)) {
    case 0:
      frames.splice(at, 1)
      break
    case 1:
      frames.splice(random.below(frames.length + 1), 0, frame)
      break
    case 2:
      frames.splice(at, 1)
      frames.splice(random.below(frames.length + 1), 0, frame)
      break
    case 3: {
      const cut = random.below(frame.payload.length + 1)
      const halves = [frame.payload.subarray(0, cut), frame.payload.subarray(cut)]
      frames.splice(at, 1, ...halves.map((payload) => resizedFrame(frame.header, payload, layout)))
      break
    }
    case 4:
      frames[at] = { ...frame, header: layout.resized(frame.header, random.below(1 << 14)) }
      break
    case 5: {
      const header = new Uint8Array(frame.header)
      const place = random.below(header.length)
      header[place] = random.once(2) ? (header[place] ?? 0) ^ (1 << random.below(8)) : random.below(16)
      frames[at] = { ...frame, header }
      break
    }
    default:
      frames[at] = resizedFrame(frame.header, mutatePayload(frame.payload), layout)
  }
  const parts = frames.flatMap(({ header, payload }) => [header, payload])
  return concat([bytes.subarray(0, begin), ...parts, bytes.subarray(end)])
}

function resizedFrame(header: Uint8Array, payload: Uint8Array, layout: FrameLayout): Frame {
  return { header: layout.resized(header, payload.length), payload }
}

function framesIn(
  bytes: Uint8Array,
  begin: number,
  layout: FrameLayout,
): { readonly frames: Frame[]; readonly end: number } {
  const frames: Frame[] = []
  let at = begin
  for (let found = layout.frameAt(bytes, at); found !== undefined; found = layout.frameAt(bytes, at)) {
    const payloadAt = at + found.header
    const next = payloadAt + found.payload
    if (next > bytes.length) break
    frames.push({ header: bytes.subarray(at, payloadAt), payload: bytes.subarray(payloadAt, next) })
    at = next
  }
  return { frames, end: at }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}
