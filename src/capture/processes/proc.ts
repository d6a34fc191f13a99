import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { containerIdFromCgroupFile } from './container-id.ts'

/** What `/proc` says of a process while it lives. */
export interface ProcessFacts {
  readonly pid: number
  readonly parentPid: number
  /** Nanoseconds since boot, to the hundredth of a second that `/proc` gives. */
  readonly startedAt: number
  readonly exe: string
  readonly args: readonly string[]
  readonly userId: number
  readonly containerId: string
}

/** Where process facts come from: the machine's `/proc`, or a recording. */
export interface ProcessReader {
  read(pid: number): ProcessFacts | undefined
  userName(pid: number, userId: number): string
}

const TICKS_PER_SECOND = 100
const ARGS_BYTES_MAX = 1024

export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Fields are counted behind the command's name, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      pid,
      parentPid: Number(fields[1]),
      startedAt: Number(fields[19]) * (1e9 / TICKS_PER_SECOND),
      exe: readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''),
      args: splitArgs(readFileSync(`/proc/${pid}/cmdline`).subarray(0, ARGS_BYTES_MAX)),
      userId: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? -1),
      containerId: containerIdFromCgroupFile(readFileSync(`/proc/${pid}/cgroup`, 'latin1')),
    }
  } catch {
    return undefined
  }
}

/** Arguments as the kernel keeps them: each ended by a NUL. */
export function splitArgs(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  const args = text.split('\0')
  if (args.at(-1) === '') args.pop()
  return args
}

/** Process ids that exist now. */
export function runningProcesses(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^[0-9]+$/.test(name) ? [Number(name)] : []))
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // Kernel threads have none.
  }
}
