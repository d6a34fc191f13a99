import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  sampleBody,
  sampleExchange,
  sampleMessage,
  sampleWebSocket,
} from '../../../test/support/sample-exchange.ts'
import { BodyCollector } from '../../exchanges/body.ts'
import type { Body, Exchange } from '../../exchanges/index.ts'
import { NOTHING_REDACTED, type RedactOptions } from './options.ts'
import { openRedaction } from './redact.ts'

const R = '[REDACTED]'

function redact(exchange: Exchange, options: Partial<RedactOptions>): Exchange {
  return openRedaction({ ...NOTHING_REDACTED, ...options })(exchange)
}

function bodyText(
  content: string | Uint8Array,
  options: Partial<RedactOptions>,
  contentType = 'application/json',
  changes: Partial<Body> = {},
): string {
  const body = sampleBody(content, changes)
  const exchange = sampleExchange({ response: { headers: [['content-type', contentType]], body } })
  return Buffer.from(redact(exchange, options).response?.body.bytes ?? []).toString('utf8')
}

const PASSWORD = { jsonPaths: ['$..password'] }

test.each<[content: string, expected: string, options?: Partial<RedactOptions>]>([
  ['{"password":"abc","a":1}', `{"password":"${R}","a":1}`],
  ['{"password":"a\\"b","a":1}', `{"password":"${R}","a":1}`],
  ['{"\\u0070assword":"abc"}', `{"\\u0070assword":"${R}"}`],
  ['{"password":12.5e3,"a":1}', `{"password":"${R}","a":1}`],
  ['{"password":null}', `{"password":"${R}"}`],
  ['{"password" : true }', `{"password" : "${R}" }`],
  ['{"password":{"a":["}",2]},"b":2}', `{"password":"${R}","b":2}`],
  ['{"password":["x","y"],"b":2}', `{"password":"${R}","b":2}`],
  ['{"password":"a","password":"b"}', `{"password":"${R}","password":"${R}"}`],
  ['[[{"x":{"password":"a"}}]]', `[[{"x":{"password":"${R}"}}]]`],
  ['{"password":""}', '{"password":""}'],
  ['{"Password":"a"}', '{"Password":"a"}'],
  ['{"a":"password","b":"c"}', '{"a":"password","b":"c"}'],
  ['{"password":"abc', `{"password":"${R}`],
  ['{"password":"abc\\', `{"password":"${R}`],
  ['{"password":{"a":[1,', `{"password":"${R}"`],
  ['{"password":12', `{"password":"${R}"`],
  ['{"password":', '{"password":'],
  ['{"passw', '{"passw'],
  [')]}\',\n{"password":"a"}', `)]}',\n{"password":"${R}"}`],
  ['{"password":"a"}{"password":"b"}', `{"password":"${R}"}{"password":"${R}"}`],
  ['{"a":1 "password":"b"}', `{"a":1 "password":"${R}"}`],
  ['{"a":[1}, "password":"b"]', `{"a":[1}, "password":"${R}"]`],
  ['{"password": two words, "b": 1}', `{"password": "${R}", "b": 1}`],
  ['{"body":"{\\"password\\":\\"abc\\"}"}', `{"body":"{\\"password\\":\\"${R}\\"}"}`],
  ['\ufeff{"password":"abc"}', `\ufeff{"password":"${R}"}`],
  ['{"a":{"b":"x","c":{"b":"y"}}}', `{"a":{"b":"${R}","c":{"b":"y"}}}`, { jsonPaths: ['$.a.b'] }],
  ['{"a":{"a":{"b":"x"}}}', `{"a":{"a":{"b":"${R}"}}}`, { jsonPaths: ['$..a.b'] }],
  [
    '{"items":[{"key":1},{"key":2}]}',
    `{"items":[{"key":"${R}"},{"key":"${R}"}]}`,
    { jsonPaths: ['$.items[*].key'] },
  ],
  ['{"items":["a","b"]}', `{"items":["a","${R}"]}`, { jsonPaths: ['$.items[1]'] }],
  ['[{"x-y":1}]', `[{"x-y":"${R}"}]`, { jsonPaths: ["$[0]['x-y']"] }],
  ['{"a":{"b":1,"c":[2]}}', `{"a":{"b":"${R}","c":"${R}"}}`, { jsonPaths: ['$.a.*'] }],
  ['{"a":[[5]]}', `{"a":[["${R}"]]}`, { jsonPaths: ['$..[0][0]'] }],
  [
    '{"userPassword":"a","api-key":"b","API_KEY":"c"}',
    `{"userPassword":"${R}","api-key":"${R}","API_KEY":"${R}"}`,
    { credentials: true },
  ],
  ['{"next_page":"a","max_tokens":5}', '{"next_page":"a","max_tokens":5}', { credentials: true }],
])('JSON %s gives %s', (content, expected, options = PASSWORD) => {
  expect(bodyText(content, options)).toBe(expected)
})

