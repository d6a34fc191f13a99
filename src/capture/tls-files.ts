import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Log } from '../base/index.ts'
import type { Kernel } from './kernel/open.ts'
import { runningProcesses } from './processes/proc.ts'
import type { FileMapped } from './records.ts'
import { createSearchedFiles, type SearchedFile } from './secret-calls/files.ts'
import { likelyFiles } from './secret-calls/likely-files.ts'
import { mappedFiles, openMappedFile } from './secret-calls/mapped-files.ts'
import { readAhead } from './secret-calls/pieces.ts'

/**
 * Searches every executable file once and attaches the secret program where it hands out TLS secrets:
 * at start those that are mapped and those that programs are likely to map, then each new one as the kernel
 * reports it.
 */
export function followTlsFiles(kernel: Kernel, log: Log) {
  const searched = createSearchedFiles()
  const attached = new Set<string>()
  const known = new Set<string>()
  const stats = { filesAttached: 0, callsAttached: 0, callsRefused: 0, filesGone: 0 }
  return { stats, searchMapped, searchLikely, search, mapped }

  function search(path: string): void {
    searchOpened(open(path), path)
  }

  /** Every file that a process has mapped executable now. */
  function searchMapped(): void {
    for (const pid of runningProcesses()) {
      for (const file of mappedFiles(pid)) {
        const identity = `${file.device} ${file.inode}`
        if (known.has(identity)) continue
        known.add(identity)
        searchOpened(openMappedFile(pid, file), file.path)
      }
    }
  }

  /**
   * Files that nobody maps yet, so that even a program that lives a few milliseconds is read from its first
   * byte.
   * Libraries at once; large executables later, read into memory before each search, until `wanted` says no.
   */
  function searchLikely(wanted: () => boolean): void {
    const likely = likelyFiles()
    // Not for…of, which would end the generator on the way out.
    for (let next = likely.next(); !next.done; next = likely.next()) {
      const { kind, path, sizeBytes } = next.value
      if (kind === 'executable') return void searchOn(path, sizeBytes)
      searchOpened(open(path), path, false)
    }
    log.debug('searched', { ...searched.stats })

    async function searchOn(path: string, sizeBytes: number): Promise<void> {
      const fd = open(path)
      if (fd !== undefined) await readAhead(fd, sizeBytes)
      if (!wanted()) return
      searchOpened(fd, path, false)
      const next = likely.next()
      if (next.done) log.debug('searched', { ...searched.stats })
      else await searchOn(next.value.path, next.value.sizeBytes)
    }
  }

  /** What the kernel reported. The process may be gone: its path then serves if it names the same file. */
  function mapped({ pid, inode, path, isProgram }: FileMapped): void {
    const fd = (isProgram ? open(`/proc/${pid}/exe`) : openMapping(pid, inode)) ?? openSame(path, inode)
    if (fd === undefined) stats.filesGone += 1
    searchOpened(fd, path)
  }

  function openMapping(pid: number, inode: number): number | undefined {
    const file = mappedFiles(pid).find((mapping) => mapping.inode === inode)
    return file && openMappedFile(pid, file)
  }

  function searchOpened(fd: number | undefined, path: string, isUsed = true): void {
    if (fd === undefined) return
    try {
      const found = searched.search(fd)
      if (found?.fresh) judge(fd, path, found, isUsed)
    } finally {
      closeSync(fd)
    }
  }

  /** Of files that nobody uses, what cannot be read is worth no warning. */
  function judge(fd: number, path: string, { key, calls }: SearchedFile, isUsed: boolean): void {
    if (calls.kind === 'none' || attached.has(key)) return
    if (calls.kind === 'not found') {
      const say = isUsed ? log.warn : log.debug
      say('TLS of this file cannot be read', { file: path, why: calls.why })
      return
    }
    attached.add(key)
    const offsets = calls.attachFunction ? [...calls.callOffsets, calls.functionOffset] : calls.callOffsets
    // The descriptor names the file itself, in whatever mount namespace its path is.
    const done = kernel.attachSecrets(calls.layout, `/proc/self/fd/${fd}`, offsets)
    stats.filesAttached += done > 0 ? 1 : 0
    stats.callsAttached += done
    stats.callsRefused += offsets.length - done
    if (done < offsets.length)
      log.warn('TLS of this file may not be read', { file: path, refused: offsets.length - done })
    else log.debug('TLS of this file is read', { file: path, calls: done })
  }
}

/** The file at this path, if it has this inode number. */
function openSame(path: string, inode: number): number | undefined {
  const fd = path === '' ? undefined : open(path)
  if (fd === undefined || fstatSync(fd).ino === inode) return fd
  closeSync(fd)
  return undefined
}

function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
}
