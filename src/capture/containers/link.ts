import { statSync } from 'node:fs'
import type { Clock, Log } from '../../base/index.ts'
import type { ContainerFacts } from '../events.ts'
import type { Runtime } from './facts.ts'
import { type Connect, type Hearing, NotOffered, type Session } from './session.ts'
import type { ContainerTable } from './table.ts'

const ASKS_MAX = 10_000
const ASKS_AT_ONCE = 8
const LISTED_MAX = 10_000
const RETRY_MS = 250
const RETRY_MAX_MS = 30_000
/** The same socket may be answered by a newer program some time. */
const RETRY_NOT_OFFERED_MS = 600_000

/** Of all links together. */
export interface LinkStats {
  runtimeConnections: number
  runtimeCallsFailed: number
  runtimeAsksDropped: number
  containerLabelsLeftOut: number
  runtimeMessagesRefused: number
}

export interface LinkOptions {
  readonly runtime: Runtime
  /** What its connection is called in the log. */
  readonly title: string
  /** Of UNIX sockets; the first that answers is used. */
  readonly paths: readonly string[]
  readonly connect: Connect
  readonly table: ContainerTable
  readonly stats: LinkStats
  readonly log: Log
  readonly clock: Clock
  /** How often a socket that is missing is looked for. */
  readonly lookMs: number
}

interface Ask {
  readonly hint: string
  /** The runtime itself said that there is something new. */
  readonly isNews: boolean
}

/**
 * Stays connected to one runtime: looks for its socket, tries again with growing pauses, and asks it what
 * the table wants to know, eight questions at once.
 */
export function openLink(options: LinkOptions) {
  const { runtime, title, paths, table, stats, log, clock } = options
  const asks = new Map<string, Ask>()
  /** Containers that the runtime spoke of by itself while it makes its list. */
  const heard = new Set<string>()
  let state: 'absent' | 'connecting' | 'connected' = 'absent'
  let session: Session | undefined
  let isListed = false
  let underWay = 0
  let failures = 0
  let seen = ''
  let nextTryAt = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const hearing: Hearing = { told: hear, changed, ended, counter: stats }
  look()
  return { runtime, reachable: () => state !== 'absent', ask, close }

  function ask(fullId: string): void {
    if (state === 'absent') table.answered(runtime, fullId, undefined)
    else enqueue(fullId, { hint: '', isNews: false })
  }

  function close(): void {
    isClosed = true
    clearTimeout(timer)
    lose()
  }

  /** Without a socket there is nothing to do but to look again; a new one is tried at once. */
  function look(): void {
    const there = paths.filter((path) => socketAt(path) !== '')
    const seenNow = there.map(socketAt).join(' ')
    if (seenNow !== seen) failures = 0
    seen = seenNow
    if (there.length === 0) {
      if (failures === 0) log.debug(`no ${title} here`, { paths })
      failures += 1
      state = 'absent'
      lookLater(pauseMs())
    } else if (failures > 0 && clock.elapsedMs() < nextTryAt) {
      lookLater(nextTryAt - clock.elapsedMs())
    } else {
      if (failures === 0) state = 'connecting'
      tryAll(there).then(follow, failed)
    }
  }

  function lookLater(afterMs: number): void {
    if (!isClosed) timer = setTimeout(look, Math.min(afterMs, options.lookMs)).unref()
  }

  function pauseMs(): number {
    return Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 10), RETRY_MAX_MS)
  }

  async function tryAll(there: readonly string[]): Promise<Session> {
    let reason: unknown
    for (const path of there) {
      try {
        const opened = await options.connect(path, hearing)
        log.info(`connected to ${title}`, { path })
        return opened
      } catch (error) {
        reason = error
        if (failures === 0) log.debug(`no ${title} here`, { path, error: messageOf(error) })
      }
    }
    throw reason
  }

  function failed(reason?: unknown): void {
    lose()
    failures += 1
    const waitMs = reason instanceof NotOffered ? RETRY_NOT_OFFERED_MS : pauseMs()
    nextTryAt = clock.elapsedMs() + waitMs
    lookLater(waitMs)
  }

  async function follow(opened: Session): Promise<void> {
    if (isClosed) return opened.close()
    session = opened
    state = 'connected'
    stats.runtimeConnections += 1
    const hungUp = opened.over.then(() => isClosed || log.debug(`${title} hung up`))
    try {
      await Promise.race([takeList(opened), opened.over])
      failures = 0
    } catch (error) {
      stats.runtimeCallsFailed += 1
      log.debug(`${title} gives no list`, { error: messageOf(error) })
    }
    isListed = true
    drain()
    await hungUp
    if (!isClosed) failed()
  }

  /** What is told meanwhile may be newer than the list. */
  async function takeList(opened: Session): Promise<void> {
    heard.clear()
    const list = await opened.list()
    if (session !== opened) return
    const ids = new Set(heard)
    for (const [fullId, facts] of list) {
      if (ids.size >= LISTED_MAX) break
      if (!heard.has(fullId)) table.told(runtime, fullId, facts, true)
      ids.add(fullId)
    }
    heard.clear()
    if (list.size < LISTED_MAX) table.listed(runtime, ids)
  }

  function hear(fullId: string, facts: ContainerFacts): void {
    note(fullId)
    table.told(runtime, fullId, facts)
  }

  function ended(fullId: string): void {
    note(fullId)
    table.ended(runtime, fullId)
  }

  function note(fullId: string): void {
    if (!isListed && heard.size < LISTED_MAX) heard.add(fullId)
  }

  function changed(fullId: string, hint: string): void {
    enqueue(fullId, { hint, isNews: true })
  }

  function enqueue(fullId: string, wanted: Ask): void {
    const before = asks.get(fullId)
    if (before === undefined && asks.size >= ASKS_MAX) {
      stats.runtimeAsksDropped += 1
      table.answered(runtime, fullId, undefined)
      return
    }
    if (!before?.isNews) asks.set(fullId, wanted)
    drain()
  }

  function drain(): void {
    while (session && isListed && underWay < ASKS_AT_ONCE) {
      const [next] = asks
      if (!next) return
      const [fullId, { hint, isNews }] = next
      asks.delete(fullId)
      if (isNews || table.awaits(runtime, fullId)) put(session, fullId, hint, isNews)
    }
  }

  function put(asked: Session, fullId: string, hint: string, isNews: boolean): void {
    underWay += 1
    asked.ask(fullId, hint).then(
      (facts) => {
        if (facts && isNews && session === asked) hear(fullId, facts)
        else table.answered(runtime, fullId, facts)
        goOn()
      },
      () => {
        stats.runtimeCallsFailed += 1
        table.answered(runtime, fullId, undefined)
        goOn()
      },
    )
  }

  function goOn(): void {
    underWay -= 1
    drain()
  }

  function lose(): void {
    state = 'absent'
    isListed = false
    session?.close()
    session = undefined
    const unanswered = [...asks.keys()]
    asks.clear()
    for (const fullId of unanswered) table.answered(runtime, fullId, undefined)
  }
}

export type Link = ReturnType<typeof openLink>

/** Which socket is at a path: another number after its runtime was started again; empty for none. */
function socketAt(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isSocket() ? `${path}:${found.ino}:${found.ctimeMs}` : ''
  } catch {
    return ''
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
