import { type DecoderShare, openShare } from '../../src/decoders/decoder.ts'
import { http2 } from '../../src/decoders/http2/decoder.ts'
import type { Decoder, Header } from '../../src/decoders/index.ts'
import { play, type Step } from './decoder-script.ts'
import {
  END_HEADERS,
  END_STREAM,
  type FieldWriter,
  frame,
  get,
  openFieldWriter,
  PREFACE,
  SETTINGS_ACK,
  settings,
  status,
} from './http2-frames.ts'

export const WHOLE = END_HEADERS | END_STREAM

export const OPENING: readonly Step[] = [
  ['>', PREFACE + settings([3, 100])],
  ['<', settings() + SETTINGS_ACK],
  ['>', SETTINGS_ACK],
]

/** What both sides of one connection send, their tables kept. */
export interface Writers {
  readonly client: FieldWriter
  readonly server: FieldWriter
  /** A GET of `/id`. */
  readonly ask: (id: number, flags?: number, ...headers: Header[]) => string
  /** A 200. */
  readonly answer: (id: number, flags?: number, ...headers: Header[]) => string
}

export function openWriters(): Writers {
  const client = openFieldWriter()
  const server = openFieldWriter()
  return {
    client,
    server,
    ask: (id, flags = WHOLE, ...headers) =>
      frame('HEADERS', flags, id, client.block(get(`/${id}`, ...headers))),
    answer: (id, flags = WHOLE, ...headers) =>
      frame('HEADERS', flags, id, server.block(status(200, ...headers))),
  }
}

export interface OpenConnection extends Writers {
  readonly share: DecoderShare
  readonly decoder: Decoder
  /** What the steps lead to. */
  readonly log: (...steps: Step[]) => string[]
}

/** A connection that was seen from its first byte. */
export function openConnection(share = openShare()): OpenConnection {
  const decoder = http2.open({ joinedLate: false, share })
  play(decoder, OPENING)
  return { ...openWriters(), share, decoder, log: (...steps) => play(decoder, steps) }
}
