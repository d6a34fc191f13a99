import type { Stats } from '../../base/index.ts'
import { encodeSpan, type Origin, type Span } from '../../otlp/index.ts'
import type { ReliableDelivery, SentBatch } from '../../stores/index.ts'
import type { TraceExporter, TraceSettings } from './settings.ts'
import { randomTraceIds } from './trace-ids.ts'

/** Where spans go. */
export interface Traces {
  connection(span: Span): void
  /** A batch of events was sent to its store, or was not taken. */
  batch(sent: SentBatch): void
  readonly stats: () => Readonly<Record<string, Stats>>
  close(withinMs: number): Promise<void>
}

export interface TracesOptions {
  readonly settings: TraceSettings
  /** Opens the way of one origin's spans to one exporter; `name` is for logs and counters. */
  readonly open: (
    exporter: TraceExporter,
    origin: Origin,
    name: string,
  ) => Promise<ReliableDelivery> | ReliableDelivery
}

/** By these people filter; they are those that the product's pages name. */
const CONNECTION_SCOPE = 'github.com/qpoint-io/qtap/pkg/connection'
const EVENT_STORE_SCOPE = 'qtap.eventstore'
const SPAN_KIND_CLIENT = 3
const CLOSE_MS_MAX = 5_000

/** Opens the ways to all exporters or, when one cannot be opened, none, and throws what that one threw. */
export async function openTraces({ settings, open }: TracesOptions): Promise<Traces> {
  const opened: { readonly name: string; readonly delivery: ReliableDelivery }[] = []
  let connections: readonly ReliableDelivery[]
  let batches: readonly ReliableDelivery[]
  try {
    connections = await openAll(CONNECTION_SCOPE, 'connections')
    batches = await openAll(EVENT_STORE_SCOPE, 'event stores')
  } catch (error) {
    await close(0)
    throw error
  }
  return { connection, batch, stats, close }

  async function openAll(scope: string, what: string): Promise<readonly ReliableDelivery[]> {
    const deliveries: ReliableDelivery[] = []
    for (const exporter of settings.exporters) {
      const name = `traces of ${what} to ${exporter}`
      const delivery = await open(exporter, { resource: settings.resource, scope, schemaUrl: '' }, name)
      opened.push({ name, delivery })
      deliveries.push(delivery)
    }
    return deliveries
  }

  function connection(span: Span): void {
    give(connections, span)
  }

  function batch(sent: SentBatch): void {
    give(batches, batchSpan(sent))
  }

  function stats(): Readonly<Record<string, Stats>> {
    return Object.fromEntries(opened.map(({ name, delivery }) => [name, delivery.stats]))
  }

  async function close(withinMs: number): Promise<void> {
    const ms = Math.min(withinMs, CLOSE_MS_MAX)
    await Promise.allSettled(opened.map(({ delivery }) => delivery.close(ms)))
  }
}

function give(deliveries: readonly ReliableDelivery[], span: Span): void {
  const bytes = encodeSpan(span)
  for (const delivery of deliveries) delivery.add(bytes)
}

function batchSpan({ store, count, startedAtMs, tookMs, outcome }: SentBatch): Span {
  const start = BigInt(Math.round(startedAtMs * 1e3)) * 1_000n
  return {
    ...randomTraceIds(),
    name: 'Save',
    kind: SPAN_KIND_CLIENT,
    start,
    end: start + BigInt(Math.max(0, Math.round(tookMs * 1e6))),
    attributes: [
      ['eventstore.name', store],
      ['eventstore.events', { int: count }],
      ['eventstore.outcome', outcome.kind],
    ],
    events: [],
    droppedEvents: 0,
    error: outcome.kind === 'delivered' ? undefined : outcome.why,
  }
}
