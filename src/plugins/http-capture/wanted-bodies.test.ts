import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openedPlugin } from '../../../test/support/opened-plugin.ts'
import { runs } from '../../../test/support/run-counts.ts'
import { sampleCall } from '../../../test/support/sample-call.ts'
import { PENDING_CONTAINER, SAMPLE_CONTAINER } from '../../../test/support/sample-container.ts'
import { type SampleChanges, sampleExchange } from '../../../test/support/sample-exchange.ts'
import { httpCapture } from './index.ts'

const EXPRESSIONS = [
  'http.res.status >= 400',
  'http.res.headers.grpc-status == "5"',
  'not (http.res.status == 200)',
  'protocol == "grpc"',
  'http.req.path == "/v1/items"',
  'src.pod.namespace == "prod"',
  'src.container.labels.team == "blue" or http.res.status == 404',
  'tags == "protocol:grpc"',
  'src.process.binary == "curl" and tags == "bin:curl"',
  'dst.domain == "named.example.com"',
]
const level = fc.constantFrom('none', 'summary', 'headers', 'full')
const sample = fc.constantFrom(0, 0.5, 1)
const config = fc.record({
  level,
  sample,
  rules: fc.array(fc.record({ expr: fc.constantFrom(...EXPRESSIONS), level, sample }), { maxLength: 4 }),
})

/** An exchange when its response begins, and what may have become of it at its end. */
const course = fc
  .record({
    id: fc.stringMatching(/^[a-v0-9]{20}$/),
    status: fc.constantFrom(200, 404, 101),
    protocol: fc.constantFrom('http1', 'http2'),
    callStatus: fc.constantFrom(undefined, 0, 5),
    container: fc.constantFrom('none', 'known', 'told later', 'never told'),
    process: fc.constantFrom('known', 'known later'),
    beside: fc.boolean(),
  })
  .map(({ id, status, protocol, callStatus, container, process, beside }) => {
    const isCall = callStatus !== undefined && protocol === 'http2'
    const later = container === 'known' || container === 'told later' ? SAMPLE_CONTAINER : PENDING_CONTAINER
    const end = changes(isCall ? callStatus : undefined, container === 'none' ? undefined : later)
    const atFirst = container === 'known' ? SAMPLE_CONTAINER : PENDING_CONTAINER
    const early = changes(undefined, container === 'none' ? undefined : atFirst)
    const named = { dnsName: 'named.example.com' }
    const unnamed = { process: undefined, dnsName: undefined }
    const called = beside && protocol === 'http2' ? { protocol: 'grpc' } : { protocol }
    return {
      begin: sampleExchange({
        ...early,
        connection: { protocol, ...(process === 'known' ? named : unnamed) },
      }),
      end: sampleExchange({ ...end, connection: { ...called, ...named } }),
    }

    function changes(known: number | undefined, of: typeof SAMPLE_CONTAINER | undefined): SampleChanges {
      const grpc = isCall ? sampleCall({ status: known, statusName: '', message: '' }) : undefined
      return { exchange: { id, protocol, grpc }, response: { status }, process: { container: of } }
    }
  })

test('whatever becomes known later, the bodies of what is stored with them were wanted', () => {
  const property = fc.property(config, course, (options, { begin, end }) => {
    const { plugin, artifacts } = openedPlugin(httpCapture, options)
    const { wantsBodies } = plugin
    const wanted = typeof wantsBodies === 'boolean' ? wantsBodies : wantsBodies(begin)
    plugin.exchange(end)
    const isFull = artifacts().some(({ data }) => new TextDecoder().decode(data).includes('"body":'))
    expect(wanted || !isFull).toBe(true)
  })
  fc.assert(property, { numRuns: runs(500) })
})
