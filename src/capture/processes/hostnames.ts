import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileOfProcess } from './file-of-process.ts'

const NAME_CHARACTERS_MAX = 253

/**
 * What a running process's machine is called: this one, or its container by the file that the process itself
 * would read.
 */
export function openHostnames(): (pid: number) => string {
  const nameIn = fileOfProcess(4 * NAME_CHARACTERS_MAX, (text) => text.trim().slice(0, NAME_CHARACTERS_MAX))
  const own = machineName('self')
  return hostnameOf

  function hostnameOf(pid: number): string {
    const machine = machineName(String(pid))
    if (machine === '' || machine === own) return hostname()
    return nameIn(`/proc/${pid}/root/etc`, 'hostname') ?? ''
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
