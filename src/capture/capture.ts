import { type Emitter, type Log, type Source, source, systemClock } from '../base/index.ts'
import { type ContainerSockets, openContainers } from './containers/containers.ts'
import type { CaptureEvent, ConnectionKey, ContainerLife } from './events.ts'
import { wireWatch } from './generated/wire.ts'
import { openKernel } from './kernel/open.ts'
import type { CopyMode, KernelCounters } from './kernel/shared.ts'
import type { Tap } from './options.ts'
import { wantedEnvironment } from './processes/environment.ts'
import { openHostnames } from './processes/hostnames.ts'
import { type ProcessReader, readProcess, runningProcesses } from './processes/proc.ts'
import { processTable } from './processes/table.ts'
import { openUsers } from './processes/users.ts'
import { type RecordTap, tapReader } from './recording.ts'
import { recordReader } from './records.ts'
import { chooseSkips } from './skips.ts'
import { followTlsFiles } from './tls-files.ts'

export interface CaptureOptions {
  readonly objectPath: string
  /** Size of the ring buffer, a power of two. */
  readonly ringBytes: number
  readonly tap: Tap
  /** Variables of the watched programs' environment that are taken, besides the product's own. */
  readonly environmentNames: readonly string[]
  /** Where container runtimes are asked. */
  readonly sockets: ContainerSockets
  /** Only what this process starts from now on is watched. */
  readonly treeOf: number | undefined
  /**
   * Called once the kernel side is loaded: opens what sees every raw record and what was learnt about
   * processes.
   */
  readonly openRecordTap: (() => RecordTap) | undefined
  readonly log: Log
}

export interface Capture {
  readonly events: Source<CaptureEvent>
  /** Containers that come and go. */
  readonly containers: Source<ContainerLife>
  /** Attaches everything and begins to emit; returns when traffic is watched. */
  start(): void
  setMode(key: ConnectionKey, mode: CopyMode): void
  /**
   * Goes on with other settings. Connections that are watched stay so; those that were left out and are not
   * any more come in as joined late. Filters are applied anew to every process that runs.
   */
  reconfigure(tap: Tap, environmentNames: readonly string[]): void
  counters(): KernelCounters
  readonly stats: () => Readonly<Record<string, number>>
  /** Searches a file for TLS now: for a program that is about to start. */
  searchFile(path: string): void
  /**
   * Detaches what brings records, emits what is still in the ring while there is time, and emits no more.
   * False when it was not all read.
   */
  stop(hasTime: () => boolean): boolean
  /** Detaches the rest: to be called last, the kernel takes its time over it. */
  close(): void
}

/**
 * Records are taken in portions of this size, so that timers and sockets of the agent get their turn between.
 */
const DRAIN_BYTES_MAX = 2 << 20
/** So much in the ring buffer ends a rest before its time. */
const WAKE_BYTES = 2 << 20
/**
 * Between portions, a pause that fills 1/8 of the ring buffer at 640 MB/s: 26 ms for 128 MiB. Long ones make
 * large portions, which cost less for each record and leave the processors to the watched programs for
 * longer; but a TLS library that a program has just loaded waits so long for its probes.
 */
const PAUSE_BYTES_PER_MS = 5 << 20
const PAUSE_MS_MIN = 2
const IDLE_WAIT_MS = 20
const TIME_EVERY_NS = 1e8

