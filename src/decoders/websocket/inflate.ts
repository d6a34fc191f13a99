import { constants, inflateRawSync } from 'node:zlib'
import type { DecoderShare } from '../decoder.ts'

/** One message may grow to this. */
const INFLATED_BYTES_MAX = 8 * 1024 * 1024
/** Deflate makes at most 1,032 bytes of one: an input of this length always stays within the limit. */
const SURE_BYTES = Math.floor(INFLATED_BYTES_MAX / 1032)
/** A message may consist of several deflate streams (RFC 7692 §7.2.3.4); nobody sends so many. */
const STREAMS_MAX = 16
const CONTEXT_CAPACITY_MIN = 256
/** Deflate points back no farther (RFC 1951 §2). */
const WINDOW_BYTES = 32 * 1024

const EMPTY = new Uint8Array(0)

/**
 * The end of what one side's messages were before they were compressed: later ones may point into it
 * (RFC 7692 §7.2.2). After a hole it holds what was seen since. A message that points farther back is
 * refused by zlib, so that what comes out is right or nothing.
 */
export interface Context {
  readonly bytesMax: number
  bytes: Uint8Array
  length: number
}

export interface Inflated {
  readonly bytes: Uint8Array
  /** `bytes` is only the beginning, or nothing. */
  readonly cut: boolean
}

const NOTHING: Inflated = { bytes: EMPTY, cut: true }

export function openContext(bytesMax: number): Context {
  return { bytesMax, bytes: EMPTY, length: 0 }
}

/** What came before is not known any more. */
export function forget(context: Context, share: DecoderShare): void {
  share.heldBytes -= context.bytes.length
  context.bytes = EMPTY
  context.length = 0
}

/** Removes the compression of one whole message (RFC 7692 §7.2.2). */
export function inflate(context: Context, share: DecoderShare, coded: Uint8Array): Inflated {
  const inflated = inflateStreams(context, coded)
  if (inflated.cut) forget(context, share)
  else remember(context, share, inflated.bytes)
  return inflated
}

/** As much as the beginning of a message gives. */
export function inflateBeginning(context: Context, share: DecoderShare, coded: Uint8Array): Inflated {
  const { bytes } = inflateStreams(context, coded)
  forget(context, share)
  return { bytes, cut: true }
}

/**
 * The four bytes that the sender took from the end are not put back: they only say where a block ends, and
 * all that stands before them comes out without.
 */
function inflateStreams(context: Context, coded: Uint8Array): Inflated {
  let dictionary = context.bytes.subarray(0, context.length)
  let inflated: Uint8Array = EMPTY
  let rest = coded
  for (let streams = 0; rest.length > 0; streams += 1) {
    const one =
      streams === STREAMS_MAX ? 'broken' : attempt(rest, dictionary, INFLATED_BYTES_MAX - inflated.length)
    if (one === 'too much' && streams === 0) return inflateSure(rest, dictionary)
    if (typeof one === 'string') return streams === 0 ? NOTHING : { bytes: inflated, cut: true }
    inflated = inflated.length === 0 ? one.bytes : Buffer.concat([inflated, one.bytes])
    rest = rest.subarray(one.taken)
    if (rest.length > 0 && one.bytes.length > 0)
      dictionary = Buffer.concat([dictionary, one.bytes]).subarray(-WINDOW_BYTES)
  }
  return { bytes: inflated, cut: false }
}

function inflateSure(coded: Uint8Array, dictionary: Uint8Array): Inflated {
  const sure = attempt(coded.subarray(0, SURE_BYTES), dictionary, INFLATED_BYTES_MAX)
  return typeof sure === 'string' ? NOTHING : { bytes: sure.bytes, cut: true }
}

function attempt(
  coded: Uint8Array,
  dictionary: Uint8Array,
  bytesMax: number,
): { readonly bytes: Uint8Array; readonly taken: number } | 'too much' | 'broken' {
  try {
    const result = inflateRawSync(coded, {
      maxOutputLength: Math.max(1, bytesMax),
      finishFlush: constants.Z_SYNC_FLUSH,
      info: true,
      ...(dictionary.length === 0 ? undefined : { dictionary }),
    })
    return readResult(result) ?? 'broken'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      ? 'too much'
      : 'broken'
  }
}

/** With `info`, node:zlib gives `{ buffer, engine }`, of which its types know nothing. */
function readResult(result: object) {
  if (!('buffer' in result && result.buffer instanceof Uint8Array)) return undefined
  if (!('engine' in result && typeof result.engine === 'object' && result.engine !== null)) return undefined
  if (!('bytesWritten' in result.engine && typeof result.engine.bytesWritten === 'number')) return undefined
  const taken = result.engine.bytesWritten
  return taken > 0 ? { bytes: result.buffer, taken } : undefined
}

function remember(context: Context, share: DecoderShare, bytes: Uint8Array): void {
  const { bytesMax } = context
  if (bytesMax === 0 || bytes.length === 0) return
  const kept = Math.min(context.length, bytesMax - Math.min(bytesMax, bytes.length))
  const added = Math.min(bytesMax, bytes.length)
  const larger = kept + added > context.bytes.length ? grow(context, share, kept + added) : context.bytes
  if (larger === undefined) {
    forget(context, share)
    return
  }
  larger.set(context.bytes.subarray(context.length - kept, context.length))
  larger.set(bytes.subarray(bytes.length - added), kept)
  context.bytes = larger
  context.length = kept + added
}

/** Undefined past the shared bound. */
function grow(context: Context, share: DecoderShare, needed: number): Uint8Array | undefined {
  const capacity = Math.min(context.bytesMax, Math.max(CONTEXT_CAPACITY_MIN, needed * 2))
  const grown = capacity - context.bytes.length
  if (share.heldBytes + grown > share.heldBytesMax) return undefined
  share.heldBytes += grown
  return new Uint8Array(capacity)
}
