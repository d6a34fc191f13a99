import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../test/support/run-counts.ts'
import { sampleCall } from '../../test/support/sample-call.ts'
import { SAMPLE_CONTAINER } from '../../test/support/sample-container.ts'
import { type SampleChanges, sampleExchange } from '../../test/support/sample-exchange.ts'
import { readIpAddress } from '../expressions/index.ts'
import { createArtifact, createCanonicalNames, type Level } from '../outputs/index.ts'
import { fieldsOf } from './exchange-fields.ts'
import { RULE_FIELDS } from './rule-fields.ts'
import { storedFields } from './stored-fields.ts'

const TAGS = { deployment: ['env:prod'], rules: [] }
const NAMES = [
  ...RULE_FIELDS.map(({ name }) => name.replace('<name>', 'app')),
  'http.req.headers.user-agent',
  'http.res.headers.content-type',
  'http.res.headers.server',
  'http.res.headers.grpc-status',
  'http.res.headers.grpc-status-name',
  'http.res.headers.grpc-message',
  'req.host',
  'res.status',
  'exe',
]
/** What no object tells. */
const UNTOLD = new RegExp(
  [
    '^src\\.(ip|port)$',
    '^src\\.process\\.(args|env|hostname|parents|user)\\b',
    '^src\\.container\\.(id|labels)\\b',
    '^src\\.pod\\.(labels|annotations)\\b',
    '^dst\\.(ip|port)$',
    '^tls\\.',
  ].join('|'),
)

/** The object that is stored of an exchange, read again. */
function stored(changes: SampleChanges, level: Level): unknown {
  const settings = { level, format: 'json', objectStore: undefined, tags: TAGS } as const
  const { data } = createArtifact(sampleExchange(changes), settings, 0, createCanonicalNames())
  return JSON.parse(new TextDecoder().decode(data))
}

const chunked = [
  ['content-type', 'text/plain'],
  ['transfer-encoding', 'chunked'],
] as const
const EXCHANGES: readonly (readonly [string, SampleChanges])[] = [
  ['HTTP/2', {}],
  ['HTTP/1', { exchange: { protocol: 'http1' }, response: { headers: chunked } }],
  ['in a pod', { process: { container: SAMPLE_CONTAINER } }],
  ['accepted', { connection: { role: 'server' } }],
  ['a call', { exchange: { grpc: sampleCall() } }],
]

test.each(EXCHANGES)('the object of an exchange tells what the exchange does: %s', (_, changes) => {
  const exchange = fieldsOf(sampleExchange(changes), TAGS)
  const fields = storedFields(stored(changes, 'headers'))
  const told = NAMES.filter(
    (name) => !UNTOLD.test(name) && !(changes.exchange?.grpc && name.endsWith('.query')),
  )
  expect(Object.fromEntries(told.map((name) => [name, fields(name)]))).toEqual(
    Object.fromEntries(told.map((name) => [name, exchange(name)])),
  )
  for (const name of NAMES.filter((one) => UNTOLD.test(one))) expect(fields(name)).toBeUndefined()
})

test('at the level summary there are no headers but those that are named', () => {
  const fields = storedFields(stored({}, 'summary'))
  expect(fields('http.res.headers.content-type')).toBe('application/json')
  expect(fields('http.req.headers.user-agent')).toBe('curl/8.18.0')
  expect(fields('http.res.headers.server')).toBeUndefined()
  expect(fields('http.res.status')).toBe(200)
  const call = storedFields(stored({ exchange: { grpc: sampleCall() } }, 'summary'))
  expect([call('http.res.status'), call('http.req.path'), call('http.req.method')]).toEqual([
    404,
    '/shop.v1.Orders/Get',
    undefined,
  ])
  const fine = storedFields(
    stored({ exchange: { grpc: sampleCall({ status: 0, statusName: 'OK' }) } }, 'summary'),
  )
  expect(fine('http.res.status')).toBeUndefined()
})

test('of several values the first counts', () => {
  const headers = [
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ] as const
  expect(storedFields(stored({ response: { headers } }, 'headers'))('http.res.headers.set-cookie')).toBe(
    'a=1',
  )
})

test('an endpoint that is an address is no domain, and the other end only of what went out', () => {
  const nameless = { request: { authority: '203.0.113.5' }, connection: { tls: undefined } }
  const out = storedFields(stored(nameless, 'summary'))
  expect([out('dst.domain'), out('dst.ip')]).toEqual([undefined, readIpAddress('203.0.113.5')])
  const accepted = { ...nameless, connection: { ...nameless.connection, role: 'server' as const } }
  const came = storedFields(stored(accepted, 'summary'))
  expect([came('dst.domain'), came('dst.ip')]).toEqual([undefined, undefined])
})

test('whatever is given as an object, fields are undefined or of their types', () => {
  const property = fc.property(fc.jsonValue(), fc.constantFrom(...NAMES), (document, name) => {
    const wrapped = { metadata: document, request: document, response: document, tags: document }
    for (const one of [document, wrapped, { ...wrapped, request: { headers: document } }]) {
      const value = storedFields(one)(name)
      expect(value === undefined || ['string', 'number'].includes(typeof value) || Array.isArray(value)).toBe(
        true,
      )
    }
  })
  fc.assert(property, { numRuns: runs(200) })
})
