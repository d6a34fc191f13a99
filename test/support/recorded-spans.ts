/** The spans of the connections of a recorded trace. */
import { readFileSync } from 'node:fs'
import { createIds, source } from '../../src/base/index.ts'
import {
  type CaptureEvent,
  readRecordingHeader,
  readRecordingLine,
  replayInto,
} from '../../src/capture/index.ts'
import { type Connection, followConnections, openTlsSessions } from '../../src/connections/index.ts'
import { decode } from '../../src/decoders/index.ts'
import { EXCHANGE_LIMITS, type Exchange, pairExchanges } from '../../src/exchanges/index.ts'
import type { Span } from '../../src/otlp/index.ts'
import { traceConnections } from '../../src/telemetry/traces/connection-spans.ts'

export interface RecordedSpans {
  readonly bootEpochMs: number
  readonly connections: readonly Connection[]
  readonly exchanges: readonly Exchange[]
  readonly spans: readonly Span[]
  readonly stats: Readonly<Record<string, number>>
}

/** With `withoutSecrets` TLS stays closed. */
export function recordedSpans(name: string, { withoutSecrets = false } = {}): RecordedSpans {
  const url = new URL(`../traces/${name}/trace.jsonl`, import.meta.url)
  const [first = '', ...lines] = readFileSync(url, 'utf8').trimEnd().split('\n')
  const { bootEpochMs, ids } = readRecordingHeader(first, name)
  const recorded = source<CaptureEvent>({})
  const events = source<CaptureEvent>({})
  recorded.listen((event) => {
    if (!(withoutSecrets && event.kind === 'secret')) events.emit(event)
  })
  const idOf = createIds(ids)
  const nextId = (at: number) => idOf(bootEpochMs + at / 1e6)
  const tls = openTlsSessions()
  const streams = followConnections(events, { nextId, tls, connectionsMax: 1_000 })
  const decoded = decode(streams)
  const pairing = pairExchanges(decoded, { ...EXCHANGE_LIMITS, bodyBytesMax: 0, nextId })
  const connections: Connection[] = []
  const exchanges: Exchange[] = []
  const spans: Span[] = []
  streams.listen(({ kind, connection }) => kind === 'opened' && connections.push(connection))
  pairing.listen((exchange) => exchanges.push(exchange))
  const traced = traceConnections(streams, decoded, { bootEpochMs })
  traced.listen((span) => spans.push(span))
  const feed = replayInto(recorded)
  for (const text of lines) {
    const line = readRecordingLine(text)
    if (line) feed(line)
  }
  streams.close()
  return { bootEpochMs, connections, exchanges, spans, stats: traced.stats }
}
