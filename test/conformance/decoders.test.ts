import fc from 'fast-check'
import { HTTPParser } from 'http-parser-js'
import { expect, test } from 'vitest'
import type { Side } from '../../src/connections/index.ts'
import { type Decoder, type DecoderShare, type Message, PROTOCOLS } from '../../src/decoders/index.ts'
import { bytesOf, play, playStep, type Step } from '../support/decoder-script.ts'
import {
  noticedLate,
  PROBE,
  pieces,
  renumber,
  renumbered,
  stepsOf,
  TURNS,
  withHole,
} from '../support/http1-traffic.ts'

/** So many exchanges in turns are enough to be sure again. */
const PROBES = 7
const RUNS = { numRuns: 400 }

for (const protocol of Object.values(PROTOCOLS)) {
  test(`${protocol.type}: any split of the bytes gives the same messages`, () => {
    fc.assert(
      fc.property(
        TURNS,
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (turns, pipelines, sizes) => {
          const steps = stepsOf(turns, pipelines)
          const split = steps.flatMap((step) => pieces(step, sizes))
          const log = play(protocol.open({ joinedLate: false }), steps)
          expect(play(protocol.open({ joinedLate: false }), split)).toEqual(log)
          expect(pairsOf(protocol.open({ joinedLate: false }), split)).toEqual(
            turns.map((_, index) => [index, index]),
          )
        },
      ),
      RUNS,
    )
  })

  test(`${protocol.type}: a hole anywhere never pairs a response with another's request`, () => {
    let pairsSeen = 0
    fc.assert(
      fc.property(
        TURNS,
        TURNS,
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.infiniteStream(fc.integer({ min: 1, max: 200 })),
        (before, after, pipelines, fromClient, place, length, knowsLength, sizes) => {
          const turns = renumbered([...before, ...after])
          const steps = stepsOf(turns, pipelines).flatMap((step) => pieces(step, sizes))
          const holed = withHole(steps, fromClient ? '>' : '<', place, length, knowsLength)
          for (const script of [holed, noticedLate(holed)]) {
            const pairs = pairsOf(protocol.open({ joinedLate: false }), script)
            expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
            pairsSeen += pairs.length
          }
        },
      ),
      { numRuns: 2000 },
    )
    expect(pairsSeen).toBeGreaterThan(1000)
  })

  test(`${protocol.type}: after a hole, a client that waits for its responses is understood again`, () => {
    fc.assert(
      fc.property(
        TURNS,
        fc.boolean(),
        fc.nat(),
        fc.integer({ min: 1, max: 300 }),
        (turns, fromClient, place, length) => {
          const steps = stepsOf(turns, false)
          const probes = stepsOf(
            renumbered(Array.from({ length: PROBES }, () => PROBE)).map(({ request, response }) => ({
              request: request.replace('/', '/9'),
              response: response.replace('Echo: ', 'Echo: 9'),
            })),
            false,
          )
          const holed = withHole(steps, fromClient ? '>' : '<', place, length, true)
          const script = [...holed, ...probes]
          for (const whole of [script, noticedLate(script)]) {
            const pairs = pairsOf(protocol.open({ joinedLate: false }), whole)
            expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
            expect(pairs.at(-1)).toEqual([PROBES + 89, PROBES + 89])
          }
        },
      ),
      RUNS,
    )
  })

  test(`${protocol.type}: joined anywhere, later requests get their own responses`, () => {
    fc.assert(
      fc.property(TURNS, fc.nat(), fc.nat(), (turns, place, cut) => {
        const steps = stepsOf([...turns, PROBE, PROBE].map(renumber), false)
        const first = place % (turns.length * 2)
        const [kind, text = ''] = steps[first] ?? ['>']
        const rest: Step[] =
          typeof text === 'string' && kind !== 'x'
            ? [[asBytes(kind), text.slice(cut % (text.length + 1))]]
            : []
        const pairs = pairsOf(protocol.open({ joinedLate: true }), [...rest, ...steps.slice(first + 1)])
        expect(pairs.filter(([request, response]) => request !== response)).toEqual([])
        expect(pairs.at(-1)).toEqual([turns.length + 1, turns.length + 1])
      }),
      RUNS,
    )
  })

  test(`${protocol.type}: nothing on the wire throws, and what is held is bounded and given back`, () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }).map(asLatin1),
      fc.constantFrom(...FRAGMENTS),
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
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, joinedLate) => {
        const share = shareOf(4096)
        const decoder = protocol.open({ joinedLate, share })
        const messages: Message[] = []
        for (const one of steps) {
          messages.push(...playStep(decoder, one))
          expect(share.heldBytes).toBeLessThanOrEqual(share.heldBytesMax)
        }
        messages.push(...decoder.closed())
        expect(share.heldBytes).toBe(0)
        expectWellFormed(messages)
      }),
      { numRuns: 3000 },
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
    RUNS,
  )
})

const FRAGMENTS = [
  'GET / HTTP/1.1\r\n\r\n',
  'HEAD /',
  ' HTTP/1.1\r\n',
  'CONNECT a:1 HTTP/1.1\r\n\r\n',
  'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
  'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 204\n\n',
  'Transfer-Encoding: chunked\r\n\r\n',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  'ffffffffffffffffffff\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  'H',
  'abc',
  'x'.repeat(5000),
]

function asBytes(kind: Step[0]): '>' | '<' {
  return kind.startsWith('>') ? '>' : '<'
}

/** Number in the path and number echoed, of every request that got a response. */
function pairsOf(decoder: Decoder, steps: readonly Step[]): [number, number][] {
  const paths = new Map<number, number>()
  const pairs: [number, number][] = []
  for (const step of steps) {
    for (const message of playStep(decoder, step)) {
      if (message.kind === 'request') paths.set(message.streamId, Number(message.target.slice(1)))
      if (message.kind !== 'response') continue
      const echo = message.headers.find(([name]) => name === 'Echo')?.[1]
      pairs.push([paths.get(message.streamId) ?? -1, Number(echo)])
    }
  }
  return pairs
}

/**
 * Each stream: one request, then at most one response, content only between, one end a side, nothing after
 * it.
 */
function expectWellFormed(messages: readonly Message[]): void {
  const streams = new Map<number, Set<string>>()
  for (const [index, message] of messages.entries()) {
    if (message.kind === 'opaque') {
      expect(index).toBe(messages.length - 1)
      continue
    }
    const from: Side = 'from' in message ? message.from : message.kind === 'request' ? 'client' : 'server'
    const seen = streams.get(message.streamId) ?? new Set()
    streams.set(message.streamId, seen)
    expect(seen.has(`${from} end`)).toBe(false)
    if (message.kind === 'request') expect(seen.size).toBe(0)
    else expect(seen.has('client request')).toBe(true)
    if (message.kind === 'response') expect(seen.has('server response')).toBe(false)
    if (message.kind === 'body' && from === 'server') expect(seen.has('server response')).toBe(true)
    seen.add(`${from} ${message.kind}`)
  }
  for (const seen of streams.values()) {
    expect(seen.has('client end')).toBe(true)
    expect(seen.has('server end')).toBe(true)
  }
}

function shareOf(heldBytesMax: number): DecoderShare {
  return {
    resyncs: 0,
    responsesUnpaired: 0,
    requestsUnpaired: 0,
    skippedBytes: 0,
    heldBytes: 0,
    heldBytesMax,
  }
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
