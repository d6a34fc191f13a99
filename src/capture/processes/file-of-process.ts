import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'

/** Of each kind of file, by device, inode and time; oldest out first. */
const FILES_MAX = 256

/**
 * Reads a small file as the process sees it that a path under `/proc/PID/root` names, and remembers what was
 * made of it. Undefined where there is none.
 * Whoever starts a process may have made its file system: a pipe would never end, and an absolute link is one
 * into our own file system. Only a regular file in a folder that is no link is read, and no more than
 * `bytesMax` of it.
 */
export function fileOfProcess<Made>(
  bytesMax: number,
  make: (text: string) => Made,
): (folder: string, name: string) => Made | undefined {
  const files = new Map<string, Made>()
  return read

  function read(folder: string, name: string): Made | undefined {
    let descriptor: number | undefined
    try {
      const path = `${folder}/${name}`
      const { dev, ino, mtimeMs } = lstatSync(path)
      const identity = `${dev}:${ino}:${mtimeMs}`
      if (!lstatSync(folder).isDirectory()) return undefined
      const known = files.get(identity)
      if (known !== undefined) return known
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      const stats = fstatSync(descriptor)
      if (!stats.isFile() || stats.ino !== ino || stats.size > bytesMax) return undefined
      const bytes = Buffer.alloc(stats.size)
      const made = make(bytes.toString('utf8', 0, readSync(descriptor, bytes)))
      files.set(identity, made)
      if (files.size > FILES_MAX) files.delete(files.keys().next().value ?? '')
      return made
    } catch {
      return undefined
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }
}
