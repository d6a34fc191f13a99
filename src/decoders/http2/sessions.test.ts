import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playStep, type Step } from '../../../test/support/decoder-script.ts'
import { type Heard, recordSession, type Session } from '../../../test/support/http2-session.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { noticedLate, pieces, withHole } from '../../../test/support/traffic.ts'
import { illFormed } from '../../../test/support/well-formed.ts'
import type { Side } from '../../connections/index.ts'
import type { Decoder } from '../decoder.ts'
import { openShare } from '../decoder.ts'
import type { Header, Message } from '../message.ts'
import { http2 } from './decoder.ts'

/** How often each property is tried. */
const RUNS = { hole: runs(100), late: runs(100), mutation: runs(100) } as const

const SESSIONS = await Promise.all([
  recordSession({ exchanges: 40, atOnce: 1 }),
  recordSession({ exchanges: 60, atOnce: 12 }),
  recordSession({ exchanges: 30, atOnce: 6, padded: true }),
  recordSession({ exchanges: 30, atOnce: 6, settings: { headerTableSize: 200 } }),
  recordSession({ exchanges: 30, atOnce: 6, settings: { headerTableSize: 65_536, maxFrameSize: 100_000 } }),
  recordSession({ exchanges: 8, atOnce: 8, bodyBytes: 200_000 }),
])
const SESSION = fc.constantFrom(...SESSIONS)
/** With requests up to the end. */
const LONG_SESSION = fc.constantFrom(...SESSIONS.slice(0, -1))
const SIZES = fc.infiniteStream(
  fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20_000 })),
)

test.for(SESSIONS.map((session, index) => [index, session] as const))(
  'session %i is told as both ends heard it',
  ([, session]) => {
    const messages = told(http2.open({ joinedLate: false }), session.steps)
    expect(illFormed(messages)).toEqual([])
    expect(heardIn(messages, 'client')).toEqual(session.requests)
    // A client that gave up has heard less than passed.
    for (const [streamId, heard] of session.responses)
      if (heard.ended) expect(heardIn(messages, 'server').get(streamId)).toEqual(heard)
  },
)

test('1,000 streams at once', async () => {
  const session = await recordSession({ exchanges: 1000, atOnce: 1000, bodyBytes: 300 })
  const share = openShare()
  const messages = told(http2.open({ joinedLate: false, share }), session.steps)
  expect(heardIn(messages, 'client')).toEqual(session.requests)
  expect(illFormed(messages)).toEqual([])
  expect(share).toEqual(openShare())
})

test('whatever is missing, nothing is told that was not said', () => {
  let known = 0
  fc.assert(
    fc.property(
      SESSION,
      SIZES,
      fc.array(fc.tuple(fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 3000 }), fc.boolean()), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.boolean(),
      (session, sizes, holes, isLate) => {
        let steps: readonly Step[] = session.steps.flatMap((step) => pieces(step, sizes))
        for (const [fromClient, place, length, knowsLength] of holes)
          steps = withHole(steps, fromClient ? '>' : '<', place, length, knowsLength)
        const messages = told(http2.open({ joinedLate: false }), isLate ? noticedLate(steps) : steps)
        expectTrue(messages, session)
        known += messages.filter((message) => message.kind === 'response').length
      },
    ),
    { numRuns: RUNS.hole },
  )
  expect(known).toBeGreaterThan(RUNS.hole)
})

test('joined at any byte, nothing is told that was not said, and later exchanges are', () => {
  fc.assert(
    fc.property(LONG_SESSION, fc.nat(), SIZES, fc.boolean(), (session, place, sizes, splits) => {
      const at = place % (session.steps.length - 1)
      const [kind, text] = session.steps[at] ?? ['x']
      const cut: Step[] = kind === '>' || kind === '<' ? [[kind, text.slice(place % (text.length + 1))]] : []
      const rest = [...cut, ...session.steps.slice(at + 1)]
      const messages = told(
        http2.open({ joinedLate: true }),
        splits ? rest.flatMap((step) => pieces(step, sizes)) : rest,
      )
      expectTrue(messages, session)
      // Unless it was joined too near to the end, the last requests are known.
      if (at > session.steps.length / 2) return
      const last = Math.max(...session.requests.keys())
      const kinds = messages.flatMap((message) =>
        'streamId' in message && message.streamId === last ? [message.kind] : [],
      )
      expect(kinds).toContain('request')
      expect(kinds).toContain('response')
    }),
    { numRuns: RUNS.late },
  )
})