test('containers that are too deep are replaced', () => {
  const deep = `${'['.repeat(600)}"abc"${']'.repeat(600)}`
  expect(bodyText(deep, PASSWORD)).toBe(`${'['.repeat(512)}"${R}"${']'.repeat(512)}`)
})

test.each<
  [name: string, contentType: string, content: string, expected: string, options?: Partial<RedactOptions>]
>([
  ['lines of JSON', 'application/x-ndjson', '{"a":"{\n{"password":"x"}\n', `{"a":"{\n{"password":"${R}"}\n`],
  [
    'events',
    'text/event-stream',
    'event: {"\ndata: {"password":"x"}\n\nid: 1\ndata:{"a":\ndata: 1,"password":2}\n\n',
    `event: {"\ndata: {"password":"${R}"}\n\nid: 1\ndata:{"a":\ndata: 1,"password":"${R}"}\n\n`,
  ],
  [
    'an event that was cut',
    'text/event-stream',
    'data: {"password":"x\n\ndata: {"a":1}\n\n',
    `data: {"password":"${R}\n\ndata: {"a":1}\n\n`,
  ],
  ['JSON by suffix', 'application/problem+json', '{"password":"x"}', `{"password":"${R}"}`],
  ['JSON under another name', 'application/x-www-form-urlencoded', '{"password":"x"}', `{"password":"${R}"}`],
  [
    'a form',
    'application/x-www-form-urlencoded',
    'a=1&pass%77ord=x%20y&b=2',
    'a=1&pass%77ord=[REDACTED]&b=2',
    { query: ['password'] },
  ],
  [
    'a form with semicolons',
    'application/x-www-form-urlencoded',
    'a=1;password=x;b=2&c=3',
    'a=1;password=[REDACTED]&c=3',
    { query: ['pass*'] },
  ],
  ['JSON in a form', 'application/x-www-form-urlencoded', 'a=%7B%22password%22%3A1%7D', 'a=[REDACTED]'],
  [
    'a URL in text',
    'text/html',
    '<a href="/x?a=1&amp;token=abc&b=2">',
    `<a href="/x?a=1&amp;token=${R}&b=2">`,
    { query: ['token'] },
  ],
  ['a pattern', 'text/plain', 'id 4111-1111 end', `id ${R} end`, { patterns: ['\\d{4}-\\d{4}'] }],
  ['a group', 'text/plain', 'pin=1234; pin=99', `pin=${R}; pin=${R}`, { patterns: ['pin=(\\d+)'] }],
  [
    'a pattern behind escapes',
    'application/json',
    '{"a":"p\\u00e4ss-1"}',
    `{"a":"${R}"}`,
    { patterns: ['päss-\\d'] },
  ],
  [
    'a pattern in text that is not ASCII',
    'text/plain',
    'äöü päss-1 €',
    `äöü ${R} €`,
    { patterns: ['päss-\\d'] },
  ],
])('%s', (_, contentType, content, expected, options = PASSWORD) => {
  expect(bodyText(content, options, contentType)).toBe(expected)
})

const MULTIPART = [
  '--b',
  'Content-Disposition: form-data; name="password"',
  '',
  'x\r\ny',
  '--b',
  'Content-Disposition: form-data; name="meta"; filename="m.json"',
  'Content-Type: application/json',
  '',
  '{"password":"x"}',
  '--b',
  'Content-Disposition: form-data; name="coded"',
  'Content-Transfer-Encoding: base64',
  '',
  'c2VjcmV0',
  '--b',
  'Content-Disposition: form-data; name="plain"',
  '',
  'kept',
  '--b--',
  '',
].join('\r\n')

