import { openShare } from '../../../src/decoders/decoder.ts'
import type { Decoder, DecoderShare, Message } from '../../../src/decoders/index.ts'
import { illFormed, sideOf } from '../../support/well-formed.ts'
import { Finding } from '../finding.ts'
import { type Action, hashOf, type Input } from '../input.ts'
import { type Random, seededRandom } from '../random.ts'
import type { Target } from '../target.ts'
import { cutAnew, joined } from './cut.ts'
import { contentLog, expectSame, noteTraits, owned, wholeLog } from './message-log.ts'

/** Small enough that inputs come to it. */
const HELD_BYTES_MAX = 4096
const SCRIBBLE = 0xaa

/** Opens a decoder as an input's variant says. */
export type Opener = (variant: number, share: DecoderShare) => Decoder

interface Played {
  readonly messages: readonly Message[]
  readonly share: DecoderShare
  /** A response came before the end of its request's head. */
  readonly overtaken: boolean
}

/**
 * Rules for every decoder: nothing throws; messages are well-formed and tell of no more than passed; what is
 * held stays below the limit and is given back; any split of the same bytes gives the same messages, unless
 * the decoder had to look for the next message; what `contentAhead` names can be passed over; nothing is
 * read of a chunk after the call it came with. `isWhole`: a connection that was seen from its beginning.
 */
export function decoderTarget(
  open: Opener,
  fields: Pick<Target, 'covers' | 'variants' | 'tokens' | 'seeds' | 'frames'>,
  isWhole: (variant: number) => boolean = (variant) => variant === 0,
): Target {
  return { ...fields, check, feed }

  function feed({ variant, actions }: Input): void {
    const decoder = open(variant, openShare())
    for (const action of actions) if (act(decoder, action).at(-1)?.kind === 'opaque') return
    decoder.closed()
  }

  function check({ variant, actions }: Input, traits: Set<string>): void {
    const random = seededRandom(hashOf({ variant, actions }))
    const given = play(variant, actions, openShare(), act)
    noteTraits(given.messages, given.share, traits)
    checkMessages(given.messages, actions)
    const split = cutAnew({ variant, actions }, random)
    const resplit = play(variant, split, openShare(), actScribbling)
    if (isWhole(variant) && isCertain(given) && isCertain(resplit))
      expectSameSides(given.messages, resplit.messages)
    const passed = play(variant, split, openShare(), (decoder, action) => actPassing(decoder, action, random))
    checkMessages(passed.messages, actions)
    // What is passed over is a piece by itself, which is as good as another split.
    if (isWhole(variant) && isCertain(resplit) && isCertain(passed))
      expectSame('pass', contentLog(resplit.messages), contentLog(passed.messages))
    checkMessages(play(variant, joined(actions), openShare(HELD_BYTES_MAX), act).messages, actions)
  }

  function play(variant: number, actions: readonly Action[], share: DecoderShare, doing: typeof act): Played {
    const decoder = open(variant, share)
    const messages: Message[] = []
    let overtaken = false
    for (const action of actions) {
      const told = doing(decoder, action).map(owned)
      overtaken ||= action.from === 'client' && told.some(({ kind }) => kind === 'response')
      messages.push(...told)
      if (share.heldBytes < 0 || share.heldBytes > share.heldBytesMax)
        throw new Finding('held', `${share.heldBytes} of ${share.heldBytesMax} bytes`)
      // Nobody asks a decoder any more that gave the connection up.
      if (messages.at(-1)?.kind === 'opaque') break
    }
    if (messages.at(-1)?.kind !== 'opaque') messages.push(...decoder.closed().map(owned))
    if (share.heldBytes !== 0) throw new Finding('held after the end', `${share.heldBytes} bytes`)
    return { messages, share, overtaken }
  }
}

function act(decoder: Decoder, action: Action): readonly Message[] {
  if (action.kind === 'gap') return decoder.gap(action.from, action.missingBytes)
  return decoder.bytes(action.from, action.bytes)
}

