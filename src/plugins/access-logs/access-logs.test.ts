import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { sampleCall } from '../../../test/support/sample-call.ts'
import {
  type SampleChanges,
  sampleBody,
  sampleExchange,
  sampleProgress,
} from '../../../test/support/sample-exchange.ts'
import type { Progress } from '../../exchanges/index.ts'
import { debug } from '../debug/index.ts'
import { accessLogs } from './index.ts'

/** What the plugin prints for one exchange, each line of output apart. */
function printed(config: object, changes: SampleChanges = {}, colour = false, plugin = accessLogs): string[] {
  const { opened, lines } = open(config, colour, plugin)
  opened.exchange(sampleExchange(changes))
  return lines()
}

function printedProgress(config: object, changes: Partial<Progress> = {}, colour = false): string[] {
  const { opened, lines } = open(config, colour)
  opened.progress?.(sampleProgress(changes))
  return lines()
}

function open(config: object, colour: boolean, plugin = accessLogs) {
  const { plugin: opened, outputs } = openedPlugin(plugin, config, {
    clock: { bootEpochMs: 0 },
    terminal: { colour, columns: 80 },
  })
  const lines = () =>
    outputs.flatMap((output) => (output.kind === 'text' ? output.text.split('\n') : [output.kind]))
  return { opened, lines }
}

const CONSOLE = { format: 'console' }

test('a console line tells who asked, what, what came of it and how long it took', () => {
  expect(printed(CONSOLE)).toEqual([' ■ curl → GET https://api.example.com/v1/items?page=2 200 OK 12ms'])
})

test('an accepted request points at the server, whose reason is used', () => {
  const changes = {
    connection: { role: 'server' },
    process: { binary: 'nginx' },
    request: { url: 'http://shop.example/' },
    response: { status: 404, reason: 'Nope' },
  } as const
  expect(printed(CONSOLE, changes)).toEqual([' ■ nginx ← GET http://shop.example/ 404 Nope 12ms'])
})

test.each([
  ['truncated', ' [truncated]'],
  ['gap', ' [gap]'],
  ['joined_late', ' [joined late]'],
] as const)('an exchange that is %s ends in%s', (completeness, mark) => {
  const [line] = printed(CONSOLE, { exchange: { completeness } })
  expect(line?.endsWith(` 200 OK 12ms${mark}`)).toBe(true)
})

test('a request that was never answered says so', () => {
  const exchange = { response: undefined, durationMs: undefined }
  expect(printed(CONSOLE, { exchange })[0]).toMatch(/ 499 no response$/)
})

test.each([
  [204, 32],
  [302, 34],
  [404, 33],
  [503, 31],
  [101, 37],
  [999, 37],
])('status %i has colour %i, and only on request', (status, sgr) => {
  const coloured = printed(CONSOLE, { response: { status } }, true)[0]
  expect(coloured).toContain(`\u001b[${sgr}m■\u001b[39m curl`)
  expect(coloured).toContain(`\u001b[${sgr}m${status}`)
  expect(printed(CONSOLE, { response: { status } })[0]).not.toContain('\u001b')
})

const HOSTILE = '\u001b[2J\r\n ■ forged\u009b'

test.each(['summary', 'details', 'full'])(
  'traffic cannot steer the terminal or forge lines in mode %s',
  (mode) => {
    const changes = {
      request: { url: `http://x/${HOSTILE}`, path: HOSTILE, method: HOSTILE, headers: [[HOSTILE, HOSTILE]] },
      response: {
        reason: HOSTILE,
        headers: [['content-type', HOSTILE]],
        trailers: [['x', HOSTILE]],
        body: sampleBody(`${HOSTILE}\nsecond line`),
      },
      process: { binary: HOSTILE, exe: HOSTILE },
    } as const
    for (const line of printed({ ...CONSOLE, mode }, changes)) {
      expect(line).not.toMatch(/\p{Cc}/u)
      expect(line).toMatch(mode === 'summary' ? /^ ■ / : /^[│╭├╰]/)
    }
    const json = printed({ mode }, changes)
    expect(json.length).toBe(1)
    expect(json[0]).not.toMatch(/\p{Cc}/u)
  },
)

