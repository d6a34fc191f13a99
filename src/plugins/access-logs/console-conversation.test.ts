import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleMessage, sampleWebSocket } from '../../../test/support/sample-exchange.ts'
import { accessLogs } from './index.ts'

function printed(config: object, exchange = sampleWebSocket()): readonly string[] {
  const { plugin, texts } = openedPlugin(accessLogs, config)
  plugin.exchange(exchange)
  return texts()
}

test('a console line says how much both sides said', () => {
  const line = ' ■ curl → GET https://api.example.com/live 101 Switching Protocols'
  expect(printed({ format: 'console' })).toEqual([`${line} (websocket: 1 sent, 1 received, 8 B) 13ms`])
  const server = { messages: 12, bytes: 2_043, controls: 0, missed: true }
  expect(printed({ format: 'console' }, sampleWebSocket({ server }))).toEqual([
    `${line} (websocket: 1 sent, ≥12 received, 2.0 KiB) 13ms`,
  ])
})

test('a box has the messages in mode full, and always the Close', () => {
  const full = printed({ format: 'console', mode: 'full' })
  const begin = full.indexOf('├───╼ MESSAGES ╾─────────────────────────────────┄')
  expect(full.slice(begin + 1, -1)).toEqual([
    '│ ↑ hello',
    '│ ↓ (binary, 3 B)',
    '│',
    '│ Closed by the client: 1000 bye',
  ])
  expect(full.join('\n')).not.toContain('(empty)')
  const details = printed({ format: 'console', mode: 'details' }, sampleWebSocket({ close: undefined }))
  expect(details.slice(-2, -1)).toEqual(['│ No Close was seen'])
  expect(details.join('\n')).not.toContain('hello')
})

test('a box says what it leaves out, and messages add no lines of their own', () => {
  const message = sampleMessage('server', 'text', 'a\nb\u001b[2J', 5_012_000_000)
  const messages = [{ ...message, truncated: true }]
  const close = { from: 'server', code: undefined, reason: '' } as const
  const lines = printed(
    { format: 'console', mode: 'full' },
    sampleWebSocket({ messages, close, truncated: true }),
  )
  expect(lines.slice(-5, -1)).toEqual([
    '│ ↓ a\\nb\\x1b[2J…',
    '│ (only the first message)',
    '│',
    '│ Closed by the server: no code',
  ])
  const unknown = { from: undefined, code: 1000, reason: 'bye' } as const
  expect(printed({ format: 'console', mode: 'full' }, sampleWebSocket({ close: unknown }))).toContain(
    '│ Closed: 1000 bye',
  )
  const none = { messages: 0, bytes: 0, controls: 0, missed: false }
  const silent = sampleWebSocket({ messages: [], client: none, server: none })
  expect(printed({ format: 'console', mode: 'full' }, silent)).toContain('│ (no messages)')
})

test('a JSON line has the counts, and the messages in mode full', () => {
  const counts = {
    client: { messages: 1, bytes: 5, control_frames: 2 },
    server: { messages: 1, bytes: 3, control_frames: 1 },
    close: { from: 'client', code: 1000, reason: 'bye' },
  }
  for (const mode of ['summary', 'details'])
    expect(JSON.parse(printed({ mode })[0] ?? '').websocket).toEqual(counts)
  expect(JSON.parse(printed({ mode: 'full' })[0] ?? '').websocket).toMatchObject({
    ...counts,
    messages: [{ time: '2026-01-02T00:00:05.012Z', text: 'hello' }, { body: 'AQL/' }],
  })
})
