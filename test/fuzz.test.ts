import { expect, test } from 'vitest'
import { type Decoder, type DecoderShare, type Message, PROTOCOLS } from '../src/decoders/index.ts'
import { checkGrowth } from './fuzz/growth.ts'
import { inputFrom, readScript, scriptText } from './fuzz/input.ts'
import { seededRandom } from './fuzz/random.ts'
import { type Found, search } from './fuzz/search.ts'
import { decoderTarget } from './fuzz/targets/decoder.ts'

const RUNS_MAX = 4_000
const SEED_INPUT = inputFrom([
  ['>', 'POST /1 HTTP/1.1\r\nContent-Length: 40\r\n\r\n0123456789012345678901234567890123456789'],
  ['<', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
])
const PLAIN = {
  covers: /^src\/decoders\//,
  variants: 1,
  tokens: ['Expect: 100-continue\r\n', 'HTTP/1.1 103\r\n\r\n'],
  seeds: async () => [SEED_INPUT],
}

/** A decoder with a mistake in it. */
type Spoil = (decoder: Decoder, share: DecoderShare) => Partial<Decoder>

const SPOILT: readonly [rule: RegExp, spoil: Spoil][] = [
  [/^throws TypeError/, (decoder) => ({ bytes: (from, chunk) => throwing(decoder.bytes(from, chunk)) })],
  [/^ill-formed/, (decoder) => ({ closed: () => decoder.closed().filter(({ kind }) => kind !== 'end') })],
  [
    /^split$/,
    (decoder) => ({ bytes: (from, chunk) => (chunk.length < 2 ? [] : decoder.bytes(from, chunk)) }),
  ],
  [/^pass$/, (decoder) => ({ pass: (from, bytes) => decoder.pass(from, Math.ceil(bytes / 2)) })],
  [/^(pass|account|ill-formed)/, (decoder) => ({ contentAhead: (from) => decoder.contentAhead(from) + 1 })],
  [
    /^held after the end$/,
    (decoder, share) => ({
      gap(from, missingBytes) {
        share.heldBytes += 1
        return decoder.gap(from, missingBytes)
      },
    }),
  ],
  [/^(split|pass)$/, lateTeller],
  [/^account/, (decoder) => ({ bytes: (from, chunk) => boasting(decoder.bytes(from, chunk)) })],
]

test.for(SPOILT)('a mistake against %s is found, made small, and told once', async ([rule, spoil]) => {
  const target = decoderTarget((_, share) => {
    const decoder = PROTOCOLS.http1.open({ joinedLate: false, share })
    return { ...decoder, ...spoil(decoder, share) }
  }, PLAIN)
  const found: Found[] = []
  await search({
    target,
    seed: 1,
    known: [],
    goesOn: ({ runs, findings }) => findings === 0 && runs < RUNS_MAX,
    onFound: (one) => found.push(one),
    onKept() {},
  })
  expect(found.map(({ signature }) => signature)).toEqual([expect.stringMatching(rule)])
  const { target: name, input } = readScript(scriptText('spoilt', found[0]?.input ?? SEED_INPUT, 'rule'))
  expect(name).toBe('spoilt')
  expect(() => target.check(input, new Set())).toThrow()
})

test('time that grows with the square of the length is found, and time that does not is not', () => {
  const target = { ...decoderTarget(() => PROTOCOLS.http1.open({ joinedLate: false }), PLAIN) }
  checkGrowth(SEED_INPUT, target, seededRandom(1))
  const square = {
    ...target,
    feed({ actions }: typeof SEED_INPUT): void {
      const bytes = actions.reduce(
        (sum, action) => sum + (action.kind === 'bytes' ? action.bytes.length : 0),
        0,
      )
      for (let left = bytes * bytes * 0.02; left > 0; left -= 1) Math.clz32(left)
    },
  }
  expect(() => checkGrowth(SEED_INPUT, square, seededRandom(1))).toThrow(/^slow/)
})

function throwing(messages: readonly Message[]): readonly Message[] {
  if (messages.some(({ kind }) => kind === 'interim')) throw new TypeError('planted')
  return messages
}

/** Keeps what it borrowed until the next call. */
function lateTeller(decoder: Decoder): Partial<Decoder> {
  let before: readonly Message[] = []
  const later = (now: readonly Message[]) => {
    const told = before
    before = now
    return told
  }
  return {
    bytes: (from, chunk) => later(decoder.bytes(from, chunk)),
    closed: () => [...before, ...decoder.closed()],
  }
}

function boasting(messages: readonly Message[]): readonly Message[] {
  return messages.map(
    (message): Message =>
      message.kind === 'end' ? { ...message, wireBytes: message.wireBytes + 9 } : message,
  )
}
