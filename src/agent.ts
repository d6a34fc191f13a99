import { randomInt } from 'node:crypto'
import { hostname, totalmem } from 'node:os'
import { type Clock, type Environment, type IdSeed, SILENT_METER, systemClock } from './base/index.ts'
import {
  type ContainerSockets,
  machineBootEpochMs,
  openCapture,
  type RecordingWriter,
  ringBytesFor,
  writeRecording,
} from './capture/index.ts'
import { type Config, environmentNames } from './config.ts'
import { CONNECTIONS_MAX, TLS_LIMITS } from './connections/index.ts'
import { chooseCopying } from './copying.ts'
import { EXCHANGE_LIMITS } from './exchanges/index.ts'
import { instanceId } from './instance-id.ts'
import { openPipeline, type PipelineOptions } from './pipeline.ts'
import { SPOOL_BYTES_MAX, STORE_QUEUE_BYTES_MAX } from './stores/index.ts'
import {
  type ListenAddress,
  observeConnections,
  observeContainers,
  openMetrics,
  openStatusServer,
  tracesFromEnvironment,
} from './telemetry/index.ts'

const RECORDING_BYTES_MAX = 4 * 2 ** 30
/** Of the 5 s of a stop: to read what is left in the ring buffer, then to write what is left to say. */
const DRAIN_MS_MAX = 3_000
const STOP_MS = 4_000
const FLUSH_MS_MIN = 250

export interface AgentOptions extends PipelineOptions {
  readonly objectPath: string
  /** Only what this process starts from now on is watched. */
  readonly treeOf: number | undefined
  /** Where raw records are kept as well. */
  readonly recordTo: string | undefined
  /** Where state is kept. */
  readonly dataDir: string
  /** Whether connections are traced, and where to, is read in it. */
  readonly environment: Environment
  /** Where container runtimes are asked. */
  readonly sockets: ContainerSockets
  /** Where metrics are told; undefined to measure nothing. */
  readonly listen: ListenAddress | undefined
}

export interface Agent {
  /** Searches a program's file for TLS before it starts, so that not even its first handshake is missed. */
  searchFile(path: string): void
  /**
   * Goes on with another configuration, all of it or, when it throws, nothing of it. No connection and no
   * exchange is lost by it.
   */
  reconfigure(config: Config): Promise<void>
  /** Detaches from the kernel, finishes what is open, and flushes; bounded to 5 s. */
  stop(): Promise<void>
}

/**
 * Watches this machine until it is stopped. Throws an `OperatorError` when it cannot; nothing stays attached
 * then.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, recordTo } = options
  const clock = systemClock(machineBootEpochMs())
  const ids = { machine: randomInt(1 << 24), pid: process.pid & 0xffff, counter: randomInt(1 << 24) }
  const ringBytes = ringBytesFor(totalmem())
  let recording: RecordingWriter | undefined
  const capture = openCapture({
    objectPath: options.objectPath,
    ringBytes,
    tap: options.config.tap,
    environmentNames: environmentNames(options.config),
    sockets: options.sockets,
    treeOf: options.treeOf,
    openRecordTap:
      recordTo === undefined ? undefined : () => (recording = openRecording(recordTo, clock, ids)),
    log,
  })
  capture.events.listen((event) => {
    if (event.kind === 'time' && event.bootEpochMs !== undefined) clock.bootEpochMs = event.bootEpochMs
  })
  const system = { hostname: hostname(), agentInstance: instanceId(options.dataDir, clock, ids, log) }
  const metrics = openMetrics()
  const meter = options.listen === undefined ? SILENT_METER : metrics.meter
  const traces = await tracesFromEnvironment({ ...options, hostname: system.hostname, clock })
  const pipeline = await openPipeline(capture.events, { ...options, clock, ids, meter, system, traces })
  if (options.listen !== undefined) {
    observeConnections(pipeline.streams, meter)
    observeContainers(capture.containers, meter)
  }
  const leftAlone = traces === undefined ? 'ignore' : 'heads'
  chooseCopying(capture, pipeline.streams, pipeline.decoded, pipeline.isWatched, leftAlone)
  capture.start()
  const { filesAttached, namespacesMissed } = capture.stats()
  log.info('limits', {
    ring_buffer_bytes: ringBytes,
    connections: CONNECTIONS_MAX,
    body_bytes: options.bodyBytesMax,
    bodies_bytes: EXCHANGE_LIMITS.bodiesTotalBytesMax,
    tls_held_bytes: TLS_LIMITS.heldBytesTotalMax,
    store_queue_bytes: STORE_QUEUE_BYTES_MAX,
    spool_bytes: SPOOL_BYTES_MAX,
  })
  log.info('watching', { tls_files: filesAttached, network_namespaces_missed: namespacesMissed })
  let isReady = true
  const status =
    options.listen && openStatusServer({ listen: options.listen, metrics, isReady: () => isReady, log })
  metrics.readStages(() => ({ ...counted(), telemetry: status?.stats ?? {} }))
  return { searchFile: capture.searchFile, reconfigure, stop }

  async function reconfigure(config: Config): Promise<void> {
    const { drained } = await pipeline.reconfigure(config)
    capture.reconfigure(config.tap, environmentNames(config))
    await drained
  }

  function counted() {
    return { capture: { ...capture.stats(), ...capture.counters() }, ...pipeline.stats() }
  }

  async function stop(): Promise<void> {
    isReady = false
    const startedMs = clock.elapsedMs()
    const spentMs = () => clock.elapsedMs() - startedMs
    const isRead = capture.stop(() => spentMs() < DRAIN_MS_MAX)
    if (!isRead) log.warn('the end of what was captured is missing: reading it took too long')
    await pipeline.close(Math.max(FLUSH_MS_MIN, STOP_MS - spentMs()))
    recording?.close()
    if (recording && recording.stats.recordsDropped > 0)
      log.warn('the recording is not complete', { records_dropped: recording.stats.recordsDropped })
    await status?.close()
    const { capture: counters, ...stages } = counted()
    log.debug('counted', { capture: counters, ...stages })
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
      exchanges: stages.outputs['exchanges'],
      records_lost: counters.recordsLost,
    })
  }
}

function openRecording(path: string, clock: Clock, ids: IdSeed): RecordingWriter {
  return writeRecording(
    path,
    { bootEpochMs: clock.bootEpochMs, ids, hostname: hostname() },
    RECORDING_BYTES_MAX,
  )
}
