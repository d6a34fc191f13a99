import fc from 'fast-check'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { openOtlpOracle } from '../../test/support/otlp-oracle.ts'
import { runs } from '../../test/support/run-counts.ts'
import { readExportResponse, readStatus } from './responses.ts'

const oracle = openOtlpOracle()
const rpc = protobuf.parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`).root

const RESPONSES = [
  ['collector.logs.v1.ExportLogsServiceResponse', 'rejectedLogRecords'],
  ['collector.trace.v1.ExportTraceServiceResponse', 'rejectedSpans'],
] as const

test.for(RESPONSES)('%s: how many are rejected, and why', ([type, name]) => {
  const bytes = oracle.encode(type, { partialSuccess: { [name]: 3, errorMessage: 'too old' } })
  expect(readExportResponse(bytes)).toEqual({ rejected: 3, message: 'too old' })
  const warning = oracle.encode(type, { partialSuccess: { errorMessage: 'slow down' } })
  expect(readExportResponse(warning)).toEqual({ rejected: 0, message: 'slow down' })
  expect(readExportResponse(oracle.encode(type, {}))).toEqual({ rejected: 0, message: '' })
  const nonsense = oracle.encode(type, { partialSuccess: { [name]: -3 } })
  expect(readExportResponse(nonsense)).toEqual({ rejected: 0, message: '' })
})

test('a status says when to try again', () => {
  expect(readStatus(status({ seconds: 2, nanos: 500_000_000 }))).toEqual({
    code: 8,
    message: 'slow down',
    retryMs: 2_500,
  })
  expect(readStatus(status({ nanos: 1 })).retryMs).toBe(1)
  expect(readStatus(status({ seconds: -1 })).retryMs).toBe(0)
  expect(readStatus(status({})).retryMs).toBe(0)
})

test('a status that does not say so is no promise', () => {
  expect(readStatus(encode('Status', { code: 8, message: 'full' }))).toEqual({
    code: 8,
    message: 'full',
    retryMs: undefined,
  })
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: Buffer.from([8, 1]) }]
  expect(readStatus(encode('Status', { code: 8, details })).retryMs).toBeUndefined()
})

test('whatever the bytes, nothing throws and no number is unbelievable', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(readExportResponse(bytes).rejected).toBeGreaterThanOrEqual(0)
      const { code, retryMs = 0 } = readStatus(bytes)
      expect(code).toBeGreaterThanOrEqual(0)
      expect(retryMs).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: runs(1_000) },
  )
})

function status(retryDelay: object): Uint8Array {
  const value = encode('RetryInfo', { retryDelay })
  return encode('Status', {
    code: 8,
    message: 'slow down',
    details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }],
  })
}

function encode(type: string, message: object): Uint8Array {
  const found = rpc.lookupType(type)
  return found.encode(found.fromObject(message)).finish()
}
