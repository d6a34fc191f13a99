import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { cgroupFactsFromFile } from './container-id.ts'
import { pickEnvironment } from './environment.ts'

/** What `/proc` says of a process while it lives. */
export interface ProcessFacts {
  readonly pid: number
  readonly parentPid: number
  /** Nanoseconds since boot, to the hundredth of a second that `/proc` gives. */
  readonly startedAt: number
  readonly exe: string
  readonly args: readonly string[]
  readonly userId: number
  readonly hostname: string
  /** Only the variables that were wanted. */
  readonly environment: Readonly<Record<string, string>>
  readonly containerId: string
  readonly podUid: string
}

/** Where process facts come from: the machine's `/proc`, or a recording. */
export interface ProcessReader {
  read(pid: number): ProcessFacts | undefined
  /** `isContained`: the users of this machine are not its users. Empty where nobody says. */
  userName(pid: number, userId: number, isContained: boolean): string
}

/** Nanoseconds of the steps in which `/proc` tells times. */
export const TICK_NS = 1e9 / 100

const ARGS_BYTES_MAX = 1024
/** As much as a program can be given by default. */
const ENVIRONMENT_BYTES_MAX = 2 << 20
const PIECE_BYTES = 32 << 10

/** Undefined for a process that is gone, or whose number became another's while it was read. */
export function readProcess(
  pid: number,
  names: ReadonlySet<string>,
  hostnameOf: (pid: number) => string,
): ProcessFacts | undefined {
  try {
    const stat = readStat(pid)
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const facts = {
      pid,
      ...stat,
      exe: readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''),
      args: splitArgs(readFileSync(`/proc/${pid}/cmdline`).subarray(0, ARGS_BYTES_MAX)),
      userId: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? -1),
      hostname: hostnameOf(pid),
      environment: pickEnvironment(readStart(`/proc/${pid}/environ`, ENVIRONMENT_BYTES_MAX), names),
      ...cgroupFactsFromFile(readFileSync(`/proc/${pid}/cgroup`, 'latin1')),
    }
    return readStat(pid).startedAt === stat.startedAt ? facts : undefined
  } catch {
    return undefined
  }
}

function readStat(pid: number): Pick<ProcessFacts, 'parentPid' | 'startedAt'> {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // Fields are counted behind the command's name, which may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { parentPid: Number(fields[1]), startedAt: Number(fields[19]) * TICK_NS }
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

/** A file whose length is not known before, or its first `bytesMax` bytes; nothing when it is refused. */
function readStart(path: string, bytesMax: number): Uint8Array {
  const pieces: Uint8Array[] = []
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    for (let length = 0; length < bytesMax; ) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES)
      const read = readSync(fd, piece)
      if (read === 0) break
      pieces.push(piece.subarray(0, read))
      length += read
    }
  } catch {
    return new Uint8Array()
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return pieces.length === 1 ? (pieces[0] ?? new Uint8Array()) : Buffer.concat(pieces)
}
