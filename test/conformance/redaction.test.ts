import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Body, Exchange } from '../../src/exchanges/index.ts'
import { NOTHING_REDACTED, openRedaction } from '../../src/outputs/index.ts'
import { leakIn, outputsOf } from '../support/planted-secrets.ts'
import { runs } from '../support/run-counts.ts'
import { sampleBody, sampleExchange, sampleMessage, sampleWebSocket } from '../support/sample-exchange.ts'

const redact = openRedaction({
  ...NOTHING_REDACTED,
  headers: ['x-own-*'],
  query: ['own'],
  jsonPaths: ['$..own', '$.path.to[*].it'],
  patterns: ['own-[A-Za-z]+-end', 'pin \\[([A-Za-z]+)\\]'],
  credentials: true,
})

/** Letters that stand in no digest and in no word of an output. */
const LETTERS = 'GHJKLMNPQRSTVWXYZghjkmnpqrtvwxyz'
const Secret = fc
  .array(fc.constantFrom(...Array.from(LETTERS)), { minLength: 24, maxLength: 40 })
  .map((letters) => letters.join(''))
const NAMES = [
  'password',
  'passwd',
  'secret',
  'access_token',
  'Refresh-Token',
  'apiKey',
  'own',
  'client_secret',
]
const Name = fc.constantFrom(...NAMES)
const Plain = fc.jsonValue({ maxDepth: 3 })

/** Characters written as `%XX`, or as they are. */
function percentEncoded(text: string, mask: number): string {
  return Array.from(text)
    .map((one, at) => ((mask >> (at % 30)) & 1 ? `%${one.charCodeAt(0).toString(16).padStart(2, '0')}` : one))
    .join('')
}

function jsonEncoded(text: string, mask: number): string {
  return Array.from(text)
    .map((one, at) =>
      (mask >> (at % 30)) & 1 ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : one,
    )
    .join('')
}

const Mask = fc.integer({ min: 0, max: 2 ** 30 - 1 })

/** The member with the secret, in some form of a value. */
const Member = fc
  .tuple(Name, Secret, Mask, Mask, fc.nat(4))
  .map(([name, secret, nameMask, valueMask, form]) => {
    const text = `"${jsonEncoded(secret, valueMask)}"`
    const values = [text, `[1,${text}]`, `{"a":{"b":${text}},"c":"]"}`, `[[${text}],{}]`, text]
    return { secret, text: `"${jsonEncoded(name, nameMask)}" : ${values[form] ?? text}` }
  })

const Json = fc
  .tuple(Member, fc.array(Plain, { maxLength: 4 }), fc.nat(6), fc.boolean())
  .map(([{ secret, text }, plain, depth, nested]) => {
    const [before = 1, behind = '}"', ...more] = plain.map((one) => JSON.stringify(one))
    let document = `{"x":${before},${text},"y":${behind}}`
    for (let level = 0; level < depth; level += 1)
      document =
        level % 2 === 0 ? `[${more[level] ?? 0},${document}]` : `{"n":${document},"m":${more[0] ?? 1}}`
    if (nested) document = JSON.stringify({ message: document, z: 1 })
    return { secret, type: 'application/json', bytes: Buffer.from(document) }
  })

const Lines = fc.tuple(Json, Json).map(([one, other]) => ({
  secret: `${one.secret} ${other.secret}`,
  type: 'application/x-ndjson',
  bytes: Buffer.from(`${one.bytes.toString()}\n${other.bytes.toString()}\n`),
}))

const Events = fc.tuple(Json, fc.constantFrom('\n', '\r\n')).map(([{ secret, bytes }, end]) => ({
  secret,
  type: 'text/event-stream',
  bytes: Buffer.from(
    `event: {"a${end}data: ${bytes.toString().replaceAll('"y"', `${end}data: "y"`)}${end}${end}id: 1${end}`,
  ),
}))

const Utf16 = fc.tuple(Json, fc.boolean()).map(([{ secret, bytes }, isBig]) => {
  const text = Buffer.from(bytes.toString(), 'utf16le')
  return { secret, type: 'application/json', bytes: isBig ? text.swap16() : text }
})

const Form = fc.tuple(Name, Secret, Mask, Mask, fc.nat(2)).map(([name, secret, one, other, place]) => {
  const field = `${percentEncoded(name, one)}=${percentEncoded(secret, other)}`
  const fields = ['a=1', 'b=%7B;x=y']
  fields.splice(place, 0, field)
  return { secret, type: 'application/x-www-form-urlencoded', bytes: Buffer.from(fields.join('&')) }
})

const Multipart = fc
  .tuple(Name, Secret, Json, fc.uint8Array({ maxLength: 40 }))
  .map(([name, secret, json, binary]) => ({
    secret: `${secret} ${json.secret}`,
    type: 'multipart/form-data; boundary="b 1"',
    bytes: Buffer.concat([
      Buffer.from(`--b 1\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${secret}\r\n`),
      Buffer.from('--b 1\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n\r\n'),
      binary,
      Buffer.from('\r\n--b 1\r\nContent-Type: application/json\r\n'),
      Buffer.from('Content-Disposition: form-data; name=j\r\n\r\n'),
      json.bytes,
      Buffer.from('\r\n--b 1--\r\n'),
    ]),
  }))

