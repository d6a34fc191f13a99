import { readFileSync, statSync } from 'node:fs'

const FILES_MAX = 256
const FILE_BYTES_MAX = 1 << 20

/**
 * Names of users by the password file that the process itself would read: a container has its own.
 * Files are kept by device and inode, at most 256, oldest out first.
 */
export function openUsers(): (pid: number, userId: number) => string {
  const files = new Map<string, ReadonlyMap<number, string>>()
  return userName

  function userName(pid: number, userId: number): string {
    return (namesOf(`/proc/${pid}/root/etc/passwd`) ?? namesOf('/etc/passwd'))?.get(userId) ?? ''
  }

  function namesOf(path: string): ReadonlyMap<number, string> | undefined {
    try {
      const { dev, ino, mtimeMs, size } = statSync(path)
      const identity = `${dev}:${ino}:${mtimeMs}`
      const known = files.get(identity)
      if (known || size > FILE_BYTES_MAX) return known
      const names = parsePasswd(readFileSync(path, 'utf8'))
      files.set(identity, names)
      if (files.size > FILES_MAX) files.delete(files.keys().next().value ?? '')
      return names
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
