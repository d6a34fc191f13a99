import { expect, test } from 'vitest'
import { openOtlpOracle } from '../../../test/support/otlp-oracle.ts'
import { recordedSpans } from '../../../test/support/recorded-spans.ts'
import { encodeSpan, type Origin } from '../../otlp/index.ts'
import type { ReliableDelivery } from '../../stores/index.ts'
import { openTraces } from './traces.ts'

const RESOURCE = [['service.name', 'tap']] as const
const CONNECTIONS = 'github.com/qpoint-io/qtap/pkg/connection'
const EVENT_STORES = 'qtap.eventstore'

interface Given {
  readonly exporter: string
  readonly origin: Origin
  readonly name: string
  readonly spans: Uint8Array[]
  closed: number
}

/** Keeps what it is given, by the way that it took. */
function faked(failsAt = Number.POSITIVE_INFINITY) {
  const ways: Given[] = []
  return { ways, open }

  function open(exporter: string, origin: Origin, name: string): ReliableDelivery {
    if (ways.length === failsAt) throw new Error('no such place')
    const way: Given = { exporter, origin, name, spans: [], closed: 0 }
    ways.push(way)
    return {
      stats: { taken: 7 },
      add: (bytes) => way.spans.push(bytes),
      async close() {
        way.closed += 1
      },
    }
  }
}

test('each exporter gets the spans of connections and those of batches, by their scopes', async () => {
  const { ways, open } = faked()
  const settings = { exporters: ['otlp', 'console'], resource: RESOURCE, warnings: [] } as const
  const traces = await openTraces({ settings, open })
  expect(ways.map(({ exporter, origin }) => [exporter, origin])).toEqual(
    [CONNECTIONS, EVENT_STORES].flatMap((scope) =>
      ['otlp', 'console'].map((exporter) => [exporter, { resource: RESOURCE, scope, schemaUrl: '' }]),
    ),
  )
  const [span] = recordedSpans('http2-tls').spans
  if (span === undefined) throw new Error('the trace has no connection')
  traces.connection(span)
  const batch = { store: 'events/otel', count: 3, startedAtMs: 1_700_000_000_000, tookMs: 1.25 }
  traces.batch({ ...batch, outcome: { kind: 'delivered' } })
  traces.batch({ ...batch, outcome: { kind: 'partly', refused: 1, why: 'too old' } })
  const oracle = openOtlpOracle()
  for (const { origin, spans } of ways) {
    if (origin.scope === CONNECTIONS) expect(spans).toEqual([encodeSpan(span)])
    else
      expect(spans.map((bytes) => oracle.decode('trace.v1.Span', bytes))).toMatchObject([
        {
          name: 'Save',
          kind: 3,
          startTimeUnixNano: '1700000000000000000',
          endTimeUnixNano: '1700000000001250000',
          attributes: [
            { key: 'eventstore.name', value: { stringValue: 'events/otel' } },
            { key: 'eventstore.events', value: { intValue: '3' } },
            { key: 'eventstore.outcome', value: { stringValue: 'delivered' } },
          ],
        },
        { name: 'Save', status: { code: 2, message: 'too old' } },
      ])
  }
  expect(Object.keys(traces.stats())).toEqual(ways.map(({ name }) => name))
  expect(new Set(Object.keys(traces.stats())).size).toBe(4)
  await traces.close(5_000)
  expect(ways.map(({ closed }) => closed)).toEqual([1, 1, 1, 1])
})

test('when one way cannot be opened, the others are closed again', async () => {
  const { ways, open } = faked(3)
  const settings = { exporters: ['otlp', 'console'], resource: RESOURCE, warnings: [] } as const
  await expect(openTraces({ settings, open })).rejects.toThrow('no such place')
  expect(ways.map(({ closed }) => closed)).toEqual([1, 1, 1])
})