/** Found by its form, wherever it stands. */
const Text = fc
  .tuple(Secret, fc.string(), fc.string({ unit: 'binary' }), fc.nat(5))
  .map(([secret, before, behind, form]) => {
    const forms = [
      `own-${secret}-end`,
      `pin [${secret}]`,
      `Bearer ${secret}`,
      `eyJ${secret}.${secret}.${secret}`,
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
      `https://user:${secret}@host/`,
    ]
    return { secret, type: 'text/plain', bytes: Buffer.from(`${before} ${forms[form] ?? ''} ${behind}`) }
  })

const Binary = fc.tuple(Text, fc.uint8Array({ maxLength: 30 })).map(([{ secret, bytes }, noise]) => ({
  secret,
  type: 'application/octet-stream',
  bytes: Buffer.concat([Buffer.of(0xff, 0xfe, 0xff), noise, Buffer.from(' '), bytes, noise]),
}))

const Content = fc.oneof(Json, Json, Lines, Events, Utf16, Form, Multipart, Text, Binary)
type Content = typeof Content extends fc.Arbitrary<infer Value> ? Value : never

/** Whole, cut anywhere, or with a hole anywhere. */
const Passed = fc.tuple(Content, fc.constantFrom('whole', 'cut', 'hole'), fc.nat(), fc.nat())

function bodyOf([{ bytes }, how, first, second]: [Content, string, number, number]): Body {
  if (how === 'whole') return sampleBody(bytes)
  const from = first % (bytes.length + 1)
  if (how === 'cut')
    return sampleBody(bytes.subarray(0, from), {
      truncated: true,
      wireBytes: bytes.length,
      decodedBytes: bytes.length,
    })
  const to = from + (second % (bytes.length + 1 - from))
  const kept = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  const wholeBytes = from < kept.length ? from : undefined
  return sampleBody(kept, { missing: true, wireBytes: bytes.length, decodedBytes: bytes.length, wholeBytes })
}

function check(exchange: Exchange, secret: string): void {
  expect(leakIn(redact(exchange), secret.split(' '))).toBe(undefined)
}

describe('no part of a secret is in any output', () => {
  test('of a body', () => {
    fc.assert(
      fc.property(Passed, fc.boolean(), (passed, isRequest) => {
        const [{ secret, type }] = passed
        const message = { headers: [['content-type', type]] as const, body: bodyOf(passed) }
        check(sampleExchange(isRequest ? { request: message } : { response: message }), secret)
      }),
      { numRuns: runs(400) },
    )
  })

  test('of headers and trailers', () => {
    const Header = fc.constantFrom('authorization', 'Cookie', 'set-cookie', 'X-API-Key', 'x-own-thing')
    fc.assert(
      fc.property(Header, Secret, Name, Mask, (name, secret, field, mask) => {
        const headers = [
          [name, `Basic ${secret}`],
          [
            'referer',
            `https://x.example/p?a=1&${percentEncoded(field, mask)}=${percentEncoded(secret, mask)}#f`,
          ],
          ['x-note', `own-${secret}-end and {"a":1}`],
          ['x-json', `{"a":{"own":"${secret}"}}`],
        ] as const
        const message = { headers, trailers: headers }
        check(sampleExchange({ request: message, response: message }), secret)
      }),
      { numRuns: runs(100) },
    )
  })

  test('of a target', () => {
    fc.assert(
      fc.property(Secret, Name, Mask, Mask, fc.nat(2), (secret, name, nameMask, mask, form) => {
        const value = percentEncoded(secret, mask)
        const forms = [
          `/a?x=1&${percentEncoded(name, nameMask)}=${value}&y=2`,
          `/a/own-${value}-end/b?c`,
          `/a?x=own-${value}-end`,
        ]
        const target = forms[form] ?? ''
        const path = target.replace(/\?.*/, '')
        check(sampleExchange({ request: { target, path, url: `https://api.example.com${target}` } }), secret)
      }),
      { numRuns: runs(100) },
    )
  })

  test('of a conversation', () => {
    fc.assert(
      fc.property(fc.oneof(Json, Text, Binary), fc.boolean(), fc.nat(), ({ secret, bytes }, isCut, cut) => {
        const end = isCut ? cut % (bytes.length + 1) : bytes.length
        const message = {
          ...sampleMessage('client', 'text', bytes.subarray(0, end), 5_012_000_000),
          truncated: isCut,
        }
        const close = { from: 'server', code: 1000, reason: `pin [${secret}]` } as const
        check(sampleWebSocket({ messages: [message, { ...message, type: 'binary' }], close }), secret)
      }),
      { numRuns: runs(150) },
    )
  })
})

test('without a match all outputs are the same, byte for byte', () => {
  const nothing = openRedaction({
    ...NOTHING_REDACTED,
    headers: ['x-none'],
    query: ['none'],
    jsonPaths: ['$..none'],
    patterns: ['none-[A-Z]{30}-none'],
  })
  fc.assert(
    fc.property(Content, ({ type, bytes }) => {
      const message = { headers: [['content-type', type]] as const, body: sampleBody(bytes) }
      const exchange = sampleExchange({ request: message, response: message })
      expect(outputsOf(nothing(exchange))).toEqual(outputsOf(exchange))
    }),
    { numRuns: runs(100) },
  )
})
