import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { hostname } from 'node:os'

const FILES_MAX = 256
const NAME_CHARACTERS_MAX = 253

/**
 * What a running process's machine is called: this one, or its container by the file that the process itself
 * would read. Files are kept by device and inode, at most 256, oldest out first.
 */
export function openHostnames(): (pid: number) => string {
  const files = new Map<string, string>()
  const own = machineName('self')
  return hostnameOf

  function hostnameOf(pid: number): string {
    const machine = machineName(String(pid))
    if (machine === '' || machine === own) return hostname()
    return nameIn(`/proc/${pid}/root/etc/hostname`)
  }

  function nameIn(path: string): string {
    try {
      const { dev, ino, mtimeMs, size } = statSync(path)
      const identity = `${dev}:${ino}:${mtimeMs}`
      const known = files.get(identity)
      if (known !== undefined || size > 4 * NAME_CHARACTERS_MAX) return known ?? ''
      const name = readFileSync(path, 'utf8').trim().slice(0, NAME_CHARACTERS_MAX)
      files.set(identity, name)
      if (files.size > FILES_MAX) files.delete(files.keys().next().value ?? '')
      return name
    } catch {
      return ''
    }
  }
}

/** Of the namespace that has the name of the machine; empty when it cannot be told. */
function machineName(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/uts`)
  } catch {
    return ''
  }
}
