import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileOfProcess } from './file-of-process.ts'
import type { ProcessReader } from './proc.ts'

const FILE_BYTES_MAX = 1 << 20

/**
 * Names of users by the password file that the process itself would read. That of this machine stands in for
 * it when the process is gone, but not for one of a container, which has users of its own.
 */
export function openUsers(): ProcessReader['userName'] {
  const namesIn = fileOfProcess(FILE_BYTES_MAX, parsePasswd)
  return userName

  function userName(pid: number, userId: number, isContained: boolean): string {
    const names = namesIn(`/proc/${pid}/root/etc`, 'passwd') ?? (isContained ? undefined : namesHere())
    return names?.get(userId) ?? ''
  }

  function namesHere(): ReadonlyMap<number, string> | undefined {
    try {
      const path = realpathSync('/etc/passwd')
      return namesIn(dirname(path), basename(path))
    } catch {
      return undefined
    }
  }
}

/** `name:password:uid:…` a line; the first line of a number wins, as in the C library. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , userId] = line.split(':')
    if (name && userId && /^[0-9]+$/.test(userId) && !names.has(Number(userId)))
      names.set(Number(userId), name)
  }
  return names
}
