import fc from 'fast-check'
import { HTTPParser } from 'http-parser-js'
import { expect, test } from 'vitest'
import type { Side } from '../../src/connections/index.ts'
import { openShare } from '../../src/decoders/decoder.ts'
import { type Decoder, type Message, PROTOCOLS } from '../../src/decoders/index.ts'
import { bytesOf, play, playStep, type Step } from '../support/decoder-script.ts'
import { HTTP1_TRAFFIC, TURNS } from '../support/http1-traffic.ts'
import { HTTP2_TRAFFIC } from '../support/http2-traffic.ts'
import { runs } from '../support/run-counts.ts'
import { noticedLate, pieces, type Traffic, withHole } from '../support/traffic.ts'
import { illFormed } from '../support/well-formed.ts'

/** How often each property is tried, for each protocol. */
const RUNS = {
  split: runs(200),
  hole: runs(600),
  recovery: runs(300),
  late: runs(300),
  noise: runs(700),
  oracle: runs(200),
} as const
/** So many exchanges in turns are enough to be sure again. */
const PROBES = 7

/** The protocols that have exchanges of their own. */
const TRAFFIC = { http1: HTTP1_TRAFFIC, http2: HTTP2_TRAFFIC } as const satisfies {
  readonly [type in keyof typeof PROTOCOLS]?: Traffic
}

for (const type of ['http1', 'http2'] as const) {
  const protocol = PROTOCOLS[type]
  const traffic: Traffic = TRAFFIC[type]

  test(`${type}: any split of the bytes gives the same messages`, () => {
    fc.assert(
      fc.property(
        fc.boolean().chain((overlap) => traffic.scripts(0, overlap)),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        ({ exchanges, steps }, sizes) => {
          const split = steps.flatMap((step) => pieces(step, sizes))
          const log = play(protocol.open({ joinedLate: false }), steps)
          expect(play(protocol.open({ joinedLate: false }), split)).toEqual(log)
          const pairs = pairsOf(traffic, protocol.open({ joinedLate: false }), split)
          expect(pairs.toSorted(([a], [b]) => a - b)).toEqual(
            Array.from({ length: exchanges }, (_, index) => [index, index]),
          )
        },
      ),
      { numRuns: RUNS.split },
    )
  })

  test(`${type}: a hole anywhere never pairs a response with another's request`, () => {
    let pairsSeen = 0
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(5), fc.boolean()).chain(([plain, overlap]) => traffic.scripts(plain, overlap)),
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 1, max: 200 })),
        (script, fromClient, place, length, knowsLength, sizes) => {
          const steps = script.steps.flatMap((step) => pieces(step, sizes))
          const holed = withHole(steps, fromClient ? '>' : '<', place, length, knowsLength)
          for (const holes of [holed, noticedLate(holed)]) {
            const pairs = pairsOf(traffic, protocol.open({ joinedLate: false }), holes)
            expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
            pairsSeen += pairs.length
          }
        },
      ),
      { numRuns: RUNS.hole },
    )
    expect(pairsSeen).toBeGreaterThan(RUNS.hole / 2)
  })

  test(`${type}: after a hole, a client that waits for its responses is understood again`, () => {
    fc.assert(
      fc.property(
        traffic.scripts(PROBES, false),
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 300 }),
        ({ exchanges, steps }, fromClient, place, length) => {
          const before = steps.slice(0, exchanges * 2)
          const holed = withHole(before, fromClient ? '>' : '<', place, length, true)
          const script = [...holed, ...steps.slice(before.length)]
          for (const whole of [script, noticedLate(script)]) {
            const pairs = pairsOf(traffic, protocol.open({ joinedLate: false }), whole)
            expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
            expect(pairs.at(-1)).toEqual([exchanges + PROBES - 1, exchanges + PROBES - 1])
          }
        },
      ),
      { numRuns: RUNS.recovery },
    )
  })

  test(`${type}: joined anywhere, later requests get their own responses`, () => {
    fc.assert(
      fc.property(traffic.scripts(PROBES, false), fc.nat(), fc.nat(), ({ exchanges, steps }, place, cut) => {
        const first = place % (exchanges * 2)
        const [kind, text = ''] = steps[first] ?? ['>']
        const rest: Step[] =
          typeof text === 'string' && kind !== 'x'
            ? [[asBytes(kind), text.slice(cut % (text.length + 1))]]
            : []
        const late = [...rest, ...steps.slice(first + 1)]
        const pairs = pairsOf(traffic, protocol.open({ joinedLate: true }), late)
        expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
        expect(pairs.at(-1)).toEqual([exchanges + PROBES - 1, exchanges + PROBES - 1])
      }),
      { numRuns: RUNS.late },
    )
  })

  test(`${type}: nothing on the wire throws, and what is held is bounded and given back`, () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map(asLatin1),
      fc.constantFrom(...traffic.fragments),
    )
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constantFrom('>' as const, '<' as const), piece) },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom('>?' as const, '<?' as const),
          fc.option(fc.nat(200), { nil: undefined }),
        ),
      },
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.boolean(),
        fc.boolean(),
        (steps, opened, joinedLate) => {
          const share = openShare(4096)
          const decoder = protocol.open({ joinedLate, share })
          const messages: Message[] = []
          for (const one of opened ? [...traffic.opening, ...steps] : steps) {
            messages.push(...playStep(decoder, one))
            expect(share.heldBytes).toBeLessThanOrEqual(share.heldBytesMax)
          }
          messages.push(...decoder.closed())
          expect(share.heldBytes).toBe(0)
          expect(illFormed(messages)).toEqual([])
        },
      ),
      { numRuns: RUNS.noise },
    )
  })
}

