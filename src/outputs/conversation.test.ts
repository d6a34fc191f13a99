import { expect, test } from 'vitest'
import { sampleExchange, sampleMessage, sampleWebSocket } from '../../test/support/sample-exchange.ts'
import type { SpokenMessage } from '../exchanges/index.ts'
import { createArtifact } from './artifact.ts'
import { createCanonicalNames } from './headers.ts'
import { NO_TAG_RULES } from './tags.ts'
import type { Level } from './transaction.ts'

/** Of the end of the exchange, which is 1 ms after its first message. */
const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

function dataOf(exchange: ReturnType<typeof sampleExchange>, level: Level, format: 'json' | 'text'): string {
  const artifact = createArtifact(
    exchange,
    { level, format, objectStore: undefined, tags: NO_TAG_RULES },
    AT_MS,
    createCanonicalNames(),
  )
  return Buffer.from(artifact.data).toString('latin1')
}

function documentOf(exchange: ReturnType<typeof sampleExchange>, level: Level) {
  return JSON.parse(dataOf(exchange, level, 'json'))
}

test('a document at level full has what both sides said', () => {
  const document = documentOf(sampleWebSocket(), 'full')
  expect(Object.keys(document).at(-1)).toBe('websocket')
  expect(document.websocket).toEqual({
    client: { messages: 1, bytes: 5, control_frames: 2 },
    server: { messages: 1, bytes: 3, control_frames: 1 },
    close: { from: 'client', code: 1000, reason: 'bye' },
    messages: [
      { from: 'client', time: '2026-01-02T03:04:05.677Z', type: 'text', text: 'hello', size: 5 },
      { from: 'server', time: '2026-01-02T03:04:05.677Z', type: 'binary', body: 'AQL/', size: 3 },
    ],
  })
})

test('at the levels below it has the counts and the Close', () => {
  for (const level of ['headers', 'summary'] as const) {
    const { websocket } = documentOf(sampleWebSocket({ truncated: true }), level)
    expect(Object.keys(websocket)).toEqual(['client', 'server', 'close'])
  }
  expect(documentOf(sampleWebSocket(), 'headers').request).toMatchObject({
    protocol: 'websocket',
    url: 'https://api.example.com/live',
    headers: { 'User-Agent': 'curl/8.18.0' },
  })
})

test('the document of any other exchange says nothing of it', () => {
  expect(documentOf(sampleExchange(), 'full')).not.toHaveProperty('websocket')
  expect(dataOf(sampleExchange(), 'full', 'text')).not.toContain('WebSocket')
})

test.each<[string, Partial<SpokenMessage>, object]>([
  [
    'cut inside a character',
    { bytes: Uint8Array.of(65, 0xc3), truncated: true },
    { text: 'A', size: 5, truncated: true },
  ],
  [
    'of unknown length',
    { length: undefined, wireBytes: 77, truncated: true },
    { wire_size: 77, truncated: true },
  ],
  ['that is not UTF-8', { bytes: Uint8Array.of(65, 0xff) }, { body: 'Qf8=' }],
  ['that is empty', { bytes: new Uint8Array(0), length: 0 }, { text: '', size: 0 }],
])('a text message %s', (_, changes, fields) => {
  const messages = [{ ...sampleMessage('client', 'text', 'hello', 5_012_000_000), ...changes }]
  const { websocket } = documentOf(sampleWebSocket({ messages }), 'full')
  expect(websocket.messages[0]).toMatchObject(fields)
})

test('what is not known for certain is said', () => {
  const client = { messages: 4, bytes: 9, controls: 0, missed: true }
  const { websocket } = documentOf(sampleWebSocket({ client, close: undefined, truncated: true }), 'full')
  expect(websocket).toMatchObject({
    client: { messages: 4, messages_at_least: true },
    messages_truncated: true,
  })
  expect(websocket).not.toHaveProperty('close')
})

test('text objects have a block of their own, behind the response', () => {
  const text = dataOf(sampleWebSocket(), 'full', 'text')
  expect(text.slice(text.indexOf('\nWebSocket:'))).toBe(`
WebSocket:
  Client: 1 message, 5 bytes
  Server: 1 message, 3 bytes
  Close: 1000, from the client
  Close Reason: bye
  Messages:
    2026-01-02T03:04:05.677Z client, text, 5 bytes:
hello
    2026-01-02T03:04:05.677Z server, binary, 3 bytes:
\u0001\u0002\u00ff
`)
  expect(dataOf(sampleWebSocket(), 'headers', 'text')).toMatch(/\n {2}Close Reason: bye\n$/)
})

test('where it is not known who closed first, nobody is named', () => {
  const close = { from: undefined, code: 1000, reason: '' }
  expect(dataOf(sampleWebSocket({ close }), 'headers', 'text')).toMatch(/\n {2}Close: 1000\n$/)
})

test('text objects cannot be given lines by a reason, and say what they leave out', () => {
  const close = { from: 'server', code: undefined, reason: 'a\nb\u001b[2J' } as const
  const messages = [{ ...sampleMessage('client', 'text', 'he', 0), length: 5, truncated: true }]
  const text = dataOf(sampleWebSocket({ close, messages, truncated: true }), 'full', 'text')
  expect(text).toContain('\n  Close: no code, from the server\n  Close Reason: a\\nb\\x1b[2J\n')
  expect(text).toContain('client, text, 2 of 5 bytes:\nhe\n')
  expect(text).toContain('  Messages (the first 1):')
})
