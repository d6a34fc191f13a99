import { setTimeout as passed } from 'node:timers/promises'
import {
  type Clock,
  createIds,
  type IdSeed,
  type LineWriter,
  type Log,
  type Meter,
  type Source,
  source,
} from './base/index.ts'
import type { CaptureEvent } from './capture/index.ts'
import type { Config } from './config.ts'
import {
  CONNECTIONS_MAX,
  followConnections,
  HOLD_LIMITS,
  holdBack,
  openTlsSessions,
  reportConnections,
  reportUnreadable,
  TLS_LIMITS,
} from './connections/index.ts'
import { decode, reportUndecoded } from './decoders/index.ts'
import { EXCHANGE_LIMITS, pairExchanges } from './exchanges/index.ts'
import { connectionDocument, type Output, type System } from './outputs/index.ts'
import { type Processing, runPlugins, type Terminal } from './plugins/index.ts'
import { fillStores, openStores } from './stores/index.ts'
import { type Traces, traceConnections } from './telemetry/index.ts'

const LAST_BATCHES_MS = 500

export interface PipelineOptions {
  readonly config: Config
  /** Tags of everything this agent sees, `key:value`. */
  readonly deploymentTags: readonly string[]
  /** Most bytes of one body that are kept. */
  readonly bodyBytesMax: number
  /** Version of the agent. */
  readonly version: string
  readonly standardOutput: LineWriter
  /** True when a person reads it. */
  readonly stdoutIsTerminal?: boolean
  readonly terminal: Terminal
  readonly log: Log
}

/** What differs between a run and a replay. */
export interface PipelineSurroundings {
  readonly clock: Clock
  /** Where what stores cannot deliver yet is kept; undefined to keep nothing. */
  readonly dataDir: string | undefined
  readonly ids: IdSeed
  /** For what users measure. */
  readonly meter: Meter
  /** Where the spans of connections and deliveries go; undefined where nothing is traced. */
  readonly traces?: Traces | undefined
  /** What connection events say of the host and of this agent. */
  readonly system: System
}

/**
 * The program on one screen: events of the kernel or of a recording → streams → messages → exchanges →
 * outputs → stores.
 */
export async function openPipeline(
  captured: Source<CaptureEvent>,
  options: PipelineOptions & PipelineSurroundings,
) {
  const { clock, log, bodyBytesMax, standardOutput, system } = options
  const nextIdOf = createIds(options.ids)
  const nextId = (at: number) => nextIdOf(clock.bootEpochMs + at / 1e6)
  const storing = { ...options, onBatch: options.traces?.batch }
  const stores = await openStores(options.config.services, storing)

  const tls = openTlsSessions(TLS_LIMITS)
  const streams = followConnections(captured, { nextId, tls, connectionsMax: CONNECTIONS_MAX })
  const unreadable = reportUnreadable(streams, log)
  const decoded = decode(streams)
  reportUndecoded(decoded, log)
  const limits = { ...EXCHANGE_LIMITS, bodyBytesMax }
  const exchanges = pairExchanges(decoded, { ...limits, nextId, time: streams.time })
  const named = holdBack(exchanges, ({ connection }) => connection.process, streams.time, HOLD_LIMITS)
  const processing = processingOf(options.config)
  const outputs = runPlugins({ ...named, progress: exchanges.progress }, processing, {
    ...options,
    warn: (message) => log.warn(message),
  })
  const { traces } = options
  const spans = traces && traceConnections(streams, decoded, clock)
  spans?.listen((span) => traces?.connection(span))
  const { auditIncludeDns } = options.config.tap
  const reports = reportConnections(streams, { nextId, auditIncludeDns })
  const namedReports = holdBack(reports, ({ connection }) => connection.process, streams.time, HOLD_LIMITS)
  let tags = processing.tags
  const all = source<Output>({})
  outputs.listen(all.emit)
  namedReports.listen((report) => {
    if (!filling.wantsEvents()) return
    const { bootEpochMs } = clock
    all.emit({ kind: 'connection', document: connectionDocument(report, { bootEpochMs, tags, system }) })
  })
  const filling = fillStores(all, stores, options)
  askForBodies()
  const isWatched = () => traces !== undefined || outputs.leadsAnywhere()
  return { streams, decoded, isWatched, stats, reconfigure, close }

  /** Bodies that nobody wants are not kept, and where TLS seals them, not opened. */
  function askForBodies(): void {
    const wanted = outputs.wantsBodies()
    exchanges.wantBodies(wanted)
    streams.passOver((connection, from) =>
      wanted === false || (wanted !== true && exchanges.keepsNothing(connection))
        ? decoded.contentAhead(connection, from)
        : 0,
    )
  }

  /**
   * What ends from now on goes the way that `config` says; all or nothing. Throws an `OperatorError` when a
   * store cannot be opened; then everything goes on as before. Once fulfilled it is done; `drained` says when
   * the former stores are closed.
   */
  async function reconfigure(config: Config): Promise<{ readonly drained: Promise<void> }> {
    const next = await openStores(config.services, storing, undefined, filling.stores())
    const nextProcessing = processingOf(config)
    outputs.reconfigure(nextProcessing)
    reports.reconfigure(config.tap)
    tags = nextProcessing.tags
    askForBodies()
    return { drained: filling.replace(next) }
  }

  function processingOf(config: Config): Processing {
    const { tap, stacks, macros } = config
    return { tap, stacks, macros, tags: { deployment: options.deploymentTags, rules: config.tags } }
  }

  function stats() {
    return {
      connections: streams.stats,
      tls: { ...tls.stats, unreadable: unreadable.stats },
      messages: decoded.stats,
      exchanges: exchanges.stats,
      held: { ...named.stats },
      reports: { ...reports.stats },
      outputs: outputs.stats,
      plugins: outputs.pluginStats(),
      stores: filling.stats,
      store: { ...filling.storeStats(), ...traces?.stats() },
      traces: { ...spans?.stats },
    }
  }

  /** Gives stores and the reader of standard output so long to take what is still to be written. */
  async function close(flushMs: number): Promise<void> {
    streams.close()
    reports.close()
    named.flush()
    namedReports.flush()
    const filled = filling.close(flushMs)
    // The last batches are traced too, unless a store takes its time.
    if (traces !== undefined) await Promise.race([filled, passed(LAST_BATCHES_MS, undefined, { ref: false })])
    await Promise.all([filled, traces?.close(Math.max(0, flushMs - LAST_BATCHES_MS))])
    await standardOutput.close(flushMs)
  }
}

export type Pipeline = Awaited<ReturnType<typeof openPipeline>>
