import { describe, expect, test } from 'vitest'
import { sampleCall } from '../../test/support/sample-call.ts'
import { PENDING_CONTAINER, SAMPLE_CONTAINER } from '../../test/support/sample-container.ts'
import { sampleExchange, sampleProgress } from '../../test/support/sample-exchange.ts'
import { readIpAddress } from '../expressions/index.ts'
import { NO_TAG_RULES, tagsOf } from '../outputs/index.ts'
import { fieldsOf, fieldsSoFar, urlWithoutQuery } from './exchange-fields.ts'
import { RULE_FIELDS } from './rule-fields.ts'

const RICH = sampleExchange({
  request: {
    headers: [
      [':path', '/v1/items?page=2'],
      ['User-Agent', 'curl/8.18.0'],
      ['accept', 'first'],
      ['Accept', 'second'],
      ['x.dotted.name', 'dots'],
    ],
  },
  process: {
    environment: { QPOINT_STRATEGY: 'observe' },
    ancestors: [
      { pid: 7, exe: '/bin/bash' },
      { pid: 1, exe: '' },
    ],
    container: SAMPLE_CONTAINER,
  },
  exchange: { protocol: 'http1' },
  response: {
    headers: [
      ['Content-Type', 'application/json'],
      ['Transfer-Encoding', 'chunked'],
    ],
  },
})

const VALUES: readonly (readonly [string, unknown])[] = [
  ['http.req.method', 'GET'],
  ['http.req.path', '/v1/items'],
  ['http.req.scheme', 'https'],
  ['http.req.host', 'api.example.com'],
  ['http.req.url', 'https://api.example.com/v1/items'],
  ['http.req.query', 'page=2'],
  ['http.req.headers.user-agent', 'curl/8.18.0'],
  ['http.req.headers.accept', 'first'],
  ['http.req.headers.x.dotted.name', 'dots'],
  ['http.res.status', 200],
  ['http.res.headers.content-type', 'application/json'],
  ['http.res.transfer-encoding', 'chunked'],
  ['protocol', 'http1'],
  ['direction', 'egress-external'],
  ['type', 'tcp'],
  ['src.port', 40_000],
  ['src.process.path', '/usr/bin/curl'],
  ['src.process.binary', 'curl'],
  ['src.process.pid', 4242],
  ['src.process.args', ['curl']],
  ['src.process.parents', ['/bin/bash']],
  ['src.process.hostname', 'web-1'],
  ['src.process.user.id', 1000],
  ['src.process.user.name', 'operator'],
  ['src.process.env.QPOINT_STRATEGY', 'observe'],
  ['src.container.id', '0123456789ab'],
  ['src.container.name', 'shop'],
  ['src.container.image', 'shop:1.2'],
  ['src.container.labels.com.example.team', 'blue'],
  ['src.pod.name', 'shop-7d4b'],
  ['src.pod.namespace', 'prod'],
  ['src.pod.labels.app', 'shop'],
  ['src.pod.annotations.note', 'hot'],
  ['dst.port', 443],
  ['dst.domain', 'api.example.com'],
  ['tls.enabled', true],
  ['tls.version', 1.3],
  ['tls.sni', 'api.example.com'],
  ['tls.alpn', ['h2']],
]

test.each(VALUES)('%s is %j', (name, value) => {
  expect(fieldsOf(RICH, NO_TAG_RULES)(name)).toEqual(value)
})

test('addresses are addresses, each of its own end, and tags those of the connection', () => {
  const fields = fieldsOf(RICH, NO_TAG_RULES)
  expect(fields('src.ip')).toEqual(readIpAddress('192.0.2.10'))
  expect(fields('dst.ip')).toEqual(readIpAddress('203.0.113.5'))
  const other = sampleExchange({ connection: { local: { ip: '192.0.2.11', port: 1 } } })
  expect(fieldsOf(other, NO_TAG_RULES)('src.ip')).toEqual(readIpAddress('192.0.2.11'))
  expect(fields('src.ip')).toEqual(readIpAddress('192.0.2.10'))
  const tags = { deployment: ['env:prod'], rules: [] }
  expect(fieldsOf(RICH, tags)('tags')).toEqual(tagsOf(RICH.connection, tags))
})

test('every field of the table has a value where everything is known', () => {
  const names: Readonly<Record<string, string>> = {
    'http.req.headers.<name>': 'http.req.headers.accept',
    'http.res.headers.<name>': 'http.res.headers.content-type',
    'src.process.env.<name>': 'src.process.env.QPOINT_STRATEGY',
    'src.container.labels.<name>': 'src.container.labels.com.example.team',
    'src.pod.labels.<name>': 'src.pod.labels.app',
    'src.pod.annotations.<name>': 'src.pod.annotations.note',
  }
  const fields = fieldsOf(RICH, NO_TAG_RULES)
  const missing = RULE_FIELDS.filter(({ name }) => fields(names[name] ?? name) === undefined)
  expect(missing).toEqual([])
})