test('http1 reads generated traffic as http-parser-js does', () => {
  fc.assert(
    fc.property(TURNS, (turns) => {
      const requests = turns.map(({ request }) => request).join('')
      const responses = turns.map(({ response }) => response).join('')
      const log: Message[] = []
      const decoder = PROTOCOLS.http1.open({ joinedLate: false })
      log.push(...decoder.bytes('client', bytesOf(requests)), ...decoder.bytes('server', bytesOf(responses)))
      expect(seenBy(log, 'client')).toEqual(parse(HTTPParser.REQUEST, requests))
      expect(seenBy(log, 'server')).toEqual(parse(HTTPParser.RESPONSE, responses))
    }),
    { numRuns: RUNS.oracle },
  )
})

function asBytes(kind: Step[0]): '>' | '<' {
  return kind.startsWith('>') ? '>' : '<'
}

/** Number in the path and number echoed, of every request that got a response. */
function pairsOf({ echo }: Traffic, decoder: Decoder, steps: readonly Step[]): [number, number][] {
  const paths = new Map<number, number>()
  const pairs: [number, number][] = []
  for (const step of steps) {
    for (const message of playStep(decoder, step)) {
      if (message.kind === 'request') paths.set(message.streamId, Number(message.target.slice(1)))
      if (message.kind !== 'response') continue
      const echoed = message.headers.find(([name]) => name === echo)?.[1]
      pairs.push([paths.get(message.streamId) ?? -1, Number(echoed)])
    }
  }
  return pairs
}

function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

interface Seen {
  readonly head: string
  readonly fields: readonly string[]
  body: string
}

function seenBy(messages: readonly Message[], from: Side): Seen[] {
  const seen = new Map<number, Seen>()
  for (const message of messages) {
    if (message.kind === 'request' && from === 'client') {
      seen.set(message.streamId, {
        head: `${message.method} ${message.target}`,
        fields: message.headers.flat(),
        body: '',
      })
    } else if (message.kind === 'response' && from === 'server') {
      seen.set(message.streamId, {
        head: `${message.status} ${message.reason}`,
        fields: message.headers.flat(),
        body: '',
      })
    } else if (message.kind === 'body' && message.from === from) {
      const one = seen.get(message.streamId)
      if (one !== undefined) one.body += Buffer.from(message.bytes).toString('latin1')
    }
  }
  return [...seen.values()]
}

/** What the other parser tells of final messages. */
function parse(type: typeof HTTPParser.REQUEST | typeof HTTPParser.RESPONSE, text: string): Seen[] {
  const parser = new HTTPParser(type)
  const seen: Seen[] = []
  parser[HTTPParser.kOnHeadersComplete] = (info) => {
    if (type === HTTPParser.RESPONSE && info.statusCode < 200) return
    const head =
      type === HTTPParser.REQUEST
        ? `${HTTPParser.methods[info.method]} ${info.url}`
        : `${info.statusCode} ${info.statusMessage}`
    seen.push({ head, fields: info.headers, body: '' })
  }
  parser[HTTPParser.kOnBody] = (body, offset, length) => {
    const last = seen.at(-1)
    if (last !== undefined) last.body += body.toString('latin1', offset, offset + length)
  }
  const outcome = parser.execute(Buffer.from(text, 'latin1'))
  expect(outcome).toBe(text.length)
  return seen
}
