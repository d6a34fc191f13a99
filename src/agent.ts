import { randomInt } from 'node:crypto'
import { hostname, totalmem } from 'node:os'
import { type Clock, type IdSeed, systemClock } from './base/index.ts'
import {
  type ContainerSockets,
  machineBootNs,
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
  /** Where container runtimes are asked. */
  readonly sockets: ContainerSockets
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
  const clock = systemClock(machineBootNs())
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
  const system = { hostname: hostname(), agentInstance: instanceId(options.dataDir, clock, ids, log) }
  const pipeline = await openPipeline(capture.events, { ...options, clock, ids, system })
  chooseCopying(capture, pipeline.streams, pipeline.decoded, pipeline.isWatched)
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
  return { searchFile: capture.searchFile, reconfigure, stop }

  async function reconfigure(config: Config): Promise<void> {
    const { drained } = await pipeline.reconfigure(config)
    capture.reconfigure(config.tap, environmentNames(config))
    await drained
  }

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
  return writeRecording(
    path,
    { bootEpochMs: clock.bootEpochMs, ids, hostname: hostname() },
    RECORDING_BYTES_MAX,
  )
}