/** The chunk is only borrowed: it is written over as soon as its messages are copied. */
function actScribbling(decoder: Decoder, action: Action): readonly Message[] {
  if (action.kind === 'gap') return act(decoder, action)
  const chunk = new Uint8Array(action.bytes)
  const messages = decoder.bytes(action.from, chunk).map(owned)
  chunk.fill(SCRIBBLE)
  return messages
}

/** Passes over some of what is content for certain. */
function actPassing(decoder: Decoder, action: Action, random: Random): readonly Message[] {
  if (action.kind === 'gap') return act(decoder, action)
  const { from, bytes } = action
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    const ahead = decoder.contentAhead(from)
    if (!(ahead >= 0)) throw new Finding('content ahead', `${ahead}`)
    const most = Math.min(ahead, bytes.length - at)
    const length = random.once(3) ? random.below(most + 1) : most
    if (length === 0) {
      messages.push(...decoder.bytes(from, bytes.subarray(at)).map(owned))
      return messages
    }
    messages.push(...decoder.pass(from, length).map(owned))
    at += length
  }
  return messages
}

/**
 * What one side said keeps its order. Between the sides it need not: a response that overtook its request is
 * told of when the chunk that ends the request is read, which holds more or less behind it.
 */
function expectSameSides(given: readonly Message[], resplit: readonly Message[]): void {
  for (const side of ['client', 'server'] as const) {
    const ofSide = (message: Message) => sideOf(message) !== (side === 'client' ? 'server' : 'client')
    expectSame('split', wholeLog(given.filter(ofSide)), wholeLog(resplit.filter(ofSide)))
  }
}

/**
 * It never had to look for the next message, met no limit, and was not told of a change of protocol before
 * the request that asked for it: then it depends on the chunks how much was read behind that request.
 */
function isCertain({ share, messages, overtaken }: Played): boolean {
  if (overtaken && messages.some(({ kind }) => kind === 'switch' || kind === 'opaque')) return false
  if (share.resyncs > 0 || share.skippedBytes > 0) return false
  return !messages.some((message) => message.kind === 'end' && message.cut === 'limit')
}

function checkMessages(messages: readonly Message[], actions: readonly Action[]): void {
  const [wrong] = illFormed(messages)
  if (wrong !== undefined) throw new Finding(`ill-formed: ${wrong}`, wholeLog(messages).join('\n'))
  checkAccount(messages, actions)
}

/** No more content, and no more bytes of messages, than there were bytes. */
function checkAccount(messages: readonly Message[], actions: readonly Action[]): void {
  const seen = { client: 0, server: 0 }
  const missing = { client: 0, server: 0 }
  for (const action of actions) {
    if (action.kind === 'bytes') seen[action.from] += action.bytes.length
    else missing[action.from] += action.missingBytes ?? 0
  }
  const content = { client: 0, server: 0 }
  const unseen = { client: 0, server: 0 }
  let wire = 0
  for (const message of messages) {
    if (message.kind === 'body') content[message.from] += message.bytes.length
    else if (message.kind === 'passed') content[message.from] += message.bytes
    else if (message.kind === 'piece') content[message.from] += message.wireBytes
    else if (message.kind === 'missing') unseen[message.from] += message.bytes ?? 0
    else if (message.kind === 'end') wire += message.wireBytes
  }
  for (const side of ['client', 'server'] as const) {
    expectAtMost(`content of the ${side}`, content[side], seen[side])
    expectAtMost(`content missing of the ${side}`, unseen[side], missing[side])
  }
  // Both sides together: what a server promises stands in its own frames, and is the client's request.
  const passed = seen.client + seen.server + missing.client + missing.server
  expectAtMost('bytes of messages', wire, passed)
}

function expectAtMost(what: string, told: number, passed: number): void {
  if (told > passed) throw new Finding(`account: ${what}`, `${told} of ${passed}`)
}
