import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runs } from '../../test/support/run-counts.ts'
import { encodeLogRecord, encodeSpan } from './encode.ts'
import { jsonRequest } from './json.ts'
import type { Origin } from './model.ts'
import { logsRequest, tracesRequest } from './requests.ts'

const ORIGIN: Origin = {
  resource: [['service.name', 'qtap']],
  scope: 'qtap.eventstore',
  schemaUrl: 'https://opentelemetry.io/schemas/1.24.0',
}
const START = 1_761_332_094_510_499_628n
const RECORD = encodeLogRecord({
  time: START,
  observedTime: START + 1n,
  severity: 9,
  body: 'two\nlines',
  attributes: [
    ['status', { int: -500 }],
    ['large', { int: Number.MAX_SAFE_INTEGER }],
    ['ratio', { double: 0.5 }],
    ['none', { double: Number.NaN }],
    ['raw', { bytes: new Uint8Array([0, 255]) }],
    ['tags', { list: ['a', true] }],
    ['event', { map: [['empty', '']] }],
    ['nothing', { list: [] }],
  ],
})
const SPAN = encodeSpan({
  traceId: new Uint8Array(16).fill(0xab),
  spanId: new Uint8Array(8).fill(0x01),
  name: 'Connection',
  kind: 1,
  start: START,
  end: START + 5n,
  attributes: [['connection.id', 'c1']],
  events: [{ time: START + 2n, name: 'OpenEvent', attributes: [] }],
  droppedEvents: 3,
  error: 'reset',
})

test('log records in the form of OTLP/JSON', () => {
  const text = jsonRequest('logs', logsRequest(ORIGIN, [RECORD]), false)
  expect(text).not.toContain('\n')
  expect(JSON.parse(text)).toEqual({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'qtap' } }] },
        scopeLogs: [
          {
            scope: { name: 'qtap.eventstore' },
            logRecords: [
              {
                timeUnixNano: '1761332094510499628',
                severityNumber: 9,
                body: { stringValue: 'two\nlines' },
                attributes: [
                  { key: 'status', value: { intValue: '-500' } },
                  { key: 'large', value: { intValue: '9007199254740991' } },
                  { key: 'ratio', value: { doubleValue: 0.5 } },
                  { key: 'none', value: { doubleValue: 'NaN' } },
                  { key: 'raw', value: { bytesValue: 'AP8=' } },
                  {
                    key: 'tags',
                    value: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } },
                  },
                  {
                    key: 'event',
                    value: { kvlistValue: { values: [{ key: 'empty', value: { stringValue: '' } }] } },
                  },
                  { key: 'nothing', value: { arrayValue: {} } },
                ],
                observedTimeUnixNano: '1761332094510499629',
              },
            ],
          },
        ],
        schemaUrl: 'https://opentelemetry.io/schemas/1.24.0',
      },
    ],
  })
})

test('spans in the form of OTLP/JSON, for a person', () => {
  const text = jsonRequest('traces', tracesRequest(ORIGIN, [SPAN]), true)
  expect(text).toContain('\n  "resourceSpans": [\n')
  expect(JSON.parse(text)).toMatchObject({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: 'ab'.repeat(16),
                spanId: '01'.repeat(8),
                name: 'Connection',
                kind: 1,
                startTimeUnixNano: '1761332094510499628',
                endTimeUnixNano: '1761332094510499633',
                attributes: [{ key: 'connection.id', value: { stringValue: 'c1' } }],
                events: [{ timeUnixNano: '1761332094510499630', name: 'OpenEvent' }],
                droppedEventsCount: 3,
                status: { code: 2, message: 'reset' },
              },
            ],
          },
        ],
      },
    ],
  })
})

describe('damaged bytes', () => {
  test('whatever the bytes, there is JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => JSON.parse(jsonRequest('logs', bytes, false))).not.toThrow()
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('what stands before the end of a cut request is still said', () => {
    const request = logsRequest(ORIGIN, [RECORD])
    for (let length = 0; length <= request.length; length += 1) {
      expect(() => JSON.parse(jsonRequest('logs', request.subarray(0, length), false))).not.toThrow()
    }
  })

  test('messages in messages without end are no danger', () => {
    let bytes = Buffer.alloc(0)
    for (let level = 0; level < 2_000; level += 1) {
      bytes = Buffer.concat([Buffer.from([0x0a, ...varint(bytes.length)]), bytes])
    }
    expect(jsonRequest('logs', bytes, false)).toContain('resourceLogs')
  })
})

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)]
}
