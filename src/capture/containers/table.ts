import type { Clock, Stats } from '../../base/index.ts'
import type { Container, ContainerFacts, ContainerLife } from '../events.ts'
import { mergeSayings, type Runtime, type Sayings } from './facts.ts'

export const RUNTIMES: readonly Runtime[] = ['docker', 'containerd', 'cri']
const BIT: Readonly<Record<Runtime, number>> = { docker: 1, containerd: 2, cri: 4 }

const CONTAINERS_MAX = 10_000
const GONE_MAX = 1_000
const SWEEP_MS = 250
/** How often one container that nobody knew is asked about again, when another process appears in it. */
const ASK_AGAIN_MS = 10_000

export interface TableLimits {
  /** How long a container may be `pending`. */
  readonly pendingMs: number
  /** How long one that is gone is still known: its last records may be under way. */
  readonly forgetAfterMs: number
}

export interface TableOptions {
  readonly clock: Clock
  readonly limits: TableLimits
  /** Nobody is asked: a container is pending until `learnt` says more. */
  readonly replay: boolean
  readonly onLearnt: (fullId: string, facts: ContainerFacts | undefined) => void
  readonly onForgotten: (count: number) => void
  readonly onLife?: (life: ContainerLife) => void
  /** The runtime can answer, or is being connected to. */
  readonly reachable: (runtime: Runtime) => boolean
  readonly ask: (runtime: Runtime, fullId: string) => void
}

interface Entry {
  readonly container: Container
  readonly told: Sayings
  /** Bits of the runtimes that have not answered yet. */
  waiting: number
  askedAt: number
  /** A process was seen in it. */
  wanted: boolean
  /** `onLearnt` knows of its present state. */
  reported: boolean
  goneAt: number | undefined
  /** A runtime said so by itself, and nobody that it is gone; its begin is known when it was told of. */
  runs: boolean
  startedAt: number | undefined
  /** `onLife` told that it runs, and how often it did. */
  isAlive: boolean
  lives: number
}

/**
 * The containers of this host, one object each, and what their runtimes say of them. Keeps at most 10,000,
 * those that are gone out first, then the oldest.
 */