test('a box in mode full has process, network, headers without pseudo headers, and bodies', () => {
  const changes = {
    request: {
      headers: [
        [':path', '/x'],
        ['accept', '*/*'],
      ],
    },
    response: { body: sampleBody('{\n\t"a": 1\n}\n') },
  } as const
  expect(printed({ ...CONSOLE, mode: 'full' }, changes)).toEqual([
    '╭────────────────────────────────────────────────┄',
    '│ ■ curl → GET https://api.example.com/v1/items?page=2 200 OK 12ms',
    '│',
    '│ Process',
    '│   PID 4242 @ /usr/bin/curl',
    '│',
    '│ Network',
    '│   → Egress (external)',
    '│   ↑ 72 B sent   ↓ 127 B received',
    '│',
    '├───╼ REQUEST http2 ╾────────────────────────────┄',
    '│ GET /v1/items',
    '│ • accept: */*',
    '│',
    '│ (empty)',
    '│',
    '├───╼ RESPONSE ╾─────────────────────────────────┄',
    '│ 200 OK',
    '│ • content-type: application/json',
    '│ • server: nginx',
    '│',
    '│ {',
    '│ \t"a": 1',
    '│ }',
    '╰────────────────────────────────────────────────┄',
  ])
})

test('details is the box without bodies, and headers means the same', () => {
  const details = printed({ ...CONSOLE, mode: 'details' })
  expect(details).toContain('│ • server: nginx')
  expect(details.join('\n')).not.toContain('items":[]')
  expect(printed({ ...CONSOLE, mode: 'headers' })).toEqual(details)
})

test.each([
  ['image/png', sampleBody('text all the same'), 'Body is in binary format (image/png)'],
  ['text/plain', sampleBody(Uint8Array.of(0xff, 0xfe)), 'Body is in binary format (text/plain)'],
  ['text/plain', sampleBody('', { wireBytes: 5, missing: true }), '(body was not captured)'],
  ['text/plain', sampleBody('abc', { truncated: true, decodedBytes: 9 }), '(only the first 3 B of the body)'],
])('a body of type %s that cannot be shown whole is explained: case %#', (type, body, line) => {
  const response = { headers: [['content-type', type]], body } as const
  expect(printed({ ...CONSOLE, mode: 'full' }, { response })).toContain(`│ ${line}`)
})

test('mode none prints nothing; a mode that is not set means summary', () => {
  expect(printed({ mode: 'none' })).toEqual([])
  expect(printed({})).toEqual(printed({ mode: 'summary' }))
})

