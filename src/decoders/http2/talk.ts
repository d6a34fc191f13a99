import type { Side } from '../../connections/index.ts'
import type { DecoderShare } from '../decoder.ts'
import type { Cut, Message } from '../message.ts'
import { FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX } from './frames.ts'
import { type HeadFields, noHeadFields } from './heads.ts'
import { HeldBytes } from './held.ts'
import type { Hpack } from './hpack/hpack.ts'
import { openHpack } from './hpack/open.ts'
import { OpenStreams, type Stream } from './open-streams.ts'

/** What a side is in the middle of; each has one reader. `over` is payload that nobody needs. */
export type State = 'preface' | 'frame' | 'data' | 'fragment' | 'over' | 'hunting' | 'opaque'

/** Returned by a reader that needs more bytes than there are. */
export const MORE = -1

/** A header block in the making (RFC 9113 §4.3): HEADERS or PUSH_PROMISE, then CONTINUATION. */
export interface Block {
  /** Only CONTINUATION of `streamId` may follow. */
  open: boolean
  streamId: number
  /** 0 unless PUSH_PROMISE began it. */
  promisedId: number
  endsStream: boolean
  /** The frame being read is its last. */
  endsBlock: boolean
  /** Whole frames of it. */
  wireBytes: number
  /** Why the block can't be read any more. */
  lost: Cut | undefined
  /** What earlier frames, or earlier chunks, brought of it. */
  readonly bytes: HeldBytes
}

/** One direction of the connection. */
export interface Half {
  readonly from: Side
  state: State
  /** Beginning of a unit that needs more bytes; while `waits`, all that came. */
  readonly held: HeldBytes
  /** Hunting: `held` begins where a chunk began. */
  heldBegins: boolean
  /** The frame that `held` begins with is not read before the other side has said what it answers. */
  waits: boolean
  /** False while what waited is read all the same. */
  patient: boolean
  /** Every byte since the connection began was seen. */
  exact: boolean
  /** No byte was seen yet. */
  untouched: boolean
  /** The first frame was seen, and it was SETTINGS (RFC 9113 §3.4). */
  begun: boolean
  prefaceBytes: number
  hpack: Hpack
  readonly block: Block
  /** Whose content the DATA frame being read holds; undefined when nobody is told of it. */
  stream: Stream | undefined
  /** Of the content, or of the fragment of a header block, in the frame being read. */
  remainingBytes: number
  /** What follows `remainingBytes` in the frame. */
  overBytes: number
  /** The DATA frame being read ends its stream. */
  endsStream: boolean
  /** Longer frames are no frames of this side. */
  frameBytesMax: number
  /** While frame boundaries are searched for, longer frames are not believed. */
  frameBytesLikely: number
  /** Frames that must still follow until the place where frames were found again is taken to be right. */
  trialFrames: number
  /** Times the frame boundaries of this side were lost. */
  losses: number
  /** SETTINGS frames of this side, and those of the other side that this side acknowledged. */
  settingsSeen: number
  acksSeen: number
  /** Table sizes that this side's encoder may use from an acknowledgement on, by its number. */
  readonly tableBytesAt: { readonly ack: number; readonly bytes: number }[]
}

/** Both directions of one connection, and what was found in the chunk being read. */
export interface Talk {
  readonly client: Half
  readonly server: Half
  readonly streams: OpenStreams
  readonly share: DecoderShare
  /** Of the header block last read. */
  readonly fields: HeadFields
  out: Message[]
  opaque: boolean
  /** Requests told of so far. */
  requests: number
  /** Of the client's newest request. */
  lastRequestId: number
  /** The client has begun no stream above `lastRequestId` in what was seen of it. */
  lastRequestKnown: boolean
  /** Bytes of the client in which requests may have passed unseen, since the newest one. */
  hiddenBytes: number
  /** `lastRequestId` when frames of the client were found again. */
  requestIdBefore: number
  /** Streams of requests that were told of while it was not certain that they are frames. */
  readonly triedIds: number[]
  /** There may be requests that nobody saw. */
  hiddenRequests: boolean
  lastPromisedId: number
  /** Streams whose answer came before their request, and was not kept. */
  readonly answeredEarly: number[]
  /** Each side handles no stream of the other above (GOAWAY). */
  readonly handledIdMax: Record<Side, number>
  /** Some stream may have ended unseen. */
  inDoubt: boolean
}

export function openTalk(share: DecoderShare, joinedLate: boolean): Talk {
  return {
    client: openHalf(share, 'client', joinedLate),
    server: openHalf(share, 'server', joinedLate),
    streams: new OpenStreams(),
    share,
    fields: noHeadFields(),
    out: [],
    opaque: false,
    requests: 0,
    lastRequestId: 0,
    lastRequestKnown: !joinedLate,
    hiddenBytes: joinedLate ? Number.POSITIVE_INFINITY : 0,
    requestIdBefore: 0,
    triedIds: [],
    hiddenRequests: joinedLate,
    lastPromisedId: 0,
    answeredEarly: [],
    handledIdMax: { client: Number.MAX_SAFE_INTEGER, server: Number.MAX_SAFE_INTEGER },
    inDoubt: false,
  }
}

function openHalf(share: DecoderShare, from: Side, joinedLate: boolean): Half {
  return {
    from,
    state: joinedLate ? 'hunting' : from === 'client' ? 'preface' : 'frame',
    held: new HeldBytes(share),
    heldBegins: false,
    waits: false,
    patient: true,
    exact: !joinedLate,
    untouched: true,
    begun: joinedLate,
    prefaceBytes: 0,
    hpack: openHpack({ joinedLate }),
    block: {
      open: false,
      streamId: 0,
      promisedId: 0,
      endsStream: false,
      endsBlock: false,
      wireBytes: 0,
      lost: undefined,
      bytes: new HeldBytes(share),
    },
    stream: undefined,
    remainingBytes: 0,
    overBytes: 0,
    endsStream: false,
    frameBytesMax: joinedLate ? FRAME_BYTES_MAX : FRAME_BYTES_DEFAULT,
    frameBytesLikely: FRAME_BYTES_DEFAULT,
    trialFrames: 0,
    losses: 0,
    settingsSeen: 0,
    acksSeen: 0,
    tableBytesAt: [],
  }
}

export function otherOf(talk: Talk, half: Half): Half {
  return half.from === 'client' ? talk.server : talk.client
}
