import type { Ancestor, Container, Process } from '../events.ts'
import { maskArgs } from './mask-args.ts'
import { type ProcessFacts, type ProcessReader, TICK_NS } from './proc.ts'
import { strategyOf } from './strategy.ts'
import { UNKNOWN_PROCESS } from './unknown-process.ts'

/** What a record says of a program that was just started. */
export interface Started extends Omit<ProcessFacts, 'environment'> {
  /** Undefined when the record may not hold all of it. */
  readonly environment: Readonly<Record<string, string>> | undefined
}

export interface ProcessTableOptions {
  readonly reader: ProcessReader
  /** The one object of a container, by its full id. */
  readonly containerOf: (fullId: string) => Container
  /** What is left out of a process's traffic, as bits of `SKIP`. */
  readonly skipsOf: (process: Process) => number
}

/** The table alone may change a process. */
type Kept = { -readonly [Field in keyof Process]: Process[Field] }

const PROCESSES_MAX = 65_536
const ANCESTORS_MAX = 16
/** Nanoseconds by which the rounding of large numbers may be off. */
const ROUNDING_NS = 64

/**
 * Who each process is: by its number and the time it was started, which no other process shares. Fed by the
 * kernel's records of programs started, forked and ended, in their order; a process that was there before is
 * read from `/proc` when it is first asked for. Keeps at most 65,536, oldest out first.
 */
