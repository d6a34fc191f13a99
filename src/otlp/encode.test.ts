import { SeverityNumber } from '@opentelemetry/api'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodedAttributes,
  decodedRecord,
  decodedSpan,
  openOtlpOracle,
} from '../../test/support/otlp-oracle.ts'
import { runs } from '../../test/support/run-counts.ts'
import { encodeLogRecord, encodeSpan } from './encode.ts'
import type { AnyValue, Attributes, LogRecord, Origin, Span } from './model.ts'
import { logsRequest, requestBytes, tracesRequest } from './requests.ts'

const oracle = openOtlpOracle()
const TIME = 1_761_332_094_510_499_628n

/** Halves of surrogate pairs, all planes, none at all, and texts of lengths about the borders of the form. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ud800', 'a\udc00b', '\ud83d\ude00', '\0'),
  fc
    .tuple(fc.constantFrom('a', 'ß', '€', '😀', '\ud800'), fc.constantFrom(39, 40, 41, 127, 128, 16_384))
    .map(([unit, length]) => unit.repeat(length)),
)
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, -1, 127, 128, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 1 - 2 ** 53),
)
const time = fc.bigInt(0n, 2n ** 64n - 1n)
const { value } = fc.letrec<{ value: AnyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text,
    fc.boolean(),
    integer.map((int) => ({ int })),
    fc.double().map((double) => ({ double })),
    fc.uint8Array().map((bytes) => ({ bytes })),
    fc.array(tie('value'), { maxLength: 5 }).map((list) => ({ list })),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 5 }).map((map) => ({ map })),
  ),
}))
const attributes: fc.Arbitrary<Attributes> = fc.array(fc.tuple(text, value), { maxLength: 8 })
const record: fc.Arbitrary<LogRecord> = fc.record({
  time,
  observedTime: time,
  severity: fc.nat(24),
  body: value,
  attributes,
})
const span: fc.Arbitrary<Span> = fc.record({
  traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  name: text,
  kind: fc.nat(5),
  start: time,
  end: time,
  attributes,
  events: fc.array(fc.record({ time, name: text, attributes }), { maxLength: 3 }),
  droppedEvents: fc.nat(),
  error: fc.option(text, { nil: undefined }),
})
const origin: fc.Arbitrary<Origin> = fc.record({ resource: attributes, scope: text, schemaUrl: text })

describe('by the official definitions', () => {
  test('log records are read as they were written', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(oracle.decode('logs.v1.LogRecord', encodeLogRecord(one))).toEqual(decodedRecord(one))
      }),
      { numRuns: runs(500) },
    )
  })

  test('spans are read as they were written', () => {
    fc.assert(
      fc.property(span, (one) => {
        expect(oracle.decode('trace.v1.Span', encodeSpan(one))).toEqual(decodedSpan(one))
      }),
      { numRuns: runs(300) },
    )
  })

  test('requests hold their records in order, and are as long as said or shorter', () => {
    fc.assert(
      fc.property(
        origin,
        fc.array(record, { maxLength: 4 }),
        fc.array(span, { maxLength: 4 }),
        (from, records, spans) => {
          const encoded = records.map(encodeLogRecord)
          const logs = logsRequest(from, encoded)
          expect(oracle.decode('collector.logs.v1.ExportLogsServiceRequest', logs)).toEqual({
            resourceLogs: [decodedGroup(from, 'scopeLogs', 'logRecords', records.map(decodedRecord))],
          })
          const traces = tracesRequest(from, spans.map(encodeSpan))
          expect(oracle.decode('collector.trace.v1.ExportTraceServiceRequest', traces)).toEqual({
            resourceSpans: [decodedGroup(from, 'scopeSpans', 'spans', spans.map(decodedSpan))],
          })
          const recordBytes = encoded.reduce((sum, { length }) => sum + length, 0)
          expect(logs.length).toBeLessThanOrEqual(requestBytes(from, records.length, recordBytes))
        },
      ),
      { numRuns: runs(100) },
    )
  })
})

test('what the official serializer writes of the same record says the same', () => {
  const kept = new InMemoryLogRecordExporter()
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'qtap' }),
    processors: [new SimpleLogRecordProcessor({ exporter: kept })],
  })
  provider.getLogger('qtap.eventstore').emit({
    timestamp: [1_761_332_094, 510_499_628],
    observedTimestamp: [1_761_332_095, 1],
    severityNumber: SeverityNumber.ERROR,
    body: 'GET → 500 😀',
    attributes: {
      'event.type': 'request',
      event: {
        status: 500,
        ratio: 0.25,
        negative: -7,
        tags: ['a', ''],
        deep: { ok: true, raw: new Uint8Array([0, 255]) },
      },
    },
  })
  const official = ProtobufLogsSerializer.serializeRequest(kept.getFinishedLogRecords()) ?? new Uint8Array()
  const event: AnyValue = {
    map: [
      ['status', { int: 500 }],
      ['ratio', { double: 0.25 }],
      ['negative', { int: -7 }],
      ['tags', { list: ['a', ''] }],
      [
        'deep',
        {
          map: [
            ['ok', true],
            ['raw', { bytes: new Uint8Array([0, 255]) }],
          ],
        },
      ],
    ],
  }
  const ours = logsRequest(
    { resource: [['service.name', 'qtap']], scope: 'qtap.eventstore', schemaUrl: '' },
    [
      encodeLogRecord({
        time: TIME,
        observedTime: 1_761_332_095_000_000_001n,
        severity: 17,
        body: 'GET → 500 😀',
        attributes: [
          ['event.type', 'request'],
          ['event', event],
        ],
      }),
    ],
  )
  expect(decodeLogs(ours)).toEqual(withoutDefaults(decodeLogs(official)))
})

describe('odd input', () => {
  test('numbers that are no exact integers are doubles', () => {
    for (const int of [Number.NaN, Infinity, 0.5, 2 ** 53]) {
      const bytes = encodeLogRecord(recordOf({ int }))
      expect(oracle.decode('logs.v1.LogRecord', bytes)).toMatchObject({ body: { doubleValue: int } })
    }
  })

  test('times beyond 64 bits are unknown', () => {
    for (const odd of [-1n, 2n ** 64n]) {
      const bytes = encodeLogRecord({ ...recordOf(''), time: odd })
      expect(oracle.decode('logs.v1.LogRecord', bytes)).toMatchObject({ timeUnixNano: '0' })
    }
  })

  test('values nested without end are cut off where others could not read them', () => {
    let deep: AnyValue = 'bottom'
    for (let level = 0; level < 100_000; level += 1)
      deep = level % 2 ? { list: [deep] } : { map: [['k', deep]] }
    const bytes = logsRequest({ resource: [], scope: '', schemaUrl: '' }, [encodeLogRecord(recordOf(deep))])
    const read = JSON.stringify(decodeLogs(bytes))
    expect(read).not.toContain('bottom')
    expect(read.match(/Value/g)).toHaveLength(24)
  })

  test('a large record leaves no large memory behind, and the next is right', () => {
    const large = 'é'.repeat(3 << 20)
    const bytes = encodeLogRecord(recordOf(large))
    expect(oracle.decode('logs.v1.LogRecord', bytes)).toEqual(decodedRecord(recordOf(large)))
    const small = encodeLogRecord(recordOf('next'))
    expect(oracle.decode('logs.v1.LogRecord', small)).toEqual(decodedRecord(recordOf('next')))
    expect(small.buffer.byteLength).toBeLessThan(128 << 10)
  })
})

function recordOf(body: AnyValue): LogRecord {
  return { time: TIME, observedTime: TIME, severity: 9, body, attributes: [] }
}

function decodeLogs(bytes: Uint8Array): unknown {
  return oracle.decode('collector.logs.v1.ExportLogsServiceRequest', bytes)
}

/** The official one also writes zeros, which say no more than their absence. */
function withoutDefaults(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === 'droppedAttributesCount' || key === 'flags' ? undefined : one,
    ),
  )
}

function decodedGroup(from: Origin, scoped: string, name: string, records: readonly object[]): object {
  const schemaUrl = from.schemaUrl === '' ? {} : { schemaUrl: from.schemaUrl.toWellFormed() }
  const held = records.length === 0 ? {} : { [name]: records }
  return {
    resource: decodedAttributes(from.resource),
    [scoped]: [{ scope: { name: from.scope.toWellFormed() }, ...held }],
    ...schemaUrl,
  }
}
