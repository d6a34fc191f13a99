import { expect, test } from 'vitest'
import type { Header } from '../message.ts'
import { readAgreement } from './extensions.ts'

const WINDOW = 32_768

function agreed(...values: readonly string[]) {
  const { coding, contextBytes } = readAgreement(
    values.map((value): Header => ['Sec-WebSocket-Extensions', value]),
  )
  return [coding, contextBytes.client, contextBytes.server]
}

test.each([
  ['permessage-deflate', WINDOW, WINDOW],
  ['PerMessage-Deflate', WINDOW, WINDOW],
  [', permessage-deflate ,', WINDOW, WINDOW],
  ['permessage-deflate; server_no_context_takeover', WINDOW, 0],
  ['permessage-deflate;client_no_context_takeover;server_no_context_takeover', 0, 0],
  ['permessage-deflate; client_max_window_bits=10', 1024, WINDOW],
  ['permessage-deflate ; server_max_window_bits = "11"', WINDOW, 2048],
  ['permessage-deflate; server_max_window_bits="1\\1"', WINDOW, 2048],
  ['permessage-deflate; client_no_context_takeover; client_max_window_bits=9', 0, WINDOW],
  ['permessage-deflate; client_max_window_bits=8', 512, WINDOW],
])('%s', (value, client, server) => {
  expect(agreed(value)).toEqual(['deflate', client, server])
})

test('without the field, or with an empty one, nothing was agreed on', () => {
  expect(readAgreement([['Upgrade', 'websocket']])).toMatchObject({ coding: 'none' })
  expect(agreed('')).toEqual(['none', 0, 0])
  expect(agreed(' , ')).toEqual(['none', 0, 0])
})

test('an extension that is not known, and one that says what it may not, leave the content unknown', () => {
  for (const value of [
    'x-webkit-deflate-frame',
    'permessage-deflate, mux',
    'permessage-deflate; level=9',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=08',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; client_max_window_bits="1',
    'permessage-deflate client_max_window_bits',
    ';',
    'a/b',
  ])
    expect([value, ...agreed(value)]).toEqual([value, 'unknown', 0, 0])
  expect(agreed('permessage-deflate', 'mux')).toEqual(['unknown', 0, 0])
})
