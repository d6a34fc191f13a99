import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { runningProcesses, splitArgs } from './proc.ts'

const HANGUP_BIT = 1n

/**
 * Processes of this host that call themselves `qtap` and take the hang-up signal as a wish to read their
 * configuration again; `ownPid` is not among them.
 */
export function runningAgents(ownPid: number): number[] {
  return runningProcesses().filter((pid) => pid !== ownPid && isAgent(pid))
}

/** A process that does not catch the signal would die of it, whatever it is called. */
function isAgent(pid: number): boolean {
  try {
    const [name = ''] = splitArgs(readFileSync(`/proc/${pid}/cmdline`))
    if (!basename(name).includes('qtap')) return false
    const [, caught = '0'] =
      /^SigCgt:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return (BigInt(`0x${caught}`) & HANGUP_BIT) !== 0n
  } catch {
    return false
  }
}
