import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { surroundings } from '../../../test/support/otlp-sending.ts'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import {
  type AnyValue,
  encodeLogRecord,
  encodeSpan,
  logsRequest,
  type Origin,
  tracesRequest,
} from '../../otlp/index.ts'
import { openOtlpSender } from './sender.ts'

/** A receiver that others wrote: what it hands over is what it decoded. */
interface MockOtlpServer {
  readonly httpUrl: URL
  readonly grpcUrl: URL
  start(): Promise<void>
  close(): Promise<void>
}

const { MockOtlpServer }: { MockOtlpServer: new (options: object) => MockOtlpServer } = createRequire(
  import.meta.url,
)('@elastic/mockotlpserver')

const received: unknown[] = []
const server = new MockOtlpServer({
  logLevel: 'fatal',
  services: ['http', 'grpc'],
  httpHostname: '127.0.0.1',
  httpPort: 0,
  grpcHostname: '127.0.0.1',
  grpcPort: 0,
  onLogs: (request: unknown) => received.push(request),
  onTrace: (request: unknown) => received.push(request),
})
beforeAll(() => server.start())
afterAll(() => server.close())

const ORIGIN: Origin = {
  resource: [['service.name', 'qtap']],
  scope: 'qtap.eventstore',
  schemaUrl: 'https://opentelemetry.io/schemas/1.24.0',
}
const EVENT: AnyValue = {
  map: [
    ['summary.response_status', { int: 500 }],
    ['offset', { int: -3 }],
    ['ratio', { double: 0.25 }],
    ['ok', false],
    ['tags', { list: ['a', 'ü😀'] }],
  ],
}
/** Over HTTP that receiver knows no gzip, and says enums by their names. */
const WAYS = [
  ['grpc', false],
  ['grpc', true],
  ['http', false],
] as const
const ERROR = { grpc: 17, http: 'SEVERITY_NUMBER_ERROR' } as const
const INTERNAL = { grpc: 1, http: 'SPAN_KIND_INTERNAL' } as const

test.for(WAYS)('%s (gzip: %s): logs arrive at another receiver as they are', async ([protocol, gzip]) => {
  const record = {
    time: 1_761_332_094_510_499_628n,
    observedTime: 1n,
    severity: 17,
    body: 'stored',
    attributes: [['event', EVENT]] as const,
  }
  const seen = await sendAndReceive(protocol, gzip, 'logs', encodeLogRecord(record))
  expect(seen).toMatchObject({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'qtap' } }] },
        scopeLogs: [
          {
            scope: { name: 'qtap.eventstore' },
            logRecords: [
              {
                timeUnixNano: '1761332094510499628',
                severityNumber: ERROR[protocol],
                body: { stringValue: 'stored' },
                attributes: [{ key: 'event', value: { kvlistValue: { values: expect.anything() } } }],
              },
            ],
          },
        ],
      },
    ],
  })
  expect(JSON.stringify(seen)).toContain(
    JSON.stringify([
      { key: 'summary.response_status', value: { intValue: '500' } },
      { key: 'offset', value: { intValue: '-3' } },
      { key: 'ratio', value: { doubleValue: 0.25 } },
      { key: 'ok', value: { boolValue: false } },
      { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'ü😀' }] } } },
    ]).slice(1, -1),
  )
})

test.for(WAYS)('%s (gzip: %s): spans arrive at another receiver as they are', async ([protocol, gzip]) => {
  const span = encodeSpan({
    traceId: new Uint8Array(16).fill(0xab),
    spanId: new Uint8Array(8).fill(0x0c),
    name: 'Connection',
    kind: 1,
    start: 1_761_332_094_510_499_628n,
    end: 1_761_332_097_536_499_628n,
    attributes: [['connection.id', 'c1']],
    events: [{ time: 1_761_332_094_510_499_629n, name: 'OpenEvent', attributes: [] }],
    droppedEvents: 0,
    error: undefined,
  })
  expect(await sendAndReceive(protocol, gzip, 'traces', span)).toMatchObject({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                name: 'Connection',
                kind: INTERNAL[protocol],
                startTimeUnixNano: '1761332094510499628',
                endTimeUnixNano: '1761332097536499628',
                attributes: [{ key: 'connection.id', value: { stringValue: 'c1' } }],
                events: [{ name: 'OpenEvent', timeUnixNano: '1761332094510499629' }],
              },
            ],
          },
        ],
      },
    ],
  })
})

async function sendAndReceive(
  protocol: 'grpc' | 'http',
  gzip: boolean,
  signal: 'logs' | 'traces',
  bytes: Uint8Array,
): Promise<unknown> {
  const { host } = protocol === 'grpc' ? server.grpcUrl : server.httpUrl
  const request = signal === 'logs' ? logsRequest : tracesRequest
  const frame = (parcels: readonly Uint8Array[]) => request(ORIGIN, parcels)
  const sender = openOtlpSender(otlpTo(protocol, host, { gzip }), signal, frame, surroundings())
  try {
    received.length = 0
    expect(await sender.send([{ bytes, receipt: new Uint8Array() }])).toEqual({ kind: 'delivered' })
    await expect.poll(() => received).toHaveLength(1)
    return inJson(received[0])
  } finally {
    await sender.close()
  }
}

/** Its integers of 64 bits are objects of halves. */
function inJson(message: unknown): unknown {
  return JSON.parse(
    JSON.stringify(message, (_key, value: unknown) => {
      const { low, high } = (value ?? {}) as { readonly low?: number; readonly high?: number }
      if (low === undefined || high === undefined) return value
      return String((BigInt(high) << 32n) + BigInt(low >>> 0))
    }),
  )
}