export function processTable({ reader, containerOf, skipsOf }: ProcessTableOptions) {
  const processes = new Map<number, Kept>()
  const stats = { started: 0, readLater: 0, inherited: 0, unknown: 0, reused: 0, evicted: 0 }
  return { stats, started, forked, changedUser, ended, find, meet, known, judgeAgain }

  function started(record: Started): Process {
    stats.started += 1
    const { pid, startedAt, exe, environment } = record
    const before = processes.get(pid)
    const facts = exe === '' || environment === undefined ? readSame(pid, startedAt) : undefined
    return keep(
      { ...record, exe: exe || facts?.exe || '', environment: environment ?? facts?.environment ?? {} },
      before?.startedAt === startedAt ? before.ancestors : lineOf(record.parentPid, startedAt),
    )
  }

  /** A forked process is its parent until it starts a program of its own. */
  function forked(
    pid: number,
    startedAt: number,
    parentPid: number,
    parentStartedAt: number,
  ): Process | undefined {
    const parent = processes.get(parentPid)
    if (parent === undefined || !isSame(parent, parentStartedAt)) {
      processes.delete(pid) // A number used again: its former owner is not asked for any more.
      return undefined
    }
    stats.inherited += 1
    return add({ ...parent, pid, parentPid, startedAt, ancestors: childrenOf(parent) })
  }

  /** Known from here on; what is not known yet is read when it is asked for. */
  function changedUser(pid: number, startedAt: number, userId: number): void {
    const process = processes.get(pid)
    if (process === undefined || !isSame(process, startedAt) || process.userId === userId) return
    process.userId = userId
    process.userName = reader.userName(pid, userId, process.container !== undefined)
  }

  function ended(pid: number, startedAt: number): void {
    const process = processes.get(pid)
    if (process !== undefined && process.startedAt <= startedAt) processes.delete(pid)
  }

  function known(pid: number): Process | undefined {
    return processes.get(pid)
  }

  function find(pid: number, startedAt: number): Process {
    const process = processes.get(pid)
    if (process !== undefined && process.startedAt === startedAt) return process
    return findElsewhere(pid, startedAt, process)
  }

  /** A process that runs now, before any record names it. */
  function meet(pid: number): Process | undefined {
    const process = processes.get(pid)
    if (process !== undefined) return process
    const facts = reader.read(pid)
    if (facts === undefined) return undefined
    stats.readLater += 1
    return keep(facts, lineOf(facts.parentPid, facts.startedAt))
  }

  function findElsewhere(pid: number, startedAt: number, kept: Kept | undefined): Process {
    if (kept !== undefined && isSame(kept, startedAt)) {
      kept.startedAt = startedAt
      return kept
    }
    // Its number is another's by now, which stays in the table.
    if (kept !== undefined && kept.startedAt > startedAt) return unknown(pid, startedAt)
    if (kept !== undefined) stats.reused += 1
    const facts = readSame(pid, startedAt)
    if (facts === undefined) return add(unknown(pid, startedAt))
    stats.readLater += 1
    return keep({ ...facts, startedAt }, lineOf(facts.parentPid, startedAt))
  }

  /** What `/proc` says, unless it says it of another process with this number. */
  function readSame(pid: number, startedAt: number): ProcessFacts | undefined {
    const facts = reader.read(pid)
    return facts !== undefined && isTickOf(facts.startedAt, startedAt) ? facts : undefined
  }

  function unknown(pid: number, startedAt: number): Kept {
    stats.unknown += 1
    return { ...UNKNOWN_PROCESS, pid, startedAt }
  }

  function keep(facts: ProcessFacts, ancestors: readonly Ancestor[]): Kept {
    const { pid, parentPid, startedAt, exe, userId, hostname, environment, podUid, containerId } = facts
    const process: Kept = {
      pid,
      parentPid,
      startedAt,
      exe,
      binary: exe.slice(exe.lastIndexOf('/') + 1),
      args: maskArgs(facts.args),
      userId,
      userName: reader.userName(pid, userId, containerId !== ''),
      hostname,
      ancestors,
      environment,
      strategy: strategyOf(environment['QPOINT_STRATEGY'], exe),
      container: containerId === '' ? undefined : containerOf(containerId),
      podUid,
      skips: 0,
    }
    process.skips = skipsOf(process)
    return add(process)
  }

  function add(process: Kept): Kept {
    processes.delete(process.pid)
    processes.set(process.pid, process)
    if (processes.size > PROCESSES_MAX) {
      stats.evicted += 1
      processes.delete(processes.keys().next().value ?? -1)
    }
    return process
  }

  /** The ancestors of a process whose parent is this; those that nobody knows yet are read on the way. */
  function lineOf(parentPid: number, startedAt: number): readonly Ancestor[] {
    const unread: ProcessFacts[] = []
    let kept: Kept | undefined
    let youngest = startedAt
    for (let pid = parentPid; pid > 0 && unread.length < ANCESTORS_MAX; ) {
      kept = processes.get(pid)
      const facts = kept === undefined ? reader.read(pid) : undefined
      const found = kept ?? facts
      // A parent is older than its child: else its number is another's by now.
      if (found === undefined || found.startedAt > youngest + TICK_NS) kept = undefined
      if (facts === undefined || facts.startedAt > youngest + TICK_NS) break
      unread.push(facts)
      youngest = facts.startedAt
      pid = facts.parentPid === pid ? 0 : facts.parentPid
    }
    let line = kept === undefined ? [] : childrenOf(kept)
    for (const facts of unread.toReversed()) {
      stats.readLater += 1
      line = childrenOf(keep(facts, line))
    }
    return line
  }

  /**
   * Asks again for everyone what is to be left out, and for their environments if `anew`; those for whom the
   * answer changed are given.
   */
  function judgeAgain(anew: boolean): readonly Process[] {
    const changed: Process[] = []
    for (const process of processes.values()) {
      const facts = anew ? readSame(process.pid, process.startedAt) : undefined
      if (facts !== undefined) process.environment = { ...facts.environment, ...process.environment }
      const skips = skipsOf(process)
      if (skips === process.skips) continue
      process.skips = skips
      changed.push(process)
    }
    return changed
  }
}

export type ProcessTable = ReturnType<typeof processTable>

function childrenOf({ pid, exe, ancestors }: Kept): readonly Ancestor[] {
  return [{ pid, exe }, ...ancestors.slice(0, ANCESTORS_MAX - 1)]
}

/** What was read from `/proc` has a coarser time than what records say of the same process. */
function isSame(kept: Kept, startedAt: number): boolean {
  return (
    kept.startedAt === startedAt || (kept.startedAt % TICK_NS === 0 && isTickOf(kept.startedAt, startedAt))
  )
}

function isTickOf(tick: number, startedAt: number): boolean {
  return startedAt >= tick - ROUNDING_NS && startedAt < tick + TICK_NS + ROUNDING_NS
}
