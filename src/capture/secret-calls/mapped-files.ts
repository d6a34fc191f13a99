import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { identify } from './files.ts'

/** A file that a process runs code from: its executable, a library, a module. */
export interface MappedFile {
  /** Device as the kernel writes it: `major:minor` in hexadecimal. On overlays `stat` gives another. */
  readonly device: string
  readonly inode: number
  /** As the process sees it; its mount namespace may not be ours. */
  readonly path: string
  readonly deleted: boolean
  /** First executable mapping, as `map_files` names it. */
  readonly addressRange: string
}

const DELETED = ' (deleted)'

/** Each file once. Empty if the process is gone or may not be read. `procPath` is where procfs is mounted. */
export function mappedFiles(pid: number, procPath = '/proc'): MappedFile[] {
  try {
    return parseMaps(readFileSync(`${procPath}/${pid}/maps`, 'utf8'))
  } catch {
    return []
  }
}

/** Reads the text of `/proc/PID/maps` (proc(5)): address range, permissions, offset, device, inode, path. */
export function parseMaps(text: string): MappedFile[] {
  const executable = /^([0-9a-f]+)-([0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) ([1-9]\d*) +(\/.*)$/gm
  const files = new Map<string, MappedFile>()
  for (const [, start = '', end = '', device = '', inode = '', name = ''] of text.matchAll(executable)) {
    const key = `${device} ${inode}`
    if (files.has(key)) continue
    const deleted = name.endsWith(DELETED)
    const path = (deleted ? name.slice(0, -DELETED.length) : name).replaceAll('\\012', '\n')
    // `maps` pads addresses to eight digits, `map_files` does not and refuses padded ones.
    const addressRange = `${withoutPadding(start)}-${withoutPadding(end)}`
    files.set(key, { device, inode: Number(inode), path, deleted, addressRange })
  }
  return [...files.values()]
}

/**
 * Opens a mapped file for reading; the caller closes it. By its mapping, which works for deleted files and in
 * other mount namespaces but needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, else by its path below the
 * process's root.
 * Nothing if both fail or the path holds another file by now. Attach to it as `/proc/self/fd/N`.
 */
export function openMappedFile(pid: number, file: MappedFile, procPath = '/proc'): number | undefined {
  const mapping = openRegular(`${procPath}/${pid}/map_files/${file.addressRange}`)
  if (mapping !== undefined || file.deleted) return mapping
  const fd = openRegular(`${procPath}/${pid}/root${file.path}`)
  if (fd === undefined || identify(fd)?.inode === file.inode) return fd
  closeSync(fd)
  return undefined
}

/** Opens a regular file, without waiting: what lies at a path of another process may be a pipe. */
function openRegular(path: string): number | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  if (identify(fd) !== undefined) return fd
  closeSync(fd)
  return undefined
}

function withoutPadding(address: string): string {
  return address.replace(/^0+(?=.)/, '')
}