/** The machine's kernel as a source of events. Throws an `OperatorError` when it cannot be watched. */
export function openCapture(options: CaptureOptions): Capture {
  const { ringBytes, treeOf, log } = options
  const kernel = openKernel(options.objectPath, ringBytes)
  const recordTap = options.openRecordTap?.()
  const stats = { drains: 0, waits: 0, drainedBytes: 0, namespacesMissed: 0, clockSet: 0 }
  const events: Emitter<CaptureEvent> = source(stats)
  const lives: Emitter<ContainerLife> = source({})
  let wanted = wantedEnvironment(options.environmentNames)
  let watch = watchBits(options.tap)
  const containers = openContainers({
    sockets: options.sockets,
    log,
    clock: systemClock(kernel.bootTime.epochMs),
    onLearnt: (container, facts) => recordTap?.learnt({ container, facts: facts ?? null }),
    onLife: lives.emit,
  })
  const hostnameOf = openHostnames()
  const machine: ProcessReader = {
    read: (pid) => readProcess(pid, wanted.names, hostnameOf),
    userName: openUsers(),
  }
  const skips = chooseSkips(kernel, options.tap.filters, log)
  const processes = processTable({
    reader: recordTap ? tapReader(machine, recordTap) : machine,
    containerOf: containers.of,
    skipsOf: skips.of,
  })
  const files = followTlsFiles(kernel, log)
  const records = recordReader({
    events,
    processes,
    wanted: () => wanted,
    onStarted: skips.started,
    onForked: skips.forked,
    onEnded: skips.ended,
    onFile: files.mapped,
    onSkipped: skips.surprised,
  })
  const onRecord = recordTap ? recordTap.around(records.read) : records.read
  const pauseMs = Math.max(PAUSE_MS_MIN, Math.round(ringBytes / PAUSE_BYTES_PER_MS))
  let running = false
  let timeAt = Number.NEGATIVE_INFINITY
  return {
    events,
    containers: lives,
    start,
    setMode: kernel.shared.setMode,
    reconfigure,
    counters: kernel.shared.counters,
    stats: allStats,
    searchFile: files.search,
    stop,
    close,
  }

  function start(): void {
    kernel.shared.set('ownProcess', process.pid)
    kernel.shared.set('wakeBytes', WAKE_BYTES)
    kernel.shared.set('scarceBytes', (ringBytes >>> 3) * 7)
    tellKernel(options.tap)
    if (treeOf !== undefined) {
      kernel.watchTree(treeOf)
      kernel.shared.set('treeOnly', 1)
    }
    files.searchMapped()
    stats.namespacesMissed = kernel.attach().namespacesMissed
    if (hasFilters(options.tap)) judgeRunning()
    running = true
    files.searchLikely(() => running)
    turn()
  }

  function reconfigure(tap: Tap, environmentNames: readonly string[]): void {
    const before = { watch, names: wanted.names }
    wanted = wantedEnvironment(environmentNames)
    watch = watchBits(tap)
    tellKernel(tap)
    const isAnew = [...wanted.names].some((name) => !before.names.has(name))
    skips.change(tap.filters)
    for (const process of processes.judgeAgain(isAnew)) skips.judged(process)
    if (hasFilters(tap)) judgeRunning()
    if ((watch & ~before.watch) !== 0) stats.namespacesMissed = kernel.backfill()
  }

  function tellKernel(tap: Tap): void {
    kernel.shared.set('watch', watch)
    kernel.shared.set('dnsSent', tap.auditIncludeDns ? 1 : 0)
    kernel.shared.setEnvironment(wanted.prefixes)
  }

  /** Processes that no record has named yet. */
  function judgeRunning(): void {
    for (const pid of runningProcesses()) {
      const process = processes.meet(pid)
      if (process !== undefined) skips.started(process)
    }
  }

  function allStats(): Readonly<Record<string, number>> {
    return {
      ...stats,
      ...records.stats,
      ...processes.stats,
      ...files.stats,
      ...containers.stats,
    }
  }

  function turn(): void {
    if (!running) return
    const now = kernel.bootNs()
    const taken = drain()
    if (now - timeAt >= TIME_EVERY_NS && kernel.ring.caughtUp()) tellTime(now)
    if (taken >= DRAIN_BYTES_MAX) {
      setImmediate(turn)
    } else if (taken > 0) {
      setTimeout(turn, pauseMs)
    } else {
      stats.waits += 1
      kernel.shared.set('readerWaits', 1)
      kernel.waitReadable(IDLE_WAIT_MS, turn)
    }
  }

  /** `at` was read before the drain, so that nothing older is still to come. */
  function tellTime(at: number): void {
    timeAt = at
    const bootEpochMs = clockWasSet()
    recordTap?.learnt({ time: at, bootEpochMs })
    events.emit({ kind: 'time', at, bootEpochMs })
  }

  /** The time of boot by the machine's clock, if that was set since the last time. */
  function clockWasSet(): number | undefined {
    const { bootTime } = kernel
    const formerMs = bootTime.epochMs
    if (!bootTime.isSet()) return undefined
    stats.clockSet += 1
    log.warn("the machine's clock was set: times are by the new one from now on", {
      by_ms: Math.round((bootTime.epochMs - formerMs) * 1e3) / 1e3,
    })
    return bootTime.epochMs
  }

  function drain(): number {
    const taken = kernel.ring.drain(onRecord, DRAIN_BYTES_MAX)
    stats.drains += 1
    stats.drainedBytes += taken
    return taken
  }

  function stop(hasTime: () => boolean): boolean {
    running = false
    kernel.detach()
    while (hasTime()) if (drain() === 0) return true
    return false
  }

  function close(): void {
    containers.close()
    kernel.close()
  }
}

function watchBits({ direction, ignoreLoopback }: Tap): number {
  const loopback = ignoreLoopback ? 0 : wireWatch.watchLoopback
  switch (direction) {
    case 'all':
      return loopback | wireWatch.watchServer | wireWatch.watchClientPublic | wireWatch.watchClientPrivate
    case 'egress':
      return loopback | wireWatch.watchClientPublic | wireWatch.watchClientPrivate
    case 'egress-external':
      return loopback | wireWatch.watchClientPublic
    case 'egress-internal':
      return loopback | wireWatch.watchClientPrivate
    case 'ingress':
      return loopback | wireWatch.watchServer
    default:
      return direction satisfies never
  }
}

function hasFilters({ filters }: Tap): boolean {
  return filters.custom.length + filters.groups.length > 0
}
