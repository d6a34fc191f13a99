import fc from 'fast-check'
import { expect, test } from 'vitest'
import { playStep, type Step } from '../../../test/support/decoder-script.ts'
import { AFTER, ANSWER, REQUESTS, RESPONSES, UNCERTAIN } from '../../../test/support/http1-ambiguities.ts'
import { pieces } from '../../../test/support/traffic.ts'
import type { Side } from '../../connections/index.ts'
import { AMBIGUITY_WORDS } from './ambiguities.ts'
import { http1 } from './decoder.ts'

const WHOLE_SCRIPTS = [
  ...REQUESTS.map(([name, bytes, ...reading]) => ({
    name: `request: ${name}`,
    from: 'client' as const,
    steps: [['>', bytes + AFTER]] as readonly Step[],
    reading,
  })),
  ...RESPONSES.map(([name, bytes, ...reading]) => ({
    name: `response: ${name}`,
    from: 'server' as const,
    steps: [
      ['>', 'GET /s HTTP/1.1\r\n\r\n'],
      ['>', name === 'an unasked 101' ? '' : AFTER],
      ['<', bytes + ANSWER],
      ['x'],
    ] as readonly Step[],
    reading,
  })),
  {
    name: 'request: CONNECT with content',
    from: 'client' as const,
    steps: [
      ['>', 'CONNECT x:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n'],
      ['<', 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n'],
      ['>', AFTER],
    ] as readonly Step[],
    reading: ['CONNECT x:1 "" | content with CONNECT', UNCERTAIN],
  },
  {
    name: 'response: CONNECT granted with a length',
    from: 'server' as const,
    steps: [
      ['>', 'CONNECT x:1 HTTP/1.1\r\n\r\n'],
      ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ] as readonly Step[],
    reading: ['200 "" | length where no content is'],
  },
]

test.each(WHOLE_SCRIPTS)('$name', ({ from, steps, reading }) => {
  const whole = readingOf(from, steps)
  expect(whole.slice(0, reading.length)).toEqual(reading)
  // Where the end of a message is unknown, what is found behind it depends on where chunks begin.
  const known = reading.some((message) => message.includes('| gap')) ? 1 : whole.length
  expect(whole.length === reading.length || known === 1).toBe(true)
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (sizes) => {
      const split = steps.flatMap((step) => pieces(step, sizes))
      expect(readingOf(from, split).slice(0, known)).toEqual(whole.slice(0, known))
    }),
    { numRuns: 60 },
  )
  expect(
    readingOf(
      from,
      steps.flatMap((step) => pieces(step, ones())),
    ).slice(0, known),
  ).toEqual(whole.slice(0, known))
})

test('every word comes up', () => {
  const seen = new Set(WHOLE_SCRIPTS.flatMap(({ reading }) => reading.flatMap((one) => one.split(' | '))))
  expect(AMBIGUITY_WORDS.map(([, word]) => word).filter((word) => !seen.has(word))).toEqual([])
})

test.each([
  ['no version', 'GET /s\r\n\r\n'],
  ['another version', 'GET /s HTTP/2.0\r\n\r\n'],
  ['tabs', 'GET\t/s\tHTTP/1.1\r\n\r\n'],
  ['no target', 'GET HTTP/1.1\r\n\r\n'],
  ['spaces for a target', 'GET    HTTP/1.1\r\n\r\n'],
])('a request line with %s begins no message', (_, bytes) => {
  expect(readingOf('client', [['>', bytes]])).toEqual([])
})

function readingOf(from: Side, steps: readonly Step[]): string[] {
  const decoder = http1.open({ joinedLate: false })
  const seen = new Map<number, { head: string; content: string; words: string[] }>()
  for (const message of steps.flatMap((step) => playStep(decoder, step))) {
    const of = 'streamId' in message ? seen.get(message.streamId) : undefined
    if (
      (message.kind === 'request' && from === 'client') ||
      (message.kind === 'response' && from === 'server')
    ) {
      const head = message.kind === 'request' ? `${message.method} ${message.target}` : String(message.status)
      seen.set(message.streamId, { head, content: '', words: [...(message.doubts?.ambiguous ?? [])] })
    } else if (message.kind === 'body' && message.from === from && of) {
      of.content += Buffer.from(message.bytes).toString('latin1')
    } else if (message.kind === 'end' && message.from === from && of) {
      if (message.cut !== undefined) of.words.unshift(message.cut)
      of.words.push(...(message.ambiguous ?? []))
    }
  }
  return Array.from(seen.values(), ({ head, content, words }) =>
    [`${head} "${content}"`, ...words].join(' | '),
  )
}

function* ones(): Generator<number> {
  for (;;) yield 1
}