test.each([
  ['request.method', 'GET'],
  ['request.host', 'api.example.com'],
  ['response.status', 200],
  ['req.host', 'api.example.com'],
  ['req.headers.accept', 'first'],
  ['res.status', 200],
  ['res.headers.content-type', 'application/json'],
  ['exe', '/usr/bin/curl'],
])('older files say %s', (name, value) => {
  expect(fieldsOf(RICH, NO_TAG_RULES)(name)).toBe(value)
})

describe('what is not known is missing', () => {
  const nobody = sampleExchange({
    connection: { process: undefined, tls: undefined },
    request: { method: '', path: '', url: 'https://h/', authority: '203.0.113.5:443', headers: [] },
  })

  test.each([
    'http.req.method',
    'http.req.path',
    'http.req.query',
    'http.req.headers.accept',
    'http.req.headers.:path',
    'http.req.status',
    'http.res.transfer-encoding',
    'src.process.path',
    'src.process.user.id',
    'src.container.id',
    'src.pod.name',
    'src.pod.labels.app',
    'dst.domain',
    'tls.enabled',
    'tls.version',
    'tls.sni',
    'tls.alpn',
    'constructor',
    'src.process.env.constructor',
    'nothing.of.the.kind',
    '',
  ])('%s', (name) => {
    expect(fieldsOf(nobody, NO_TAG_RULES)(name)).toBeUndefined()
  })

  test('of a user without a number, of a container before its runtime answered', () => {
    const process = { userId: -1, container: PENDING_CONTAINER }
    const fields = fieldsOf(sampleExchange({ process }), NO_TAG_RULES)
    expect(fields('src.process.user.id')).toBeUndefined()
    expect(fields('src.container.name')).toBeUndefined()
    expect(fields('src.container.id')).toBe('0123456789ab')
  })
})

test('what comes in later is seen: fields are looked up when they are asked for', () => {
  const container = { ...PENDING_CONTAINER }
  const fields = fieldsOf(sampleExchange({ process: { container } }), NO_TAG_RULES)
  expect(fields('src.container.name')).toBeUndefined()
  container.facts = SAMPLE_CONTAINER.facts
  expect(fields('src.container.name')).toBe('shop')
})

test('an exchange without a response has the status that is reported for it', () => {
  const fields = fieldsOf(sampleExchange({ exchange: { response: undefined } }), NO_TAG_RULES)
  expect([fields('http.res.status'), fields('http.res.headers.server')]).toEqual([499, undefined])
})

test('of a response that is waited for nothing is known', () => {
  const waiting = fieldsSoFar(sampleProgress({ response: undefined }), NO_TAG_RULES)
  expect([waiting('http.res.status'), waiting('res.status'), waiting('http.req.method')]).toEqual([
    undefined,
    undefined,
    'GET',
  ])
  expect(fieldsSoFar(sampleProgress(), NO_TAG_RULES)('http.res.status')).toBe(200)
})

test('a call of gRPC says so, and its trailers count as headers', () => {
  const fields = fieldsOf(sampleExchange({ exchange: { grpc: sampleCall() } }), NO_TAG_RULES)
  expect([
    fields('protocol'),
    fields('http.res.status'),
    fields('http.res.headers.grpc-status'),
    fields('http.res.headers.grpc-status-name'),
    fields('http.res.headers.grpc-message'),
  ]).toEqual(['grpc', 404, '5', 'NOT_FOUND', 'no such order'])
})

test('an accepted connection has this host as its source', () => {
  const fields = fieldsOf(sampleExchange({ connection: { role: 'server' } }), NO_TAG_RULES)
  expect([fields('direction'), fields('src.port'), fields('dst.port')]).toEqual(['ingress', 40_000, 443])
})

test.each([
  [0x0304, 0x0303, 1.2],
  [0x0303, undefined, 1.2],
  [0x0301, undefined, 1],
  [0x0302, undefined, 1.1],
  [0x0300, undefined, undefined],
  [undefined, 0x0304, undefined],
])('TLS offered %j, agreed on %j is version %j', (offeredVersion, version, expected) => {
  const { tls } = sampleExchange().connection
  if (tls === undefined) expect.fail('the sample is over TLS')
  const exchange = sampleExchange({ connection: { tls: { ...tls, offeredVersion, version } } })
  const fields = fieldsOf(exchange, NO_TAG_RULES)
  expect(fields('tls.version')).toBe(expected)
  expect(fields('tls.enabled')).toBe(offeredVersion === undefined ? undefined : true)
})

test.each([
  ['https://h/p?q=1', 'https://h/p'],
  ['https://h/p#f?g', 'https://h/p'],
  ['https://h', 'https://h'],
])('%s without its query is %s', (url, without) => {
  expect(urlWithoutQuery(url)).toBe(without)
})
