import { Buffer } from 'node:buffer'
import type { Side } from '../connections/index.ts'
import type { Message } from '../decoders/index.ts'
import type { BodyShare } from './body.ts'

/** Protocols whose exchange goes on, after its response, in messages of both sides. */
const CONVERSING: ReadonlySet<string> = new Set(['websocket'])
/** What a message that is kept costs beside its content. */
const MESSAGE_BYTES = 256
const EMPTY = new Uint8Array(0)

/** What one side of a conversation said. */
export interface Spoken {
  /** Text and binary messages that were seen to begin. */
  readonly messages: number
  /** Their content as it passed, compression still on. */
  readonly bytes: number
  /** Close, ping and pong. */
  readonly controls: number
  /** True when there may have been more messages. */
  readonly missed: boolean
}

/** How a conversation was ended (RFC 6455 §5.5.1). */
export interface Farewell {
  /** Who said so first; undefined when the other side may have done so before, unseen. */
  readonly from: Side | undefined
  /** Undefined when none was given, or it was not seen. */
  readonly code: number | undefined
  readonly reason: string
}

export interface SpokenMessage {
  readonly from: Side
  readonly type: 'text' | 'binary'
  /** Nanoseconds since boot: when its first piece was seen. */
  readonly at: number
  /** The beginning, compression removed. */
  readonly bytes: Uint8Array
  /** Length of the whole, compression removed; undefined when not known. */
  readonly length: number | undefined
  /** What of it passed, compression still on. */
  readonly wireBytes: number
  /** `bytes` is not all of it. */
  readonly truncated: boolean
}

/** What followed the response that began a conversation. */
export interface Conversation {
  readonly client: Spoken
  readonly server: Spoken
  readonly close: Farewell | undefined
  /** In the order they began; none where nobody wanted content. */
  readonly messages: readonly SpokenMessage[]
  /** `messages` are only the first ones, or not all are whole. */
  readonly truncated: boolean
}

/** What all conversations share among themselves, and with bodies. */
export interface ConversationShare extends BodyShare {
  /** Held now by conversations, of `bodiesHeldBytes`. They last for hours, so half is left to bodies. */
  conversationsHeldBytes: number
}

type Piece = Extract<Message, { kind: 'piece' }>

interface Speaker {
  messages: number
  bytes: number
  controls: number
  missed: boolean
  isSpeaking: boolean
  /** The message being said, while it is kept. */
  current: Kept | undefined
}

interface Kept {
  readonly from: Side
  readonly type: 'text' | 'binary'
  readonly at: number
  held: Uint8Array
  heldLength: number
  length: number | undefined
  wireBytes: number
  truncated: boolean
}

/** A collector for protocols that converse, undefined for others. */
export function openConversation(
  protocol: string,
  share: ConversationShare,
  keeps: boolean,
): ConversationCollector | undefined {
  return CONVERSING.has(protocol) ? new ConversationCollector(share, keeps) : undefined
}

/**
 * Counts what both sides say, and keeps the first messages: of one conversation as many bytes as of one body,
 * of all together as many as bodies may hold.
 */
export class ConversationCollector {
  readonly client = noSpeaker()
  readonly server = noSpeaker()
  readonly #share: ConversationShare
  #keeps: boolean
  readonly #kept: Kept[] = []
  #reservedBytes = 0
  #close: Farewell | undefined
  #truncated = false
  /** A limit was hit: later messages are counted only. */
  #full = false

  constructor(share: ConversationShare, keeps: boolean) {
    this.#share = share
    this.#keeps = keeps
  }

  get truncated(): boolean {
    return this.#truncated
  }

  /** Its bytes are borrowed, so what is kept of them is copied. */
  add(at: number, piece: Piece): void {
    const speaker = this[piece.from]
    const { type } = piece
    if (type !== 'text' && type !== 'binary') {
      speaker.controls += 1
      if (type === 'close') this.#close ??= readFarewell(piece, !this[otherThan(piece.from)].missed)
      return
    }
    if (!speaker.isSpeaking) {
      speaker.messages += 1
      speaker.isSpeaking = true
      speaker.current = this.#begin(at, piece.from, type)
    }
    speaker.bytes += piece.wireBytes
    if (speaker.current !== undefined) this.#append(speaker.current, piece)
    if (!piece.ends) return
    if (speaker.current !== undefined) this.#settle(speaker.current)
    speaker.isSpeaking = false
    speaker.current = undefined
  }

  /** Content passed unseen; undefined when nobody knows how much, so that there may be messages in it. */
  miss(from: Side, bytes: number | undefined): void {
    const speaker = this[from]
    speaker.bytes += bytes ?? 0
    if (bytes === undefined) speaker.missed = true
    if (speaker.current !== undefined) this.#cut(speaker.current)
  }