test('changed bytes never throw, and leave well-formed messages', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255), fc.boolean())
  fc.assert(
    fc.property(
      SESSION,
      SIZES,
      fc.array(change, { minLength: 1, maxLength: 20 }),
      (session, sizes, changes) => {
        const steps = session.steps.flatMap((step) => pieces(step, sizes))
        for (const [place, byte, removes] of changes) {
          const at = place % steps.length
          const [kind, text] = steps[at] ?? ['x']
          if (kind !== '>' && kind !== '<') continue
          const within = place % text.length
          const rest = text.slice(within + 1)
          steps[at] = [kind, text.slice(0, within) + (removes ? '' : String.fromCharCode(byte)) + rest]
        }
        const share = openShare()
        const messages = told(http2.open({ joinedLate: false, share }), steps)
        expect(illFormed(messages)).toEqual([])
        expect(share.heldBytes).toBe(0)
      },
    ),
    { numRuns: RUNS.mutation },
  )
})

function told(decoder: Decoder, steps: readonly Step[]): readonly Message[] {
  return steps.flatMap((step) => playStep(decoder, step))
}

function heardIn(messages: readonly Message[], from: Side): Map<number, Heard> {
  const heard = new Map<number, Heard>()
  for (const message of messages) {
    if (message.kind === 'request' && from === 'client')
      heard.set(message.streamId, newHeard(`${message.method} ${message.target}`, message.headers))
    if (message.kind === 'response' && from === 'server')
      heard.set(message.streamId, newHeard(String(message.status), message.headers))
    if (!('from' in message) || message.from !== from || !('streamId' in message)) continue
    const one = heard.get(message.streamId)
    if (one === undefined) continue
    if (message.kind === 'body') one.body += Buffer.from(message.bytes).toString('latin1')
    if (message.kind === 'trailers') one.trailers = message.headers
    if (message.kind === 'end') one.ended = message.cut === undefined
  }
  return heard
}

function newHeard(start: string, headers: readonly Header[]): Heard {
  return { start, headers, body: '', trailers: [], ended: false }
}

/** All that is told was said on that stream, in that order, and what is said to be whole is. */
function expectTrue(messages: readonly Message[], session: Session): void {
  expect(illFormed(messages)).toEqual([])
  const places = new Map<string, { at: number; lost: boolean }>()
  for (const message of messages) {
    const { kind } = message
    if (kind === 'request')
      expectHead(message, `${message.method} ${message.target}`, session.requests.get(message.streamId))
    else if (kind === 'response')
      expectHead(message, String(message.status), session.responses.get(message.streamId))
    else if (kind === 'trailers') expectWithin(message.headers, heardOf(session, message)?.trailers ?? [])
    else if (kind === 'body' || kind === 'missing' || kind === 'end')
      expectPlace(message, places, heardOf(session, message))
  }
}

function heardOf(session: Session, message: { streamId: number; from: Side }): Heard | undefined {
  return (message.from === 'client' ? session.requests : session.responses).get(message.streamId)
}

function expectHead(
  head: Extract<Message, { kind: 'request' | 'response' }>,
  start: string,
  heard?: Heard,
): void {
  expect(heard).toBeDefined()
  if (heard === undefined) return
  const isKnown = head.doubts === undefined
  if (isKnown) expect([start, head.headers]).toEqual([heard.start, heard.headers])
  expectWithin(head.headers, heard.headers)
  const said = [heard.start, '0', ...heard.start.split(' '), ' ', '']
  for (const word of start.split(' ')) expect(said).toContain(word)
}

/** Some of the fields that were said, in their order. */
function expectWithin(some: readonly Header[], all: readonly Header[]): void {
  let at = 0
  for (const [name, value] of some) {
    const found = all.findIndex((header, index) => index >= at && header[0] === name && header[1] === value)
    expect(found).toBeGreaterThanOrEqual(at)
    at = found + 1
  }
}

function expectPlace(
  message: Extract<Message, { kind: 'body' | 'missing' | 'end' }>,
  places: Map<string, { at: number; lost: boolean }>,
  heard: Heard | undefined,
): void {
  const key = `${message.streamId} ${message.from}`
  const place = places.get(key) ?? { at: 0, lost: false }
  places.set(key, place)
  if (message.kind === 'missing') {
    place.at += message.bytes ?? 0
    if (message.bytes === undefined) place.lost = true
  } else if (message.kind === 'end') {
    if (message.cut === undefined && !place.lost && heard?.ended) expect(place.at).toBe(heard.body.length)
  } else if (heard?.ended) {
    const text = Buffer.from(message.bytes).toString('latin1')
    const found = heard.body.indexOf(text, place.at)
    if (place.lost) expect(found).not.toBe(-1)
    else expect(heard.body.slice(place.at, place.at + text.length)).toBe(text)
    place.at = (place.lost ? found : place.at) + text.length
  }
}