test('access_logs prints JSON by default, debug console lines', () => {
  expect(printed({})[0]).toMatch(/^\{"msg":"HTTP transaction"/)
  expect(printed({}, {}, false, debug)[0]).toMatch(/^ ■ /)
})

test('the JSON summary has the documented keys first, then ours', () => {
  expect(printed({})[0]).toBe(
    JSON.stringify({
      msg: 'HTTP transaction',
      bin: 'curl',
      direction: 'egress-external',
      method: 'GET',
      url: 'https://api.example.com/v1/items?page=2',
      status: 200,
      qpoint_request_id: 'd654d8g7p3qnd27vfhb0',
      duration_ms: 12,
      exe: '/usr/bin/curl',
    }),
  )
  const line = printed({}, { exchange: { completeness: 'gap' } })[0] ?? ''
  expect(JSON.parse(line).completeness).toBe('gap')
})

test('JSON in mode full has the documented shape, byte counts as texts', () => {
  const changes = {
    request: { body: sampleBody('ask') },
    response: { body: sampleBody(Uint8Array.of(0xff)) },
  } as const
  expect(JSON.parse(printed({ mode: 'full' }, changes)[0] ?? '')).toEqual({
    msg: 'HTTP transaction',
    meta: { bytes_sent: '72', bytes_received: '127', pid: 4242, exe: '/usr/bin/curl' },
    direction: 'egress-external',
    request: {
      url: 'https://api.example.com/v1/items?page=2',
      method: 'GET',
      proto: 'http2',
      qpoint_request_id: 'd654d8g7p3qnd27vfhb0',
      headers: {
        ':authority': 'api.example.com',
        ':method': 'GET',
        ':path': '/v1/items',
        ':scheme': 'https',
        'User-Agent': 'curl/8.18.0',
        Accept: '*/*',
      },
      body: 'ask',
    },
    response: {
      status: 200,
      headers: { ':status': '200', 'Content-Type': 'application/json', Server: 'nginx' },
      body: '<binary>',
    },
    duration_ms: 12,
  })
})

test('JSON in mode details has no bodies', () => {
  const { request, response } = JSON.parse(printed({ mode: 'details' })[0] ?? '')
  expect([request, response].some((part) => 'body' in part)).toBe(false)
  expect(response.headers.Server).toBe('nginx')
})

test('an exchange that goes on says how far it is, in every mode', () => {
  const line = ' ■ curl → GET https://api.example.com/v1/items?page=2 200 OK … 20 s, 14.2 KiB so far'
  expect(printedProgress(CONSOLE)).toEqual([line])
  expect(printedProgress({ ...CONSOLE, mode: 'full' })).toEqual([line])
  expect(printedProgress({ mode: 'none' })).toEqual([])
  expect(printedProgress(CONSOLE, {}, true)[0]).toContain('\u001b[32m200 OK')
})

test('an exchange that waits for its response says so', () => {
  const waiting = { response: undefined, respondedAt: undefined, responseBytes: 0, requestBytes: 3 * 1024 }
  expect(printedProgress(CONSOLE, waiting)).toEqual([
    ' ■ curl → GET https://api.example.com/v1/items?page=2 … 20 s, no response yet, 3.0 KiB sent',
  ])
  expect(JSON.parse(printedProgress({}, waiting)[0] ?? '')).not.toHaveProperty('status')
})

test('progress in JSON has the keys of the summary and how far it is', () => {
  expect(printedProgress({})[0]).toBe(
    JSON.stringify({
      msg: 'HTTP progress',
      bin: 'curl',
      direction: 'egress-external',
      method: 'GET',
      url: 'https://api.example.com/v1/items?page=2',
      status: 200,
      qpoint_request_id: 'd654d8g7p3qnd27vfhb0',
      elapsed_ms: 20_000,
      exe: '/usr/bin/curl',
      request_body_bytes: 0,
      response_body_bytes: 14_500,
    }),
  )
})

test('traffic cannot steer the terminal by progress', () => {
  const { request, response } = sampleExchange()
  const hostile = {
    request: { ...request, url: HOSTILE, method: HOSTILE },
    response: response && { ...response, reason: HOSTILE },
  }
  for (const config of [CONSOLE, {}]) {
    const lines = printedProgress(config, hostile)
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/\p{Cc}/u)
  }
})

test('a call of gRPC says its status and is marked as one', () => {
  const exchange = { grpc: sampleCall() }
  expect(printed(CONSOLE, { exchange })).toEqual([
    ' ■ curl → gRPC https://api.example.com/v1/items?page=2 404 NOT_FOUND 12ms',
  ])
  expect(JSON.parse(printed({}, { exchange })[0] ?? '')).toMatchObject({
    msg: 'gRPC transaction',
    status: 404,
    grpc_service: 'shop.v1.Orders',
    grpc_method: 'Get',
    grpc_status: '5',
    grpc_status_name: 'NOT_FOUND',
    grpc_message: 'no such order',
    request_messages: 1,
    response_messages: 14,
    response_messages_at_least: true,
  })
  const box = printed({ ...CONSOLE, mode: 'details' }, { exchange })
  expect(box.join('\n')).toContain(`│ gRPC
│   shop.v1.Orders/Get
│   NOT_FOUND (5): no such order
│   ↑ 1 message sent   ↓ at least 14 messages received`)
  const details = JSON.parse(printed({ mode: 'details' }, { exchange })[0] ?? '')
  expect(details.response.headers).toMatchObject({ ':status': '404', 'Grpc-Status-Name': 'NOT_FOUND' })
})

test('a call of gRPC that goes on tells its messages', () => {
  const grpc = sampleCall({ status: undefined, statusName: '', message: '' })
  const messages = { client: { count: 1, missed: false }, server: { count: 14, missed: true } }
  expect(printedProgress(CONSOLE, { grpc, messages })[0]).toMatch(
    / 200 OK … 20 s, ↑ 1 ↓ ≥14 messages, 14\.2 KiB so far$/,
  )
  expect(JSON.parse(printedProgress({}, { grpc, messages })[0] ?? '')).toMatchObject({
    msg: 'gRPC progress',
    request_messages: 1,
    response_messages: 14,
    response_messages_at_least: true,
  })
})
