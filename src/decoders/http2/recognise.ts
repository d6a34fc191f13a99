import type { Side } from '../../connections/index.ts'
import type { Recognition } from '../decoder.ts'
import { type ChainEdges, type ChainLimits, judgeChain, PROVEN, REFUTED } from './chain.ts'
import { FRAME_BYTES_DEFAULT } from './frames.ts'

/** RFC 9113 §3.4 */
export const PREFACE: Uint8Array = new TextEncoder().encode('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const LIMITS: ChainLimits = {
  frameBytesMax: FRAME_BYTES_DEFAULT,
  requestIdMax: Number.MAX_SAFE_INTEGER,
  // Hardly anybody pushes any more, and it is no reason to believe more bytes.
  promisedIdMax: 0,
}

const EDGES: ChainEdges = { begins: true, ends: false }

/**
 * The client's preface, or two frames in a row: those of a server that spoke first, or of either side when
 * the preface passed before we listened. No text and no TLS record begins as a frame of usual length does.
 */
export function recogniseStart(from: Side, start: Uint8Array): Recognition {
  if (start.length === 0) return 'more'
  if (from === 'client' && start[0] === PREFACE[0]) {
    const seen = prefaceBytes(start)
    if (seen === PREFACE.length) return 'yes'
    return seen === start.length ? 'more' : 'no'
  }
  const judgement = judgeChain(from, start, 0, start.length, LIMITS, EDGES)
  if (judgement === PROVEN) return 'yes'
  return judgement === REFUTED ? 'no' : 'more'
}

/** How many of the first bytes are the preface's. */
export function prefaceBytes(start: Uint8Array): number {
  let seen = 0
  while (seen < start.length && seen < PREFACE.length && start[seen] === PREFACE[seen]) seen += 1
  return seen
}