test('the parts of a multipart body are searched each by its kind', () => {
  const options = { query: ['password'], jsonPaths: ['$.password'] }
  const expected = MULTIPART.replace('x\r\ny', R).replace('"x"', `"${R}"`).replace('c2VjcmV0', R)
  expect(bodyText(MULTIPART, options, 'multipart/form-data; boundary=b')).toBe(expected)
  expect(bodyText(MULTIPART, options, 'multipart/form-data')).toBe(expected)
})

test.each(['utf16le', 'utf16be'] as const)('%s is searched and stays what it is', (encoding) => {
  const coded = (text: string) => {
    const bytes = Buffer.from(text, 'utf16le')
    return encoding === 'utf16le' ? bytes : bytes.swap16()
  }
  const type = encoding === 'utf16le' ? 'application/json; charset=utf-16le' : 'application/json'
  const body = sampleBody(coded('{"password":"geheim","ä":"ö"}'))
  const exchange = sampleExchange({ response: { headers: [['content-type', type]], body } })
  const expected = coded(`{"password":"${R}","ä":"ö"}`)
  expect(Buffer.from(redact(exchange, PASSWORD).response?.body.bytes ?? [])).toEqual(expected)
})

test('what cannot be searched is withheld', () => {
  const coded = { codingsLeft: ['compress'] }
  expect(bodyText('whatever', PASSWORD, 'application/json', coded)).toBe(R)
  expect(bodyText('whatever', PASSWORD, 'application/json; charset=utf-32')).toBe(R)
  expect(bodyText('whatever', { headers: ['a'] }, 'application/json', coded)).toBe('whatever')
})

test('a body with a hole is searched in front of it and withheld behind it', () => {
  const changes = { missing: true, wholeBytes: 9 }
  expect(bodyText('{"a":"x-y","b":1}', PASSWORD, 'application/json', changes)).toBe(`{"a":"x-y${R}`)
})

test('the collector of a body says where its first hole is', () => {
  const share = { bodyBytesMax: 100, bodiesTotalBytesMax: 100, bodiesHeldBytes: 0, bodiesTruncated: 0 }
  const collector = new BodyCollector(share, true)
  collector.add(Buffer.from('{"a":"'))
  collector.skip(20)
  collector.add(Buffer.from('secret"}'))
  collector.skip(undefined)
  expect(collector.finish([])).toMatchObject({ wholeBytes: 6, missing: true })
})

test.each<[pattern: string, content: string, expected: string]>([
  ['\\d{4}-\\d{4}-\\d{4}', 'no 1234-5678-9012 no 1234-56', `no ${R} no ${R}`],
  ['<key>(.*?)</key>', '<key>abc</key> <key>def', `<key>${R}</key> ${R}`],
  ['(?m)^pin (\\d{4})$', 'pin 1234\npin 12', `pin ${R}\n${R}`],
  ['[a-z]{3}', 'abc 12', `${R} 12`],
])('pattern %s finds what was cut in %s', (pattern, content, expected) => {
  const changes = { truncated: true, decodedBytes: 1000 }
  expect(bodyText(content, { patterns: [pattern] }, 'text/plain', changes)).toBe(expected)
})

test.each([
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  'AKIAIOSFODNN7EXAMPLE',
  `ghp_${'a1'.repeat(18)}`,
  `github_pat_${'a1'.repeat(18)}`,
  `glpat-${'a1'.repeat(10)}`,
  'xoxb-1234567890-abcdefgh',
  `sk_live_${'a1'.repeat(12)}`,
  `AIza${'a1'.repeat(17)}a`,
  'ya29.a0AfH6SMBx-yz12345',
])('credential %s is known by its form, cut ones too', (secret) => {
  const options = { credentials: true }
  expect(bodyText(`see ${secret}, so`, options, 'text/plain')).toBe(`see ${R}, so`)
  const cut = secret.slice(0, -5)
  expect(bodyText(`see ${cut}`, options, 'text/plain', { truncated: true })).toBe(`see ${R}`)
})

test('private keys and passwords in URLs are known by their form', () => {
  const options = { credentials: true }
  const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----'
  const shown = `-----BEGIN RSA PRIVATE KEY-----${R}-----END RSA PRIVATE KEY-----`
  expect(bodyText(`a ${key} b`, options, 'text/plain')).toBe(`a ${shown} b`)
  expect(bodyText('redis://:hunter2@host/1', options, 'text/plain')).toBe(`redis://${R}@host/1`)
})

