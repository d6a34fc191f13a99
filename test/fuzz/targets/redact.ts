import type { Exchange } from '../../../src/exchanges/index.ts'
import { NOTHING_REDACTED, openRedaction } from '../../../src/outputs/index.ts'
import { leakIn, outputsOf } from '../../support/planted-secrets.ts'
import { sampleBody, sampleExchange, sampleMessage, sampleWebSocket } from '../../support/sample-exchange.ts'
import { Finding } from '../finding.ts'
import { allBytes, hashOf, type Input, oneChunk } from '../input.ts'
import type { Target } from '../target.ts'

/** Found by a pattern, wherever it stands. */
const MARKED = 'own-GHJKLMNPQRSTVWXYZghjkm-end'
/** Found by the name of its field, which stands first. */
const NAMED = 'zyxwvtrqpnmkjhgZYXWVTRQPNMKJHG'

/** Types of content, and a beginning of each with a secret. */
const KINDS: readonly (readonly [contentType: string, beginning: string])[] = [
  ['application/json', `{"password":"${NAMED}","x":`],
  ['application/x-ndjson', `{"password":"${NAMED}","x":1}\n`],
  ['text/event-stream', `data: {"password":"${NAMED}"}\n\n`],
  ['application/x-www-form-urlencoded', `a=1&password=${NAMED}&`],
  [
    'multipart/form-data; boundary=b',
    `--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n${NAMED}\r\n--b`,
  ],
  ['text/plain', ''],
  ['', ''],
]

const redact = openRedaction({
  ...NOTHING_REDACTED,
  jsonPaths: ['$.x[*].y', '$..own'],
  patterns: ['own-[A-Za-z]+-end'],
  credentials: true,
})

/** Content of a body, of a message, of a header and of a target; the variant says of which type. */
export const redaction: Target = {
  covers: /^src\/outputs\/redact\//,
  variants: KINDS.length,
  plain: true,
  tokens: [
    '{"password":"',
    '"password":{',
    '\\"password\\":\\"',
    '\\u0070assword',
    '[{"y":',
    '"}]}',
    '\\\\"',
    'data: ',
    '\r\n\r\n',
    '\r\n--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n',
    'Content-Type: application/json; charset=utf-16\r\n',
    '&token=',
    '?access_token=%41',
    ';session=',
    'Bearer ',
    'eyJhbGciOiJ9.eyJ.',
    '-----BEGIN PRIVATE KEY-----',
    'https://u:p@',
    'own-',
    '-end',
    Uint8Array.of(0xff, 0xfe),
    Uint8Array.of(0, 0x7b, 0, 0x22),
    Uint8Array.of(0x1e),
    Uint8Array.of(0xef, 0xbb, 0xbf),
  ],
  seeds: async () => {
    const json = JSON.stringify({
      x: [{ y: 'a"b', n: [1, null, { own: {} }] }],
      text: '{"token":"a\\u0041"}',
    })
    return KINDS.flatMap((_, variant) => [
      oneChunk(json, variant),
      oneChunk('a=1&b=%7B%22token%22%3A1%7D;c=2', variant),
      oneChunk('see https://me:you@host/?token=1&x=eyJhbGciOiJub25lIn0.e30.', variant),
    ])
  },
  feed: (input) => void outputsOf(redact(exchangeWith(allBytes(input), input, false))),
  check,
}

function check(input: Input, traits: Set<string>): void {
  const bytes = Buffer.from(allBytes(input))
  const at = hashOf(input) % (bytes.length + 1)
  const [, beginning = ''] = KINDS[input.variant] ?? []
  const marked = Buffer.concat([bytes.subarray(0, at), Buffer.from(MARKED), bytes.subarray(at)])
  const named = Buffer.concat([Buffer.from(beginning), bytes])
  for (const cut of [false, true]) {
    for (const [content, secret] of [
      [marked, MARKED.slice(4, -4)],
      [named, NAMED],
      [named.subarray(0, beginning.length - 3), NAMED],
    ] as const) {
      const leak = leakIn(redact(exchangeWith(content, input, cut)), [secret])
      if (leak !== undefined) throw new Finding('a secret came through', leak)
    }
  }
  traits.add(`${input.variant} ${redact(exchangeWith(bytes, input, false)).response?.body.bytes === bytes}`)
}

/** A conversation has no types of content: its messages are searched as JSON and as text. */
function exchangeWith(bytes: Uint8Array, input: Input, truncated: boolean): Exchange {
  const [contentType = ''] = KINDS[input.variant] ?? []
  if (hashOf(input) % 4 === 0 && (contentType === '' || contentType === 'application/json')) {
    const message = { ...sampleMessage('client', 'text', bytes, 5e9), truncated }
    return sampleWebSocket({ messages: [message, { ...message, type: 'binary' }] })
  }
  const headers = [['content-type', contentType]] as const
  return sampleExchange({ response: { headers, body: sampleBody(bytes, { truncated }) } })
}
