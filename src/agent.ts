import { randomInt } from 'node:crypto'
import { totalmem } from 'node:os'
import {
  type Clock,
  createIds,
  type IdSeed,
  type LineWriter,
  type Log,
  type Source,
  systemClock,
} from './base/index.ts'
import {
  type CaptureEvent,
  machineBootNs,
  openCapture,
  type RecordingWriter,
  ringBytesFor,
  writeRecording,
} from './capture/index.ts'
import type { Config } from './config.ts'
import {
  CONNECTIONS_MAX,
  followConnections,
  openTlsSessions,
  reportUnreadable,
  TLS_LIMITS,
} from './connections/index.ts'
import { chooseCopying } from './copying.ts'
import { decode, reportUndecoded } from './decoders/index.ts'
import { EXCHANGE_LIMITS, pairExchanges } from './exchanges/index.ts'
import { type PluginConfig, runPlugins, type Terminal } from './plugins/index.ts'
import { fillStores, openStores } from './stores/index.ts'

const RECORDING_BYTES_MAX = 4 * 2 ** 30
/** Of the 5 s of a stop: to read what is left in the ring buffer, then to write what is left to say. */
const DRAIN_MS_MAX = 3_000
const STOP_MS = 4_000
const FLUSH_MS_MIN = 250

export interface PipelineOptions {
  readonly config: Config
  /** Most bytes of one body that are kept. */
  readonly bodyBytesMax: number
  readonly standardOutput: LineWriter
  readonly terminal: Terminal
  readonly log: Log
}

export interface AgentOptions extends PipelineOptions {
  readonly objectPath: string
  /** Only what this process starts from now on is watched. */
  readonly treeOf: number | undefined
  /** Where raw records are kept as well. */
  readonly recordTo: string | undefined
}

export interface Agent {
  /** Searches a program's file for TLS before it starts, so that not even its first handshake is missed. */
  searchFile(path: string): void
  /** Detaches from the kernel, finishes what is open, and flushes; bounded to 5 s. */
  stop(): Promise<void>
}

/**
 * The program on one screen: events of the kernel or of a recording → streams → messages → exchanges →
 * outputs → stores.
 */
export async function openPipeline(
  captured: Source<CaptureEvent>,
  options: PipelineOptions & { readonly clock: Clock; readonly ids: IdSeed },
) {
  const { config, clock, log, bodyBytesMax, standardOutput } = options
  const { bootEpochMs } = clock
  const nextId = createIds(options.ids)
  const stack = stackOf(config, log)
  const stores = await openStores(config.services, options)

  const tls = openTlsSessions(TLS_LIMITS)
  const streams = followConnections(captured, { nextId, bootEpochMs, tls, connectionsMax: CONNECTIONS_MAX })
  const unreadable = reportUnreadable(streams, log)
  const decoded = decode(streams)
  reportUndecoded(decoded, log)
  const limits = { ...EXCHANGE_LIMITS, bodyBytesMax }
  const exchanges = pairExchanges(decoded, { ...limits, nextId, bootEpochMs, time: streams.time })
  const outputs = runPlugins(exchanges, stack, { ...options, warn: (message) => log.warn(message) })
  exchanges.wantBodies(outputs.wantsBodies)
  if (!outputs.wantsBodies) streams.passOver(decoded.contentAhead)
  const filling = fillStores(outputs, stores, options)
  return { streams, decoded, watched: stack.length > 0, stats, close }

  function stats() {
    return {
      connections: streams.stats,
      tls: { ...tls.stats, unreadable: unreadable.stats },
      messages: decoded.stats,
      exchanges: exchanges.stats,
      outputs: outputs.stats,
      stores: filling.stats,
    }
  }

  /** Gives the reader of standard output so long to take what is still to be written. */
  async function close(flushMs: number): Promise<void> {
    streams.close()
    await filling.close()
    await standardOutput.close(flushMs)
  }
}

/** The plugins that see HTTP exchanges; none when no stack is named. */
function stackOf({ stacks, tap }: Config, log: Log): readonly PluginConfig[] {
  const name = tap.httpStack
  if (name === undefined || name === '' || name === 'none') return []
  const stack = stacks[name]
  if (stack === undefined) log.error('stack not found', { stack: name, known: Object.keys(stacks) })
  return stack ?? []
}

/**
 * Watches this machine until it is stopped. Throws an `OperatorError` when it cannot; nothing stays attached
 * then.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, recordTo } = options
  const clock = systemClock(machineBootNs())
  const ids = { machine: randomInt(1 << 24), pid: process.pid & 0xffff, counter: randomInt(1 << 24) }
  const ringBytes = ringBytesFor(totalmem())
  let recording: RecordingWriter | undefined
  const capture = openCapture({
    objectPath: options.objectPath,
    ringBytes,
    tap: options.config.tap,
    treeOf: options.treeOf,
    openRecordTap:
      recordTo === undefined ? undefined : () => (recording = openRecording(recordTo, clock, ids)),
    log,
  })
  const pipeline = await openPipeline(capture.events, { ...options, clock, ids })
  chooseCopying(capture, pipeline.streams, pipeline.decoded, pipeline.watched)
  capture.start()
  const { filesAttached, namespacesMissed } = capture.stats()
  log.info('limits', {
    ring_buffer_bytes: ringBytes,
    connections: CONNECTIONS_MAX,
    body_bytes: options.bodyBytesMax,
    bodies_bytes: EXCHANGE_LIMITS.bodiesTotalBytesMax,
    tls_held_bytes: TLS_LIMITS.heldBytesTotalMax,
  })
  log.info('watching', { tls_files: filesAttached, network_namespaces_missed: namespacesMissed })
  return { searchFile: capture.searchFile, stop }

  async function stop(): Promise<void> {
    const startedMs = clock.elapsedMs()
    const spentMs = () => clock.elapsedMs() - startedMs
    const isRead = capture.stop(() => spentMs() < DRAIN_MS_MAX)
    if (!isRead) log.warn('the end of what was captured is missing: reading it took too long')
    await pipeline.close(Math.max(FLUSH_MS_MIN, STOP_MS - spentMs()))
    recording?.close()
    if (recording && recording.stats.recordsDropped > 0)
      log.warn('the recording is not complete', { records_dropped: recording.stats.recordsDropped })
    const counters = { ...capture.stats(), ...capture.counters() }
    log.debug('counted', { capture: counters, ...pipeline.stats() })
    if (counters.recordsLost > 0)
      log.warn('records were lost: the ring buffer was full', {
        records: counters.recordsLost,
        bytes: counters.bytesLost,
      })
    if (counters.bytesLeftOut > 0)
      log.warn('long messages were left out in part: the ring buffer was filling up', {
        bytes: counters.bytesLeftOut,
      })
    capture.close()
    log.info('stopped', {
      exchanges: pipeline.stats().outputs['exchanges'],
      records_lost: counters.recordsLost,
    })
  }
}

function openRecording(path: string, clock: Clock, ids: IdSeed): RecordingWriter {
  return writeRecording(path, { bootEpochMs: clock.bootEpochMs, ids }, RECORDING_BYTES_MAX)
}