function located(target: string, authority = 'api.example.com') {
  const path = target.replace(/[?#].*/, '')
  return sampleExchange({ request: { target, path, authority, url: `https://${authority}${target}` } })
}

test('messages of a conversation and the reason of its end are searched', () => {
  const exchange = sampleWebSocket({
    close: { from: 'client', code: 1000, reason: 'pin 1234' },
    messages: [
      sampleMessage('client', 'text', '42["login",{"password":"x"}]', 1),
      sampleMessage('server', 'binary', 'pin 1234', 1),
      sampleMessage('server', 'text', 'hello', 1),
    ],
  })
  const { conversation } = redact(exchange, { jsonPaths: ['$..password'], patterns: ['pin (\\d+)'] })
  const texts = conversation?.messages.map(({ bytes }) => Buffer.from(bytes).toString())
  expect(texts).toEqual([`42["login",{"password":"${R}"}]`, `pin ${R}`, 'hello'])
  expect(conversation?.close?.reason).toBe(`pin ${R}`)
  expect(conversation?.messages[2]).toBe(exchange.conversation?.messages[2])
})

test('a key gives equal secrets equal tokens, wherever and however they stand', () => {
  const exchange = sampleExchange({
    request: {
      headers: [['authorization', 'Bearer a b"c']],
      target: '/?token=a+b%22c',
      path: '/',
      url: 'https://api.example.com/?token=a+b%22c',
    },
    response: { body: sampleBody('{"password":"a b\\"c","secret":"other"}') },
  })
  const { request, response } = redact(exchange, { credentials: true, key: 'k'.repeat(16) })
  const token = request.headers[0]?.[1] ?? ''
  expect(token).toMatch(/^\[REDACTED:[0-9a-f]{12}\]$/)
  expect(request.url).toBe(`https://api.example.com/?token=${token}`)
  const { password, secret } = JSON.parse(Buffer.from(response?.body.bytes ?? []).toString())
  expect(password).toBe(token)
  expect(secret).not.toBe(token)
})

test('a replacement is written so that what surrounds it can be read', () => {
  const options = { query: ['t'], jsonPaths: ['$.a', '$.b'], replacement: '"<&>"' }
  expect(JSON.parse(bodyText('{"a":1,"b":"x"}', options))).toEqual({ a: '"<&>"', b: '"<&>"' })
  expect(redact(located('/?t=1&u=2'), options).request.target).toBe('/?t=%22%3C%26%3E%22&u=2')
})

test('sizes are those of what passed; a digest of what was replaced is gone', () => {
  const body = sampleBody('{"password":"x"}', {
    truncated: true,
    wireBytes: 900,
    decodedBytes: 900,
    sha256: 'ff',
  })
  const exchange = sampleExchange({ response: { body } })
  const redacted = redact(exchange, PASSWORD).response?.body
  expect(redacted).toMatchObject({ wireBytes: 900, decodedBytes: 900, truncated: true, sha256: undefined })
  expect(redact(exchange, { jsonPaths: ['$.other'] }).response?.body).toMatchObject({ sha256: 'ff' })
})

test('nothing is copied where nothing is found, and bodies are not touched before they are read', () => {
  const collector = new BodyCollector(
    { bodyBytesMax: 1000, bodiesTotalBytesMax: 1000, bodiesHeldBytes: 0, bodiesTruncated: 0 },
    true,
  )
  collector.add(gzipSync('{"password":"x","a":1}'))
  const body = collector.finish(['gzip'])
  const exchange = sampleExchange({ response: { body } })
  const other = redact(exchange, { jsonPaths: ['$.other'] })
  expect(other.request).toBe(exchange.request)
  expect(other.response?.headers).toBe(exchange.response?.headers)
  expect(other.response?.body.bytes).toBe(body.bytes)
  const text = Buffer.from(redact(exchange, PASSWORD).response?.body.bytes ?? []).toString()
  expect(text).toBe(`{"password":"${R}","a":1}`)
  const unread: Body = {
    ...sampleBody(''),
    wireBytes: 5,
    get bytes(): Uint8Array {
      throw new Error('read')
    },
  }
  expect(() => redact(sampleExchange({ response: { body: unread } }), PASSWORD)).not.toThrow()
})