  /** Nobody wants what is said: only counts from here on. */
  keepNothing(): void {
    this.#keeps = false
    this.#kept.length = 0
    this.client.current = undefined
    this.server.current = undefined
    this.#free(this.#reservedBytes)
  }

  /** The conversation is over. Frees its share. */
  finish(): Conversation {
    this.#free(this.#reservedBytes)
    for (const { current } of [this.client, this.server]) if (current !== undefined) this.#cut(current)
    return {
      client: spokenBy(this.client),
      server: spokenBy(this.server),
      close: this.#close,
      messages: this.#kept.map(spokenMessage),
      truncated: this.#truncated,
    }
  }

  #begin(at: number, from: Side, type: 'text' | 'binary'): Kept | undefined {
    if (!this.#keeps || this.#full || !this.#reserve(MESSAGE_BYTES)) {
      this.#overflow()
      return undefined
    }
    const kept = { from, type, at, held: EMPTY, heldLength: 0, length: 0, wireBytes: 0, truncated: false }
    this.#kept.push(kept)
    return kept
  }

  #append(kept: Kept, { bytes, wireBytes, cut }: Piece): void {
    kept.wireBytes += wireBytes
    if (kept.length !== undefined) kept.length += bytes.length
    if (!kept.truncated && bytes.length > 0) {
      const room = this.#room(kept, bytes.length)
      kept.held.set(room === bytes.length ? bytes : bytes.subarray(0, room), kept.heldLength)
      kept.heldLength += room
      if (room < bytes.length) {
        kept.truncated = true
        this.#overflow()
      }
    }
    if (cut) this.#cut(kept)
  }

  /** Gives for how many of so many further bytes there is room in `held`. */
  #room(kept: Kept, bytes: number): number {
    const needed = kept.heldLength + bytes
    const free = kept.held.length - kept.heldLength
    if (bytes <= free) return bytes
    // Most messages come in one piece, and hold what they need.
    const wished = kept.heldLength === 0 ? needed : needed * 2
    const capacity = Math.min(wished, kept.held.length + this.#share.bodyBytesMax - this.#reservedBytes)
    if (capacity <= kept.held.length || !this.#reserve(capacity - kept.held.length)) return free
    const larger = Buffer.allocUnsafe(capacity)
    larger.set(kept.held.subarray(0, kept.heldLength))
    kept.held = larger
    return Math.min(bytes, capacity - kept.heldLength)
  }

  /** Gives back what a message that is over does not need. */
  #settle(kept: Kept): void {
    const spare = kept.held.length - kept.heldLength
    if (spare === 0) return
    kept.held = Buffer.from(kept.held.subarray(0, kept.heldLength))
    this.#free(spare)
  }

  #cut(kept: Kept): void {
    kept.truncated = true
    kept.length = undefined
    this.#truncated = true
  }

  #overflow(): void {
    if (!this.#keeps || this.#full) return
    this.#full = true
    this.#truncated = true
    this.#share.bodiesTruncated += 1
  }

  #reserve(bytes: number): boolean {
    const share = this.#share
    if (this.#reservedBytes + bytes > share.bodyBytesMax) return false
    if (share.bodiesHeldBytes + bytes > share.bodiesTotalBytesMax) return false
    if (share.conversationsHeldBytes + bytes > share.bodiesTotalBytesMax / 2) return false
    this.#reservedBytes += bytes
    share.bodiesHeldBytes += bytes
    share.conversationsHeldBytes += bytes
    return true
  }

  #free(bytes: number): void {
    this.#reservedBytes -= bytes
    this.#share.bodiesHeldBytes -= bytes
    this.#share.conversationsHeldBytes -= bytes
  }
}

function noSpeaker(): Speaker {
  return { messages: 0, bytes: 0, controls: 0, missed: false, isSpeaking: false, current: undefined }
}

function spokenBy({ messages, bytes, controls, missed }: Speaker): Spoken {
  return { messages, bytes, controls, missed }
}

function spokenMessage({
  from,
  type,
  at,
  held,
  heldLength,
  length,
  wireBytes,
  truncated,
}: Kept): SpokenMessage {
  return { from, type, at, bytes: held.subarray(0, heldLength), length, wireBytes, truncated }
}

function otherThan(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}

function readFarewell(piece: Piece, isFirst: boolean): Farewell {
  const { bytes } = piece
  const from = isFirst ? piece.from : undefined
  const [high, low] = bytes
  if (high === undefined || low === undefined) return { from, code: undefined, reason: '' }
  return { from, code: high * 256 + low, reason: Buffer.from(bytes.subarray(2)).toString('utf8') }
}
