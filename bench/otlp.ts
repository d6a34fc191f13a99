/**
 * Processor time that a delivered event costs: ours beside the official OpenTelemetry exporter, on the same
 * records, in batches of the same size, to a receiver in another process that takes whatever comes. The
 * rounds alternate and the best of each counts, because the machine does other things too.
 *
 *   npm run bench:otlp [-- --short]
 *
 * Ends with 1 when the official one costs less than twice as much.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { LogRecord as OfficialRecord } from '@opentelemetry/api'
import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as HttpExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import {
  type AnyValue,
  encodeLogRecord,
  type LogRecord,
  logsRequest,
  type Origin,
} from '../src/otlp/index.ts'
import { openOtlpSender } from '../src/stores/otlp/sender.ts'
import { startGrpcReceiver } from '../test/support/otlp-grpc-receiver.ts'
import { surroundings } from '../test/support/otlp-sending.ts'
import { otlpTo } from '../test/support/otlp-settings.ts'

const RATIO_MIN = 2
const BATCH = 512
const ROUND_BATCHES = { short: 6, long: 10 } as const
const ROUNDS = { short: 12, long: 50 } as const
const NO_RECEIPT = new Uint8Array()
const SCOPE = 'qtap.eventstore'
const ORIGIN: Origin = { resource: [['service.name', 'qtap']], scope: SCOPE, schemaUrl: '' }

type Protocol = 'grpc' | 'http'
type Plain = string | number | boolean | readonly string[] | { readonly [key: string]: Plain }

/** One way to deliver batches. */
interface Contestant {
  readonly deliver: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Receiver {
  readonly ports: Readonly<Record<Protocol, number>>
  /** Requests so far. */
  readonly count: () => Promise<number>
  readonly close: () => void
}

async function main(): Promise<number> {
  if (process.send !== undefined) {
    await receive()
    return 0
  }
  const mode = process.argv.includes('--short') ? 'short' : 'long'
  const receiver = await startReceiver()
  try {
    const results = [await contest('grpc', receiver, mode), await contest('http', receiver, mode)]
    return results.every(Boolean) ? 0 : 1
  } finally {
    receiver.close()
  }
}

async function contest(protocol: Protocol, receiver: Receiver, mode: 'short' | 'long'): Promise<boolean> {
  const events = Array.from({ length: BATCH }, (_, number) => eventOf(number))
  const ours = ourWay(protocol, receiver.ports[protocol], events)
  const official = officialWay(protocol, receiver.ports[protocol], events)
  const best = { ours: Number.POSITIVE_INFINITY, official: Number.POSITIVE_INFINITY }
  const before = await receiver.count()
  for (let round = 0; round < ROUNDS[mode]; round += 1) {
    best.ours = Math.min(best.ours, await recordMicros(ours, ROUND_BATCHES[mode]))
    best.official = Math.min(best.official, await recordMicros(official, ROUND_BATCHES[mode]))
  }
  const arrived = (await receiver.count()) - before
  const sent = 2 * ROUNDS[mode] * ROUND_BATCHES[mode]
  await ours.close()
  await official.close()
  if (arrived !== sent) throw new Error(`${arrived} of ${sent} batches arrived`)
  const ratio = best.official / best.ours
  const isEnough = ratio >= RATIO_MIN
  console.log(
    `${protocol}: ${best.ours.toFixed(1)} µs of processor time a record; ` +
      `the official exporter: ${best.official.toFixed(1)} µs; ` +
      `ratio ${ratio.toFixed(2)}${isEnough ? '' : `, below ${RATIO_MIN}`}`,
  )
  return isEnough
}

/** All threads of this process count. */
async function recordMicros({ deliver }: Contestant, batches: number): Promise<number> {
  const started = process.cpuUsage()
  for (let batch = 0; batch < batches; batch += 1) await deliver()
  const { user, system } = process.cpuUsage(started)
  return (user + system) / (batches * BATCH)
}

function ourWay(
  protocol: Protocol,
  port: number,
  events: readonly Readonly<Record<string, Plain>>[],
): Contestant {
  const records = events.map(ourRecord)
  const frame = (parcels: readonly Uint8Array[]) => logsRequest(ORIGIN, parcels)
  const sender = openOtlpSender(otlpTo(protocol, `127.0.0.1:${port}`), 'logs', frame, surroundings())
  return { deliver, close: () => sender.close() }

  async function deliver(): Promise<void> {
    const parcels = records.map((record) => ({ bytes: encodeLogRecord(record), receipt: NO_RECEIPT }))
    const { kind } = await sender.send(parcels)
    if (kind !== 'delivered') throw new Error(`a batch of ours is ${kind}`)
  }
}

function officialWay(
  protocol: Protocol,
  port: number,
  events: readonly Readonly<Record<string, Plain>>[],
): Contestant {
  const records = events.map(officialRecord)
  const exporter =
    protocol === 'grpc'
      ? new GrpcExporter({ url: `http://127.0.0.1:${port}` })
      : new HttpExporter({ url: `http://127.0.0.1:${port}/v1/logs` })
  const processor = new BatchLogRecordProcessor({ exporter, maxExportBatchSize: BATCH })
  const resource = resourceFromAttributes({ 'service.name': 'qtap' })
  const provider = new LoggerProvider({ resource, processors: [processor] })
  const logger = provider.getLogger(SCOPE)
  return { deliver, close: () => provider.shutdown() }

  async function deliver(): Promise<void> {
    for (const record of records) logger.emit(record)
    await processor.forceFlush()
  }
}

/** What an event store sends of one exchange. */
function eventOf(number: number): Readonly<Record<string, Plain>> {
  const flat = {
    request_method: 'GET',
    request_host: 'api.example.test',
    request_scheme: 'https',
    request_path: `/v1/items/${number}`,
    response_status: 200 + (number % 5),
    duration_ms: 12.5 + number,
    process_exe: '/usr/bin/curl',
    direction: 'egress-external',
    digest: '35a7c1b9e0d2f4a6b8c0d2e4f6a8b0c2d4e6f8a0',
    url: `http://127.0.0.1:9000/captures/${number}`,
    type: 'http_transaction',
  }
  const summary = Object.fromEntries(Object.entries(flat).map(([key, value]) => [`summary.${key}`, value]))
  const event = {
    ...summary,
    timestamp: '2025-10-24T18:54:54.510Z',
    connectionId: `d3tsmvg7p3qggmf8pd${number}`,
    endpointId: 'api.example.test',
    isNew: number % 2 === 0,
    tags: ['ip:10.0.0.1', 'bin:curl', 'env:production'],
  }
  return { 'event.type': 'artifact_record', 'connection.id': event.connectionId, ...flat, event }
}

function ourRecord(event: Readonly<Record<string, Plain>>, number: number): LogRecord {
  const time = 1_761_332_094_510_499_628n + BigInt(number)
  const attributes = Object.entries(event).map(([key, value]) => [key, ourValue(value)] as const)
  return { time, observedTime: time, severity: 9, body: JSON.stringify(event), attributes }
}

function ourValue(value: Plain): AnyValue {
  if (typeof value === 'number') return Number.isInteger(value) ? { int: value } : { double: value }
  if (typeof value !== 'object') return value
  if (isList(value)) return { list: value }
  return { map: Object.entries(value).map(([key, one]) => [key, ourValue(one)] as const) }
}

function isList(value: Plain): value is readonly string[] {
  return Array.isArray(value)
}

function officialRecord(event: Readonly<Record<string, Plain>>, number: number): OfficialRecord {
  return {
    timestamp: [1_761_332_094, 510_499_628 + number],
    observedTimestamp: [1_761_332_094, 510_499_628 + number],
    severityNumber: 9,
    body: JSON.stringify(event),
    attributes: event as NonNullable<OfficialRecord['attributes']>,
  }
}

async function startReceiver(): Promise<Receiver> {
  const child = fork(fileURLToPath(import.meta.url))
  const ports = (await nextMessage(child)) as Receiver['ports']
  return {
    ports,
    count: async () => {
      child.send('count')
      return Number(await nextMessage(child))
    },
    close: () => child.kill(),
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve))
}

/** The other process: takes whatever comes, and counts. */
async function receive(): Promise<void> {
  let requests = 0
  const { port: grpc } = await startGrpcReceiver(() => {
    requests += 1
    return new Uint8Array()
  })
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      requests += 1
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.on('message', () => process.send?.(requests))
  process.once('disconnect', () => process.exit())
  process.send?.({ grpc, http: (server.address() as AddressInfo).port })
}

process.exitCode = await main()