export function containerTable(options: TableOptions) {
  const { clock, limits } = options
  const entries = new Map<string, Entry>()
  let waiting: Entry[] = []
  let gone: Entry[] = []
  let timer: NodeJS.Timeout | undefined
  const stats = {
    containers: 0,
    containersAsked: 0,
    containersLearnt: 0,
    containersUnknown: 0,
    containersTimedOut: 0,
    containersForgotten: 0,
    containersEvicted: 0,
  } satisfies Stats
  return { stats, of, learnt, told, answered, awaits, ended, listed, close }

  function of(fullId: string): Container {
    const entry = entries.get(fullId) ?? add(fullId)
    if (options.replay) return entry.container
    if (!entry.wanted) {
      entry.wanted = true
      entry.container.state = 'pending'
      askMissing(entry)
      settle(entry)
    } else if (entry.container.state === 'unknown' && clock.elapsedMs() - entry.askedAt > ASK_AGAIN_MS) {
      askMissing(entry)
    }
    return entry.container
  }

  /** What a recording says. */
  function learnt(fullId: string, facts: ContainerFacts | undefined): void {
    give(entries.get(fullId) ?? add(fullId), facts)
  }

  /** A runtime said so by itself: the container is there, and `wasThere` before anybody listened. */
  function told(runtime: Runtime, fullId: string, facts: ContainerFacts, wasThere = false): void {
    const entry = entries.get(fullId) ?? add(fullId)
    entry.goneAt = undefined
    if (!entry.runs) entry.startedAt = wasThere ? undefined : clock.elapsedMs()
    entry.runs = true
    hear(entry, runtime, facts)
  }

  /** A runtime that was asked knows this, or does not know the container. */
  function answered(runtime: Runtime, fullId: string, facts: ContainerFacts | undefined): void {
    const entry = entries.get(fullId)
    if (!entry) return
    entry.waiting &= ~BIT[runtime]
    if (facts) hear(entry, runtime, facts)
    else settle(entry)
  }

  function awaits(runtime: Runtime, fullId: string): boolean {
    return ((entries.get(fullId)?.waiting ?? 0) & BIT[runtime]) !== 0
  }

  function ended(runtime: Runtime, fullId: string): void {
    const entry = entries.get(fullId)
    if (entry?.told[runtime]) leave(entry)
  }

  /** Those that a runtime knew before and does not list any more are gone. */
  function listed(runtime: Runtime, fullIds: ReadonlySet<string>): void {
    for (const [fullId, entry] of entries) if (entry.told[runtime] && !fullIds.has(fullId)) leave(entry)
  }

  function close(): void {
    clearTimeout(timer)
    timer = undefined
    for (const entry of entries.values()) entry.waiting = 0
    waiting = []
  }

  function add(fullId: string): Entry {
    if (entries.size >= CONTAINERS_MAX) evict()
    const container: Container = { fullId, id: fullId.slice(0, 12), state: 'pending', facts: undefined }
    const entry: Entry = {
      container,
      told: {},
      waiting: 0,
      askedAt: 0,
      wanted: false,
      reported: false,
      goneAt: undefined,
      runs: false,
      startedAt: undefined,
      isAlive: false,
      lives: 0,
    }
    entries.set(fullId, entry)
    stats.containers = entries.size
    return entry
  }

  function hear(entry: Entry, runtime: Runtime, facts: ContainerFacts): void {
    entry.told[runtime] = facts
    entry.waiting &= ~BIT[runtime]
    // Only Kubernetes' own runtime service knows a pod's labels, and it may not have known the container yet.
    if (facts.pod && !entry.told.cri && options.reachable('cri')) ask(entry, ['cri'])
    settle(entry)
  }

  function askMissing(entry: Entry): void {
    if (isEnough(entry.told)) return
    ask(
      entry,
      RUNTIMES.filter((runtime) => !entry.told[runtime] && options.reachable(runtime)),
    )
  }

  function ask(entry: Entry, runtimes: readonly Runtime[]): void {
    entry.askedAt = clock.elapsedMs()
    if (runtimes.length === 0) return
    for (const runtime of runtimes) entry.waiting |= BIT[runtime]
    waiting.push(entry)
    stats.containersAsked += runtimes.length
    for (const runtime of runtimes) options.ask(runtime, entry.container.fullId)
    sweepLater()
  }

  function settle(entry: Entry): void {
    const { container } = entry
    if (container.state === 'pending' && entry.waiting !== 0 && !isEnough(entry.told)) return
    give(entry, mergeSayings(entry.told))
  }

  function give(entry: Entry, facts: ContainerFacts | undefined): void {
    const { container } = entry
    const state = facts ? 'known' : 'unknown'
    const isNews = state !== container.state || !isSame(container.facts, facts)
    if (isNews) {
      container.facts = facts
      container.state = state
    }
    if (facts && entry.runs) begin(entry)
    if (!entry.wanted || (entry.reported && !isNews)) return
    entry.reported = true
    if (facts) stats.containersLearnt += 1
    else stats.containersUnknown += 1
    options.onLearnt(container.fullId, facts)
  }

  function begin(entry: Entry): void {
    if (entry.isAlive) return
    entry.isAlive = true
    entry.lives += 1
    const kind = entry.lives === 1 ? 'opened' : 'restarted'
    options.onLife?.({ kind, container: entry.container, ranMs: undefined })
  }

  function end(entry: Entry): void {
    entry.runs = false
    if (!entry.isAlive) return
    entry.isAlive = false
    const { startedAt, container } = entry
    const ranMs = startedAt === undefined ? undefined : clock.elapsedMs() - startedAt
    options.onLife?.({ kind: 'closed', container, ranMs })
  }

  function leave(entry: Entry): void {
    end(entry)
    if (entry.goneAt !== undefined) return
    entry.goneAt = clock.elapsedMs()
    gone.push(entry)
    sweepLater()
  }

  function sweepLater(): void {
    timer ??= setTimeout(sweep, SWEEP_MS).unref()
  }

  function sweep(): void {
    timer = undefined
    const now = clock.elapsedMs()
    const late = waiting.filter((entry) => now - entry.askedAt >= limits.pendingMs)
    waiting = waiting.filter((entry) => entry.waiting !== 0 && now - entry.askedAt < limits.pendingMs)
    for (const entry of late) giveUp(entry)
    forget(now)
    if (waiting.length > 0 || gone.length > 0) sweepLater()
  }

  function giveUp(entry: Entry): void {
    if (entry.waiting === 0) return
    entry.waiting = 0
    stats.containersTimedOut += 1
    settle(entry)
  }

  function forget(now: number): void {
    const stays = gone.filter((entry) => entry.goneAt !== undefined && isKept(entry))
    const surplus = Math.max(0, stays.length - GONE_MAX)
    const leaving = stays.filter(
      (entry, index) => index < surplus || now - (entry.goneAt ?? now) >= limits.forgetAfterMs,
    )
    for (const entry of leaving) remove(entry)
    gone = stays.filter(isKept)
    stats.containersForgotten += leaving.length
    if (leaving.length > 0) options.onForgotten(leaving.length)
  }

  function isKept(entry: Entry): boolean {
    return entries.get(entry.container.fullId) === entry
  }

  function evict(): void {
    stats.containersEvicted += 1
    const first = gone.find((entry) => entry.goneAt !== undefined && isKept(entry))
    const oldest = first ?? entries.values().next().value
    if (oldest) remove(oldest)
  }

  function remove(entry: Entry): void {
    end(entry)
    entries.delete(entry.container.fullId)
    entry.waiting = 0
    stats.containers = entries.size
  }
}

export type ContainerTable = ReturnType<typeof containerTable>

/** Nobody else could say more. */
function isEnough({ docker, cri }: Sayings): boolean {
  return cri !== undefined || (docker !== undefined && docker.pod === undefined)
}

function isSame(one: ContainerFacts | undefined, other: ContainerFacts | undefined): boolean {
  return (
    one === other ||
    (one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other))
  )
}
