import type { Process } from '../events.ts'
import type { ProcessReader } from './proc.ts'

/** What a record says of a program that was just started. */
export interface Started {
  readonly pid: number
  readonly parentPid: number
  readonly startedAt: number
  readonly exe: string
  readonly args: readonly string[]
  readonly userId: number
  readonly containerId: string
}

const PROCESSES_MAX = 65_536

/**
 * Who each process is. Fed by the kernel's records of programs started, forked and ended, in their order; a
 * process that was there before is read from `/proc` when it is first asked for. Keeps at most 65,536, oldest
 * out first.
 */
export function processTable(reader: ProcessReader) {
  const processes = new Map<number, Process>()
  const stats = { started: 0, readLater: 0, inherited: 0, unknown: 0, evicted: 0 }
  return { stats, started, forked, ended, find, known }

  function started(facts: Started): Process {
    stats.started += 1
    return keep({
      ...facts,
      exe: facts.exe || reader.read(facts.pid)?.exe || '',
      userName: reader.userName(facts.pid, facts.userId),
    })
  }

  /** A forked process is its parent until it starts a program of its own. */
  function forked(pid: number, parentPid: number, startedAt: number): void {
    const parent = processes.get(parentPid)
    if (!parent) {
      processes.delete(pid) // A number used again: its former owner is not asked for any more.
      return
    }
    stats.inherited += 1
    keep({ ...parent, pid, parentPid, startedAt })
  }

  function ended(pid: number): void {
    processes.delete(pid)
  }

  function known(pid: number): Process | undefined {
    return processes.get(pid)
  }

  function find(pid: number): Process {
    const found = processes.get(pid)
    if (found) return found
    const facts = reader.read(pid)
    if (facts) stats.readLater += 1
    else stats.unknown += 1
    return keep(
      facts
        ? { ...facts, userName: reader.userName(pid, facts.userId) }
        : { pid, parentPid: -1, startedAt: -1, exe: '', args: [], userId: -1, userName: '', containerId: '' },
    )
  }

  function keep(facts: Omit<Process, 'binary'>): Process {
    const process: Process = { ...facts, binary: facts.exe.slice(facts.exe.lastIndexOf('/') + 1) }
    processes.delete(process.pid)
    processes.set(process.pid, process)
    if (processes.size > PROCESSES_MAX) {
      stats.evicted += 1
      processes.delete(processes.keys().next().value ?? -1)
    }
    return process
  }
}

export type ProcessTable = ReturnType<typeof processTable>
